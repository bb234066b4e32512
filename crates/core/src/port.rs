//! The ports: what the rotator needs of the outside, as traits that adapters implement.
//!
//! Async traits need no runtime, so they can live here and the adapters need not know one another; the `cli` joins them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::rotation::Now;
use crate::{Fault, Role, SessionCredentials};

/// What STS issued for one role, as the vault keeps it and sinks and renderers read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The secret part.
    pub credentials: SessionCredentials,
    /// When it was received, by the wall clock of this machine.
    pub issued_at: Timestamp,
    /// The `Expiration` that STS returned.
    pub expires_at: Timestamp,
    /// The duration that was asked for in the end; shorter than the role's when it had to be clamped.
    pub asked_for: Duration,
}

impl Session {
    /// How long it lives in all, never more than was asked for: a wall clock that was wrong at its begin makes no long one.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        let whole = self.expires_at.duration_since(self.issued_at);
        Duration::try_from(whole).unwrap_or_default().min(self.asked_for)
    }
}

/// A successful answer to [`AssumeRole::assume_role`].
#[derive(Clone, Debug)]
pub struct Assumed {
    /// The secret part.
    pub credentials: SessionCredentials,
    /// The `Expiration` that STS returned.
    pub expires_at: Timestamp,
    /// The duration that was asked for in the end; shorter than the role's when it had to be clamped.
    pub asked_for: Duration,
    /// The `Date` of the answer: the clock of STS when it issued the session. None when the answer had none.
    pub date: Option<Timestamp>,
}

/// Assumes roles. Implemented by `aws` (and later by a server's client).
#[async_trait]
pub trait AssumeRole: Send + Sync {
    /// Asks for one new session of `role`, once: the caller decides about retries. May be dropped at any await. `parent` is
    /// the session of the role that it is assumed from, for one whose source is a role.
    ///
    /// # Errors
    /// The classified failure, with what to do about it: `base_expired` when `parent` is no longer taken.
    async fn assume_role(&self, role: &Role, parent: Option<&Session>) -> Result<Assumed, Fault>;
}

/// Reads the clocks. Implemented once for the real ones, by `rotator`, and once for tests.
pub trait Clock: Send + Sync {
    /// What both clocks say.
    fn now(&self) -> Now;
}

/// What a sink should show for one role from now on.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The role.
    pub role: Arc<Role>,
    /// The session to write, or none: then nothing of this role's may stay readable there.
    pub session: Option<Arc<Session>>,
}

/// A place that credentials are written to: profile files, the store, later a Secret.
#[async_trait]
pub trait Sink: Send + Sync {
    /// A short fixed name for logs and metrics.
    fn name(&self) -> &'static str;

    /// Writes what changed, the newest state per role. Whole or not at all; called again with the same changes, merged
    /// with newer ones, when it fails. Never called twice at once.
    ///
    /// # Errors
    /// What could not be written and what to do about it.
    async fn deliver(&self, changes: &[Delivery]) -> Result<(), Fault>;
}
