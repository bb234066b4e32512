//! One entry: everything the engine knows about one role that is kept assumed, in one record.

use std::time::Duration;

use jiff::Timestamp;

use super::queue::{Place, Urgency};
use super::schedule::DEMAND_WINDOW;
use super::timers::Alarm;
use super::{Attempt, EntryId, Now, Reason, Version};
use crate::{Fault, RoleKey};

/// A session that is held: its times, never its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The number of the session.
    pub version: Version,
    /// When it was received.
    pub issued: Now,
    /// The `Expiration` that STS returned.
    pub expires_at: Timestamp,
    /// When it ends by the boot clock.
    pub ends: Duration,
    /// How long it lives in all.
    pub lifetime: Duration,
    /// How long before its end it is refreshed, jitter included.
    pub lead: Duration,
    /// The duration that STS was asked for.
    pub asked_for: Duration,
    /// Why it was asked for.
    pub reason: Reason,
    /// Why it should be refreshed ahead of time, if it should.
    pub(super) nudge: Option<Reason>,
}

impl Held {
    /// The time until it ends, by the clock that says so earlier; zero when it has ended.
    #[must_use]
    pub fn left(&self, now: Now, wall_trusted: bool) -> Duration {
        let by_boot = self.ends.saturating_sub(now.boot);
        if wall_trusted { by_boot.min(now.wall_until(self.expires_at)) } else { by_boot }
    }

    /// Whether so little is `left` that a demand refreshes it ahead of time.
    #[must_use]
    pub fn is_early(&self, left: Duration) -> bool {
        left < DEMAND_WINDOW.min(self.lifetime / 2)
    }

    /// Whether its refresh time has come.
    #[must_use]
    pub fn due(&self, now: Now, wall_trusted: bool) -> bool {
        self.left(now, wall_trusted) <= self.lead
    }
}

/// A call to STS that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// The call.
    pub attempt: Attempt,
    /// When it was started, by the boot clock.
    pub started: Duration,
    /// Why.
    pub reason: Reason,
}

/// Failures in a row, up to now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why the newest call failed.
    pub fault: Fault,
    /// When the first one in the row failed, by the wall clock.
    pub since: Timestamp,
    /// How many, not counting those before a person asked for a refresh.
    pub count: u32,
}

/// One entry.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: RoleKey,
    /// The entry whose session it is assumed with.
    pub(super) parent: Option<EntryId>,
    /// It wants a call, and has to wait until its parent holds a session.
    pub(super) blocked: bool,
    /// It had to wait so, and no call has been started since.
    pub(super) unblocked: bool,
    /// How often in a row STS did not take its session for a child, and until when it is not renewed for that.
    pub(super) rejections: u32,
    pub(super) renewed_not_before: Duration,
    pub(super) held: Option<Held>,
    pub(super) flight: Option<Flight>,
    /// Why the newest call was made.
    pub(super) reason: Option<Reason>,
    pub(super) failure: Option<Failure>,
    /// Why nothing is held, while nothing is.
    pub(super) empty: Reason,
    /// Somebody waits for the first session.
    pub(super) waited: bool,
    /// A person asked for a new session, and no call has ended since.
    pub(super) asked: bool,
    /// The start of the newest call, by the boot clock, and the shortest interval: what a person cannot shorten either.
    pub(super) earliest: Duration,
    /// No call is started before this, by the boot clock.
    pub(super) not_before: Duration,
    /// The number of the newest session; 0 before the first.
    pub(super) version: Version,
    /// Where it stands in the queue and when it is looked at again: kept here so that both indices can be changed.
    pub(super) place: Option<Place>,
    pub(super) alarm: Alarm,
}

impl Entry {
    pub(super) fn new(key: RoleKey) -> Self {
        Self {
            key,
            parent: None,
            blocked: false,
            unblocked: false,
            rejections: 0,
            renewed_not_before: Duration::ZERO,
            held: None,
            flight: None,
            reason: None,
            failure: None,
            empty: Reason::NothingHeld,
            waited: false,
            asked: false,
            earliest: Duration::ZERO,
            not_before: Duration::ZERO,
            version: Version(0),
            place: None,
            alarm: Alarm::default(),
        }
    }

    /// Why a call is wanted now, if it is, leaving aside that one may be under way.
    pub(super) fn wants(&self, now: Now, wall_trusted: bool) -> Option<(Reason, Urgency)> {
        match &self.held {
            _ if self.asked => Some((Reason::Asked, Urgency::Waited)),
            None => {
                let reason = if self.unblocked { Reason::ParentReady } else { self.empty };
                Some((reason, if self.waited { Urgency::Waited } else { Urgency::NothingHeld }))
            }
            Some(held) if held.due(now, wall_trusted) => Some((Reason::Due, Urgency::Due)),
            Some(held) => held.nudge.map(|reason| (reason, Urgency::Early)),
        }
    }

    /// Its place in the queue at `now`.
    pub(super) fn place(&self, id: EntryId, now: Now, wall_trusted: bool) -> Option<Place> {
        if self.blocked || self.flight.is_some() || now.boot < self.not_before {
            return None;
        }
        let (_, urgency) = self.wants(now, wall_trusted)?;
        // With nothing held, whoever was tried longest ago, so that those that fail never starve those that were not tried.
        Some((urgency, self.held.as_ref().map_or(self.not_before, |held| held.ends), id))
    }

    /// When it has to be looked at again, given its place in the queue at `now`: one that could wait moves up when it is
    /// due, and one that is blocked is looked at when its parent holds a session. Never in the past of a trusted clock.
    pub(super) fn alarm(&self, now: Now, place: Option<Place>, deadline: Duration) -> Alarm {
        let ends = self.held.as_ref().map(|held| Alarm { boot: Some(held.ends), wall: Some(held.expires_at) });
        let end = ends.unwrap_or_default();
        let next = if let Some(flight) = self.flight {
            Alarm { boot: Some(flight.started + deadline), wall: None }
        } else if self.blocked || place.is_some_and(|(urgency, ..)| urgency != Urgency::Early) {
            Alarm::default()
        } else if now.boot < self.not_before {
            Alarm { boot: Some(self.not_before), wall: None }
        } else {
            self.held.as_ref().map_or(Alarm::default(), |held| Alarm {
                boot: Some(held.ends.saturating_sub(held.lead)),
                wall: held.expires_at.checked_sub(held.lead).ok(),
            })
        };
        Alarm { boot: earlier(end.boot, next.boot), wall: earlier(end.wall, next.wall) }
    }
}

fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.into_iter().chain(b).min()
}
