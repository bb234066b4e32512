//! The store: `credentials` and `config` in the state directory, for every program that can be pointed at files.
//!
//! Promises to hold exactly the sessions that are held, whatever form the profiles have. Also reads the store of an
//! earlier agent back, so that a restart takes no working credentials away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use rolecall_core::port::Clock;
use rolecall_core::{Alias, Delivery, Fault, FaultKind, Role, Session, SessionCredentials, Sink};
use rolecall_formats::config::{self, Profile};
use rolecall_formats::store as format;
use tracing::debug;

use crate::board::{Board, Findings};
use crate::files::{self, FileError};
use crate::holdings::{Holdings, render};

/// The name of this writer.
const NAME: &str = "store";

/// The sink that writes the store.
pub(crate) struct Store(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    default: Option<Alias>,
    clock: Arc<dyn Clock>,
    board: Arc<Board>,
    holdings: Mutex<Holdings>,
}

impl Store {
    pub(crate) fn new(
        directory: PathBuf,
        default: Option<Alias>,
        clock: Arc<dyn Clock>,
        board: Arc<Board>,
        holdings: Holdings,
    ) -> Self {
        Self(Arc::new(Inner { directory, default, clock, board, holdings: Mutex::new(holdings) }))
    }

    /// Writes what is held, and the Regions of all roles.
    pub(crate) async fn write(&self) -> Result<(), Fault> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.write()).await.unwrap_or_else(|error| Err(ended_badly(&error)))
    }
}

#[async_trait]
impl Sink for Store {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn deliver(&self, changes: &[Delivery]) -> Result<(), Fault> {
        self.0.holdings.lock().unwrap_or_else(PoisonError::into_inner).apply(changes);
        self.write().await
    }
}

impl Inner {
    fn write(&self) -> Result<(), Fault> {
        let now = self.clock.now().wall;
        let holdings = self.holdings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (credentials, faults) = render(holdings.held(now), |held| format::credentials(held, self.default.as_ref()));
        let regions = format::config(&holdings.roles(), self.default.as_ref());
        let config = self.directory.join("config");
        let written = files::replace_private(&self.directory.join("credentials"), credentials.as_bytes())
            // The Regions change with the set of roles only.
            .and_then(|()| match files::read(&config) {
                Ok(text) if text == regions => Ok(()),
                Ok(_) | Err(FileError::NotText { .. }) => files::replace_private(&config, regions.as_bytes()),
                Err(error) => Err(error),
            })
            .map_err(|error| {
                let action = "look at free space and permissions of the state directory";
                Fault::new(FaultKind::Misconfigured, error.to_string(), action)
            });
        let whole = written.as_ref().err().cloned();
        self.board.put(NAME, now, Findings { whole, faults, notes: BTreeMap::new() });
        written
    }
}

/// The sessions in the store of an earlier agent that are still good for these roles: made for the same definition and
/// not ended. A store that cannot be read is no store.
pub(crate) fn read_back(directory: &Path, roles: &[Arc<Role>], now: Timestamp) -> BTreeMap<Alias, Arc<Session>> {
    let found = match files::read(&directory.join("credentials")) {
        Ok(text) => config::read(&text, config::File::Credentials).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let profiles = found.unwrap_or_else(|error| {
        debug!("the store of an earlier agent is not used: {error}");
        config::Profiles::default()
    });
    let adopt = |role: &Arc<Role>| {
        let session = session(profiles.get(role.alias.as_str())?, role, now)?;
        Some((role.alias.clone(), Arc::new(session)))
    };
    roles.iter().filter_map(adopt).collect()
}

fn session(profile: &Profile, role: &Role, now: Timestamp) -> Option<Session> {
    let value = |name| profile.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let expires_at: Timestamp = value("x_security_token_expires")?.parse().ok()?;
    if expires_at <= now || value("x_rolecall_key")? != role.key().to_string() {
        return None;
    }
    let (id, secret) = (value("aws_access_key_id")?, value("aws_secret_access_key")?);
    let credentials = SessionCredentials::new(id, secret, value("aws_session_token")?);
    Some(Session { credentials, issued_at: now, expires_at })
}

/// The fault of a blocking task that did not come back.
pub(crate) fn ended_badly(error: &tokio::task::JoinError) -> Fault {
    let what = if error.is_panic() { "panicked" } else { "was ended" };
    Fault::new(FaultKind::Bug, format!("the task that writes files {what}"), "report this, with the log around it")
}

#[cfg(test)]
mod tests;
