//! What goes into the engine and what comes out of it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::{Policy, Reason};
use crate::{Fault, RoleKey};

/// Names one entry: our record that one role is kept assumed. Given by the shell, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u64);

/// Names one call to STS. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u64);

/// Counts the sessions of one entry, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// The part of STS's answer that the engine decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The `Expiration` that STS returned.
    pub expires_at: Timestamp,
    /// The duration that was asked for.
    pub asked_for: Duration,
    /// The `Date` of the answer, in whole seconds: what the clock of STS said. None when there was none.
    pub date: Option<Timestamp>,
}

/// A session that an earlier process left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// What was issued, without a `Date`, since that was long ago.
    pub issue: Issue,
    /// How long it lives in all, by which its refresh is timed.
    pub lifetime: Duration,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A role is to be kept assumed, or its definition changed.
    Define {
        /// Which entry.
        entry: EntryId,
        /// What STS would be asked. The same key again changes nothing.
        key: RoleKey,
        /// The entry whose session it is assumed with; none when it is assumed from outside of the engine.
        parent: Option<EntryId>,
        /// A session for this key that an earlier process left. Only for an entry that is new.
        adopted: Option<Adopted>,
    },
    /// A role is no longer wanted.
    Forget {
        /// Which entry.
        entry: EntryId,
    },
    /// Somebody was served, or waits to be.
    Demand {
        /// Which entry.
        entry: EntryId,
    },
    /// A person wants a new session now: back-off is forgotten and the role goes first, while what is held is served on.
    /// A call under way counts as the answer; one that fails is tried again like any other.
    Asked {
        /// Which entry.
        entry: EntryId,
    },
    /// STS issued a session.
    Assumed {
        /// Which entry.
        entry: EntryId,
        /// The call that it answers.
        attempt: Attempt,
        /// What was issued.
        issue: Issue,
    },
    /// A call failed.
    Failed {
        /// Which entry.
        entry: EntryId,
        /// The call that failed.
        attempt: Attempt,
        /// Why.
        fault: Fault,
    },
    /// Other settings count from now on: for what is held, too, since else nobody would see an effect until it was refreshed.
    Policy {
        /// The settings. Those that draw jitter stay the same in the life of a process.
        policy: Policy,
    },
    /// Time passed.
    Tick,
}

/// Something has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Call STS, and answer with `Assumed` or `Failed`.
    Assume {
        /// Which entry.
        entry: EntryId,
        /// The call.
        attempt: Attempt,
        /// Why now.
        reason: Reason,
    },
    /// Give a call up: nobody waits for its answer any more.
    Cancel {
        /// Which entry.
        entry: EntryId,
        /// The call.
        attempt: Attempt,
    },
    /// The session of the event that caused this is the newest: keep it and write it to the sinks.
    Publish {
        /// Which entry.
        entry: EntryId,
        /// The number of the session.
        version: Version,
    },
    /// Nothing of this entry may be served or stay written.
    Withdraw {
        /// Which entry.
        entry: EntryId,
        /// Why.
        reason: Withdrawal,
    },
}

/// Why a session is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Withdrawal {
    /// It ended and nothing newer is held.
    Expired,
    /// Its entry was forgotten.
    Forgotten,
    /// Its entry's definition changed.
    SpecChanged,
}

impl fmt::Display for Withdrawal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Why an entry has nothing to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotServable {
    /// No such entry.
    Unknown,
    /// Nothing yet; a call is under way or about to be made.
    Pending,
    /// Nothing, and the newest call failed; the next one has to wait.
    Failed(Fault),
}
