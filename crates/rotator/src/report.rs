//! What is told about every role: the engine's view in words and wall times, without a secret in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rolecall_core::rotation::{Glance, Reason, Version};
use rolecall_core::{Alias, Fault, Role, Session};

/// How a role stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing is held yet.
    Pending,
    /// Something valid is held.
    Fresh,
    /// Something valid is held, past its refresh time.
    Stale,
    /// Nothing was ever held, and the newest call failed.
    Failed,
    /// Something was held, and nothing valid is now.
    Expired,
}

impl State {
    /// The state as it is written in JSON and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    fn of(glance: &Glance<'_>) -> Self {
        match glance.held {
            Some(_) if glance.due => Self::Stale,
            Some(_) => Self::Fresh,
            None if glance.expired => Self::Expired,
            None if glance.failure.is_some() => Self::Failed,
            None => Self::Pending,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One role.
#[derive(Clone, Debug)]
pub struct RoleReport {
    /// Its definition.
    pub role: Arc<Role>,
    /// How it stands.
    pub state: State,
    /// The number of its newest session; 0 before the first.
    pub version: u64,
    /// The access key id of the session that is held. It names the session, as CloudTrail does, and is no secret.
    pub access_key_id: Option<String>,
    /// When the session that is held was received.
    pub issued_at: Option<Timestamp>,
    /// When the session that is held ends.
    pub expires_at: Option<Timestamp>,
    /// When STS is asked next; none while it is being asked.
    pub next_attempt_at: Option<Timestamp>,
    /// Why STS was asked the last time; none before the first.
    pub reason: Option<Reason>,
    /// The duration that STS was asked for.
    pub asked_for: Option<Duration>,
    /// Why the newest call failed, and since when calls fail.
    pub fault: Option<(Fault, Timestamp)>,
    /// Whether STS is being asked now.
    pub attempt_under_way: bool,
}

impl RoleReport {
    /// `cause` is the role that keeps this one from being assumed, if another one does.
    pub(crate) fn new(
        role: Arc<Role>,
        version: Version,
        session: Option<&Session>,
        glance: &Glance<'_>,
        cause: Option<&Alias>,
    ) -> Self {
        let held = glance.held.and(session);
        Self {
            role,
            state: State::of(glance),
            version: version.0,
            access_key_id: held.map(|session| session.credentials.access_key_id().into()),
            issued_at: glance.held.map(|held| held.issued.wall),
            expires_at: glance.held.map(|held| held.expires_at),
            next_attempt_at: glance.next_attempt_at,
            reason: glance.reason,
            asked_for: glance.held.map(|held| held.asked_for),
            fault: glance.failure.map(|failure| (named(failure.fault.clone(), cause), failure.since)),
            attempt_under_way: glance.flight.is_some(),
        }
    }
}

/// One sink.
#[derive(Clone, Debug)]
pub struct SinkReport {
    /// Its name.
    pub name: &'static str,
    /// Why its newest delivery failed, if it did.
    pub fault: Option<Fault>,
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Report {
    /// How far the wall clock is ahead of STS, if it is more than 2 minutes wrong.
    pub clock_skew: Option<SignedDuration>,
    /// How many calls to STS wait for their turn.
    pub waiting: usize,
    /// All roles, in the order in which they were defined; not what is lent to single commands.
    pub roles: Vec<RoleReport>,
    /// All sinks.
    pub sinks: Vec<SinkReport>,
}

/// A fault as it is told of a role that has to wait because of it: `cause` is the role that failed, if it is another one.
pub(crate) fn named(fault: Fault, cause: Option<&Alias>) -> Fault {
    let Some(cause) = cause else { return fault };
    Fault { message: format!("waits for {cause}, which it is assumed from: {}", fault.message), ..fault }
}
