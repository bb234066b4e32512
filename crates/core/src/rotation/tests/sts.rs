//! STS, simulated: issues sessions, refuses, throttles, loses and delays answers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::world::EPOCH;
use crate::rotation::{Attempt, EntryId, Issue};
use crate::{Fault, FaultKind, role};

/// An answer on its way.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) entry: EntryId,
    pub(super) attempt: Attempt,
    /// The key that was asked about.
    pub(super) key: u8,
    pub(super) outcome: Result<Issue, Fault>,
    /// When STS's session began and really ends, in true milliseconds.
    pub(super) begins: u64,
    pub(super) ends: u64,
}

pub(super) struct Sts {
    pub(super) denied: BTreeSet<u64>,
    pub(super) outage: bool,
    pub(super) throttle: bool,
    /// From the call to its answer, in milliseconds.
    pub(super) latency: u64,
    pub(super) lose_percent: u8,
    pub(super) session_seconds: u64,
    answers: BTreeMap<(u64, Attempt), Answer>,
    random: u64,
}

impl Sts {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            denied: BTreeSet::new(),
            outage: false,
            throttle: false,
            latency: 50,
            lose_percent: 0,
            session_seconds: 3600,
            answers: BTreeMap::new(),
            random: seed,
        }
    }

    /// Mends all that is broken.
    pub(super) fn heal(&mut self) {
        self.denied.clear();
        (self.outage, self.throttle) = (false, false);
        (self.latency, self.lose_percent, self.session_seconds) = (50, 0, 3600);
    }

    /// Takes a call at the true time `now`.
    pub(super) fn call(&mut self, now: u64, entry: EntryId, attempt: Attempt, key: u8) {
        if self.draw() % 100 < u64::from(self.lose_percent) {
            return;
        }
        let begins = (now + self.latency / 2) / 1000 * 1000;
        let ends = begins + self.session_seconds * 1000;
        let fault = |kind| Err(Fault::new(kind, "simulated", "wait"));
        let outcome = if self.outage {
            fault(FaultKind::Unreachable)
        } else if self.throttle {
            fault(FaultKind::Throttled)
        } else if self.denied.contains(&entry.0) {
            fault(FaultKind::Denied)
        } else {
            Ok(Issue { expires_at: at(ends), asked_for: role::DEFAULT_DURATION, date: Some(at(begins)) })
        };
        self.answers.insert((now + self.latency, attempt), Answer { entry, attempt, key, outcome, begins, ends });
    }

    /// When the next answer arrives.
    pub(super) fn next(&self) -> Option<u64> {
        self.answers.keys().next().map(|(at, _)| *at)
    }

    /// The answer that arrives next.
    pub(super) fn take(&mut self) -> Option<Answer> {
        self.answers.pop_first().map(|(_, answer)| answer)
    }

    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.random >> 33
    }
}

/// What a right wall clock shows at the true time `milliseconds`.
pub(super) fn at(milliseconds: u64) -> Timestamp {
    Timestamp::from_millisecond(EPOCH + i64::try_from(milliseconds).unwrap()).unwrap()
}
