//! One role for one command while no agent runs: an engine and an endpoint in the command's own process.
//!
//! Promises the same as an agent's endpoint, for one alias and one token. Writes no file. Where the role's definition, its
//! base and a session that was left come from is the command's to know.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rolecall_core::port::Clock;
use rolecall_core::rotation::Policy;
use rolecall_core::{Alias, AssumeRole, Role, Session};
use rolecall_rotator::{NotServed, Rotator, Served};

use crate::serve::connections;
use crate::serve::endpoint::counts::Counts;
use crate::serve::endpoint::{Endpoint, EndpointError};
use crate::serve::keyring::Keyring;
use crate::state::tokens::Token;

/// A role that is kept assumed and served until this is dropped.
pub struct Alone {
    alias: Alias,
    url: String,
    rotator: Rotator,
    _endpoint: connections::Served,
}

impl Alone {
    /// Begins to assume `role`, unless `adopted` is a session of it that is still good, and opens an endpoint that gives it
    /// to whoever shows `token`. On the current tokio runtime.
    ///
    /// # Errors
    /// When there is no port for the endpoint.
    pub async fn start(
        role: Role,
        adopted: Option<Session>,
        token: Token,
        policy: Policy,
        sts: Arc<dyn AssumeRole>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EndpointError> {
        let endpoint = Endpoint::on_any_port().await?;
        let alias = role.alias.clone();
        let url = format!("{}/v1/credentials/{alias}", endpoint.url());
        let rotator = rolecall_rotator::spawn(policy, Arc::clone(&clock), sts, Vec::new());
        rotator.define(role, adopted);
        let keyring = Arc::new(Keyring::default());
        keyring.set_lasting(BTreeMap::from([(alias.clone(), token)]));
        let served = endpoint.serve(rotator.clone(), keyring, Counts::default(), clock);
        Ok(Self { alias, url, rotator, _endpoint: served })
    }

    /// Where the role is served.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The session of the role, waiting for one at most `wait`.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn session(&self, wait: Duration) -> Result<Served, NotServed> {
        self.rotator.session(&self.alias, wait).await
    }
}
