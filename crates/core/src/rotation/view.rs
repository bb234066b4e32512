//! What can be seen of the engine from outside: what may be served, how an entry stands, when to wake it.
//!
//! Promises to change nothing, and that nothing that has ended is seen as held, whether or not a step noticed it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::entry::{Entry, Failure, Flight, Held};
use super::{Engine, EntryId, NotServable, Now, Reason, Version};

/// What can be told about one entry.
#[derive(Clone, Copy, Debug)]
pub struct Glance<'a> {
    /// What is held and still valid.
    pub held: Option<&'a Held>,
    /// Whether what is held is past its refresh time.
    pub due: bool,
    /// Whether something was held under the present definition and nothing is now.
    pub expired: bool,
    /// The call under way.
    pub flight: Option<Flight>,
    /// Why the newest call was made; none before the first.
    pub reason: Option<Reason>,
    /// Failures since the last success; those of the entry that is in the way, while one is.
    pub failure: Option<&'a Failure>,
    /// Its own failures since its last success, whoever is in the way now.
    pub own_failure: Option<&'a Failure>,
    /// The entry that has to hold a session before this one can be asked for, if one is missing: the first of the chain.
    pub blocked_by: Option<EntryId>,
    /// Whether a person asked for a new session and no call has ended since.
    pub asked: bool,
    /// When the next call will be wanted, by the wall clock; none while one is under way, or another entry is in the way.
    pub next_attempt_at: Option<Timestamp>,
}

impl Engine {
    /// How long the shell may sleep before the next [`Tick`](super::Event::Tick); none when nothing is to come.
    #[must_use]
    pub fn next_wake(&self, now: Now) -> Option<Duration> {
        let alarm = self.timers.next(now, self.wall.trusted(now));
        let budget = if self.queue.is_empty() { None } else { self.budget.wait(now.boot) };
        alarm.into_iter().chain(budget).min()
    }

    /// What may be handed out for `entry` at `now`: never anything that has ended.
    ///
    /// # Errors
    /// Why there is nothing.
    pub fn serve(&self, now: Now, entry: EntryId) -> Result<&Held, NotServable> {
        let id = entry;
        let entry = self.entries.get(&id).ok_or(NotServable::Unknown)?;
        if let Some(held) = self.valid(now, entry) {
            return Ok(held);
        }
        let (_, entry) = self.cause(now, id).unwrap_or((id, entry));
        match &entry.failure {
            Some(failure) if entry.flight.is_none() && entry.place.is_none() => {
                Err(NotServable::Failed(failure.fault.clone()))
            }
            _ => Err(NotServable::Pending),
        }
    }

    /// What can be told about `entry` at `now`.
    #[must_use]
    pub fn glance(&self, now: Now, entry: EntryId) -> Option<Glance<'_>> {
        let id = entry;
        let entry = self.entries.get(&id)?;
        let trusted = self.wall.trusted(now);
        let held = self.valid(now, entry);
        let cause = if entry.blocked { self.cause(now, id) } else { None };
        let next = || {
            let wanted = held
                .filter(|held| held.nudge.is_none())
                .map_or(Duration::ZERO, |held| now.boot + held.left(now, trusted).saturating_sub(held.lead));
            now.wall_at(wanted.max(entry.not_before).max(now.boot))
        };
        Some(Glance {
            held,
            due: held.is_some_and(|held| held.due(now, trusted)),
            expired: held.is_none() && (entry.held.is_some() || entry.empty == Reason::Expired),
            flight: entry.flight,
            reason: entry.reason,
            failure: cause.map_or(entry, |(_, ancestor)| ancestor).failure.as_ref(),
            own_failure: entry.failure.as_ref(),
            blocked_by: cause.map(|(ancestor, _)| ancestor),
            asked: entry.asked,
            next_attempt_at: (entry.flight.is_none() && !entry.blocked).then(next),
        })
    }

    /// How far the wall clock is ahead of STS, if STS showed it to be more than 2 minutes wrong.
    #[must_use]
    pub fn clock_skew(&self) -> Option<SignedDuration> {
        self.wall.skew()
    }

    /// How many entries want a call that the budget does not allow yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn valid<'a>(&self, now: Now, entry: &'a Entry) -> Option<&'a Held> {
        entry.held.as_ref().filter(|held| !held.left(now, self.wall.trusted(now)).is_zero())
    }

    /// The number of the newest session of `entry`; 0 before the first.
    #[must_use]
    pub fn version(&self, entry: EntryId) -> Version {
        self.entries.get(&entry).map_or(Version(0), |entry| entry.version)
    }
}
