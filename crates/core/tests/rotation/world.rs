//! STS and the shell, simulated: true time, a boot clock that is right, a wall clock that is not, answers in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::rotation::{
    Attempt, BudgetPolicy, Effect, Engine, EntryId, Event, Issue, Now, Policy, Reason, Version,
};
use rolecall_core::{Fault, FaultKind};

use crate::invariants;
use crate::scenarios::key_of;

/// 2027-01-15T08:00:00Z, in milliseconds.
const EPOCH: i64 = 1_800_000_000_000;
const ASKED_FOR: Duration = Duration::from_secs(3600);
const LONGEST_NAP: u64 = 30_000;

/// One thing that happens to the world. Times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Advance(u64),
    /// Time passes and the shell sleeps through it, as in a suspend.
    Suspend(u64),
    Define(u64),
    Redefine(u64),
    Forget(u64),
    Demand(u64),
    Deny(u64, bool),
    Outage(bool),
    Throttle(bool),
    Latency(u64),
    LosePercent(u8),
    SessionSeconds(u64),
    /// Sets the wall clock to this much ahead of true time.
    SetWall(i64),
}

/// What is true about one role, whatever the engine thinks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) key: u8,
    /// The end of each session that was published under the present key, by version, in true milliseconds.
    pub(crate) ends: BTreeMap<u64, u64>,
    /// The newest version that was published.
    pub(crate) version: u64,
    /// The call under way: its id and start.
    pub(crate) flight: Option<(Attempt, u64)>,
    /// When the newest call started.
    pub(crate) started: Option<u64>,
}

/// An answer on its way.
#[derive(Clone, Debug)]
struct Answer {
    entry: EntryId,
    attempt: Attempt,
    outcome: Result<Issue, Fault>,
    /// When STS's session really ends, in true milliseconds.
    true_end: u64,
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) policy: Policy,
    /// True milliseconds since the start; the boot clock says the same plus an hour.
    pub(crate) time: u64,
    pub(crate) roles: BTreeMap<EntryId, Truth>,
    pub(crate) starts: Vec<u64>,
    pub(crate) in_flight: u32,
    wall_ahead: i64,
    answers: BTreeMap<(u64, Attempt), Answer>,
    denied: BTreeSet<u64>,
    outage: bool,
    throttle: bool,
    latency: u64,
    lose_percent: u8,
    session_seconds: u64,
    random: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let budget = BudgetPolicy { in_flight: 4, per_second: 1, burst: 2 };
        let policy = Policy { seed, budget, ..Policy::default() };
        Self {
            engine: Engine::new(policy),
            policy,
            time: 0,
            roles: BTreeMap::new(),
            starts: Vec::new(),
            in_flight: 0,
            wall_ahead: 0,
            answers: BTreeMap::new(),
            denied: BTreeSet::new(),
            outage: false,
            throttle: false,
            latency: 50,
            lose_percent: 0,
            session_seconds: 3600,
            random: seed,
        }
    }

    pub(crate) fn now(&self) -> Now {
        let wall = EPOCH + i64::try_from(self.time).unwrap() + self.wall_ahead;
        Now {
            wall: Timestamp::from_millisecond(wall).unwrap(),
            boot: Duration::from_secs(3600) + Duration::from_millis(self.time),
        }
    }

    pub(crate) fn act(&mut self, action: Action) {
        match action {
            Action::Advance(by) => self.advance(by),
            Action::Suspend(by) => {
                self.time += by;
                invariants::at_the_door(self);
                self.step(Event::Tick);
            }
            Action::Define(role) => {
                let truth = self.roles.entry(EntryId(role)).or_default();
                let key = key_of(truth.key);
                self.step(Event::Define { entry: EntryId(role), key, adopted: None });
            }
            Action::Redefine(role) => {
                let Some(truth) = self.roles.get_mut(&EntryId(role)) else { return };
                truth.key = truth.key.wrapping_add(1);
                truth.ends.clear();
                truth.started = None;
                let key = key_of(truth.key);
                self.step(Event::Define { entry: EntryId(role), key, adopted: None });
            }
            Action::Forget(role) => {
                let gone = self.roles.remove(&EntryId(role));
                self.in_flight -= u32::from(gone.is_some_and(|truth| truth.flight.is_some()));
                self.step(Event::Forget { entry: EntryId(role) });
            }
            Action::Demand(role) => self.step(Event::Demand { entry: EntryId(role) }),
            Action::Deny(role, true) => drop(self.denied.insert(role)),
            Action::Deny(role, false) => drop(self.denied.remove(&role)),
            Action::Outage(on) => self.outage = on,
            Action::Throttle(on) => self.throttle = on,
            Action::Latency(latency) => self.latency = latency,
            Action::LosePercent(percent) => self.lose_percent = percent,
            Action::SessionSeconds(seconds) => self.session_seconds = seconds,
            Action::SetWall(ahead) => {
                self.wall_ahead = ahead;
                invariants::at_the_door(self);
            }
        }
    }

    /// Mends all that is broken but the clock.
    pub(crate) fn heal(&mut self) {
        self.denied.clear();
        self.outage = false;
        self.throttle = false;
        self.latency = 50;
        self.lose_percent = 0;
        self.session_seconds = 3600;
    }

    /// Lets time pass as a shell would: naps to the next wake, 30 s at most, woken by answers.
    pub(crate) fn advance(&mut self, by: u64) {
        let target = self.time + by;
        let mut idle = 0;
        while self.time < target {
            let nap = self.engine.next_wake(self.now()).map_or(LONGEST_NAP, |wake| {
                u64::try_from(wake.as_nanos().div_ceil(1_000_000)).unwrap().min(LONGEST_NAP)
            });
            idle = if nap == 0 { idle + 1 } else { 0 };
            assert!(idle < 100, "no_busy_loop: the engine wants to be woken at once, again and again");
            let answer = self.answers.keys().next().map_or(u64::MAX, |(at, _)| *at);
            let next = (self.time + nap).min(answer).min(target);
            self.time = self.time.max(next);
            if answer <= self.time {
                self.deliver_answer();
            } else {
                self.step(Event::Tick);
            }
        }
    }

    fn deliver_answer(&mut self) {
        let Some((_, Answer { entry, attempt, outcome, true_end })) = self.answers.pop_first() else { return };
        let awaited = self.roles.get_mut(&entry).filter(|truth| truth.flight.is_some_and(|(id, _)| id == attempt));
        let awaited = awaited.map(|truth| truth.flight = None).is_some();
        self.in_flight -= u32::from(awaited);
        let succeeded = outcome.is_ok();
        let event = match outcome {
            Ok(issue) => Event::Assumed { entry, attempt, issue },
            Err(fault) => Event::Failed { entry, attempt, fault },
        };
        let effects = self.engine.step(self.now(), event);
        for effect in &effects {
            if let Effect::Publish { entry: published, version } = effect {
                invariants::published_is_newest(
                    self,
                    *published,
                    *version,
                    awaited && succeeded && *published == entry,
                );
                let truth = self.roles.get_mut(published).unwrap();
                truth.version = version.0;
                truth.ends.insert(version.0, true_end);
            }
        }
        self.carry_out(&effects);
    }

    fn step(&mut self, event: Event) {
        let effects = self.engine.step(self.now(), event);
        for effect in &effects {
            assert!(!matches!(effect, Effect::Publish { .. }), "published_is_newest: published without an answer");
        }
        self.carry_out(&effects);
    }

    fn carry_out(&mut self, effects: &[Effect]) {
        for effect in effects {
            match *effect {
                Effect::Assume { entry, attempt, reason } => self.assume(entry, attempt, reason),
                Effect::Cancel { entry, attempt } => {
                    if let Some(truth) = self.roles.get_mut(&entry) {
                        assert_eq!(truth.flight.map(|(id, _)| id), Some(attempt), "cancelled what was not under way");
                        truth.flight = None;
                        self.in_flight -= 1;
                    }
                }
                Effect::Withdraw { .. } | Effect::Publish { .. } => {}
            }
        }
        invariants::check(self);
    }

    fn assume(&mut self, entry: EntryId, attempt: Attempt, reason: Reason) {
        invariants::start_is_allowed(self, entry, reason);
        self.starts.push(self.time);
        self.in_flight += 1;
        let truth = self.roles.get_mut(&entry).expect("forgotten_is_gone: assumed");
        truth.flight = Some((attempt, self.time));
        truth.started = Some(self.time);

        let random = self.draw();
        if random % 100 < u64::from(self.lose_percent) {
            return;
        }
        let issued = self.time + self.latency / 2;
        let second = issued / 1000;
        let ends = second + self.session_seconds;
        let at = |second: u64| Timestamp::from_millisecond(EPOCH + i64::try_from(second * 1000).unwrap()).unwrap();
        let fault = |kind| Err(Fault::new(kind, "simulated", "wait"));
        let outcome = if self.outage {
            fault(FaultKind::Unreachable)
        } else if self.throttle {
            fault(FaultKind::Throttled)
        } else if self.denied.contains(&entry.0) {
            fault(FaultKind::Denied)
        } else {
            Ok(Issue { expires_at: at(ends), asked_for: ASKED_FOR, date: Some(at(second)) })
        };
        let answer = Answer { entry, attempt, outcome, true_end: ends * 1000 };
        self.answers.insert((self.time + self.latency, attempt), answer);
    }

    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.random >> 33
    }

    /// When the session `version` of `entry` really ends.
    pub(crate) fn true_end(&self, entry: EntryId, version: Version) -> Option<u64> {
        self.roles.get(&entry)?.ends.get(&version.0).copied()
    }
}
