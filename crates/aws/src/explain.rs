//! What helps to explain why a role can or cannot be assumed: who the caller is, what a token says, whom a role trusts.
//!
//! Promises that every call is signed with what the role itself would be assumed with, and that no token and no key is in
//! any answer. Nothing here changes anything in AWS. What is made of it is left to the caller.

mod claims;
mod iam;
mod identity;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use aws_sdk_sts::config::Credentials;
pub use claims::Claims;
pub use iam::{FoundRole, Lookup};
pub use identity::Identity;
use rolecall_core::{Fault, Role, Session, Source};

use crate::base::Loaded;
use crate::fault::With;
use crate::region;
use crate::sts::{Sts, signing};

/// What a role is assumed with.
struct Signer {
    loaded: Arc<Loaded>,
    credentials: Credentials,
    with: With,
}

impl Sts {
    /// What `role` is assumed with; none for a web identity, which signs nothing, and for a role without its `parent`.
    async fn signer(&self, role: &Role, parent: Option<&Session>) -> Result<Option<Signer>, Fault> {
        match (&role.source, parent) {
            (Source::Base | Source::Provider(_) | Source::Profile(_), _) => {
                let fallback = region::first_of(role.arn.partition());
                let loaded = self.sources.of(&role.source).get(fallback.as_ref()).await?;
                let credentials = loaded.credentials.clone();
                let with = With::Base { known: false };
                Ok(credentials.map(|credentials| Signer { loaded, credentials, with }))
            }
            (Source::Role(source), Some(session)) => {
                let with = With::Session(source.role().alias.clone());
                Ok(Some(Signer {
                    loaded: self.settings(role).await?,
                    credentials: signing(&session.credentials),
                    with,
                }))
            }
            (Source::Role(_), None) | (Source::WebIdentity(_), _) => Ok(None),
        }
    }
}
