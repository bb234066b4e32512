//! What is true about roles, sessions and the wall clock, whatever the engine thinks.
//!
//! Times in true milliseconds, or in those of the boot clock where it says so.

use crate::rotation::Attempt;

/// The newest session of one role.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) published: u64,
    /// When it really ends.
    pub(super) ends: u64,
    pub(super) lifetime: u64,
    /// How much longer and how much shorter it may seem: it was adopted by a wall clock that nothing had confirmed.
    pub(super) late: u64,
    pub(super) early: u64,
    /// No answer has told since it was adopted what the time is.
    pub(super) unconfirmed: bool,
    /// How long the boot clock had stood still when the call was made that its end is counted from.
    pub(super) frozen: u64,
}

impl Session {
    /// The lead that was asked for, without jitter, when the settings say `wanted`.
    pub(super) fn lead(&self, wanted: u64) -> u64 {
        wanted.min(self.lifetime / 2)
    }
}

/// A call under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) attempt: Attempt,
    pub(super) boot: u64,
    pub(super) frozen: u64,
}

/// What is true about one role, whatever the engine thinks. Times in true milliseconds, or in those of the boot clock.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    pub(super) key: u8,
    /// The newest session under the present key, and its version.
    pub(super) session: Option<Session>,
    pub(super) version: u64,
    /// Whether the sinks show it: published and not withdrawn.
    pub(super) shown: bool,
    pub(super) call: Option<Call>,
    /// When the newest call under the present key started: true time, boot clock.
    pub(super) started: Option<(u64, u64)>,
    /// Somebody waits for a first session.
    pub(super) waited: bool,
    /// When a person asked, by the boot clock, if no call has ended since.
    pub(super) asked: Option<u64>,
    /// Whether somebody was served, a person asked, and the wall clock jumped, since the session was published.
    pub(super) demanded: bool,
    pub(super) wished: bool,
    pub(super) jumped: bool,
    pub(super) failures: u32,
    /// Since when its parent holds a session, if it has one and that does: true time, boot clock.
    pub(super) parent_since: Option<(u64, u64)>,
    /// STS could not be reached the last time.
    pub(super) unreachable: bool,
    /// The first and the last moment, by the boot clock, for the next try after a failure.
    pub(super) retry: Option<(u64, u64)>,
}

/// What an answer of STS said about the wall clock, and whether it jumped since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wall {
    Trusted,
    Doubted,
    Wrong,
}
