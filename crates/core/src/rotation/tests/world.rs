//! The shell and what is true: true time, a boot clock that may stand still, a wall clock that may say anything, and for
//! each role what STS really issued.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::action::Action;
use super::families::{defined, family_of, parent_of};
use super::invariants::{self, Broken, Cause, Invariant, ensure};
use super::sabotage::{Mutant, Subject};
use super::sts::{Answer, Sts, at};
use super::truth::{Call, Session, Truth, Wall};
use crate::rotation::backoff;
use crate::rotation::{
    Adopted, Attempt, BudgetPolicy, Effect, EntryId, Event, Issue, Lead, Now, Policy, Reason, Version,
};
use crate::{FaultKind, role};

/// 2027-01-15T08:00:00Z, in milliseconds.
pub(super) const EPOCH: i64 = 1_800_000_000_000;
pub(super) const LONGEST_NAP: u64 = 30_000;

/// More steps than any action takes: whoever needs more goes round in circles.
const MOST_STEPS: u64 = 100_000;

pub(super) struct World {
    pub(super) subject: Subject,
    pub(super) policy: Policy,
    pub(super) sts: Sts,
    /// How long before their end sessions are to be refreshed, in milliseconds, and when the settings said so.
    pub(super) refresh_before: u64,
    pub(super) retuned: u64,
    /// True milliseconds since the start.
    pub(super) time: u64,
    /// How long the boot clock stood still.
    pub(super) frozen: u64,
    pub(super) wall_ahead: i64,
    pub(super) wall: Wall,
    /// The wall clock against the boot clock at the newest step.
    offset: Option<i64>,
    pub(super) roles: BTreeMap<EntryId, Truth>,
    /// When calls were started, by the boot clock: the newest ones.
    pub(super) starts: VecDeque<u64>,
    pub(super) in_flight: u32,
    pub(super) throttled: Option<u64>,
    /// When those who could not reach STS were last told that somebody could, by the boot clock.
    reached: Option<u64>,
    pub(super) steps: u64,
}

impl World {
    pub(super) fn new(seed: u64, wall_ahead: i64, mutant: Option<Mutant>) -> Self {
        let budget = BudgetPolicy { in_flight: 4, per_second: 1, burst: 2 };
        let policy = Policy { seed, budget, ..Policy::default() };
        Self {
            subject: Subject::new(policy, mutant),
            policy,
            sts: Sts::new(seed),
            refresh_before: 600_000,
            retuned: 0,
            time: 0,
            frozen: 0,
            wall_ahead,
            wall: Wall::Trusted,
            offset: None,
            roles: BTreeMap::new(),
            starts: VecDeque::new(),
            in_flight: 0,
            throttled: None,
            reached: None,
            steps: 0,
        }
    }

    pub(super) fn now(&self) -> Now {
        let wall = at(0) + jiff::SignedDuration::from_millis(self.time.cast_signed() + self.wall_ahead);
        Now { wall, boot: Duration::from_millis(self.boot()) }
    }

    /// The boot clock, in milliseconds.
    pub(super) fn boot(&self) -> u64 {
        3_600_000 + self.time - self.frozen
    }

    /// Whether the wall clock may be used now: no jump since the newest answer, and none since the newest step.
    pub(super) fn wall_is_trusted(&self) -> bool {
        self.wall == Wall::Trusted && !self.wall_jumped()
    }

    fn wall_jumped(&self) -> bool {
        self.offset.is_some_and(|offset| (self.wall_ahead + self.frozen.cast_signed() - offset).abs() > 120_000)
    }

    pub(super) fn act(&mut self, action: Action) -> Result<(), Broken> {
        match action {
            Action::Advance(by) => return self.advance(by),
            Action::Suspend(by) => {
                self.time += by;
                invariants::at_the_door(self)?;
                return self.step(Event::Tick, Cause::Other);
            }
            Action::Freeze(by) => {
                self.time += by;
                self.frozen += by;
                invariants::at_the_door(self)?;
                return self.step(Event::Tick, Cause::Other);
            }
            Action::Define(role) => return self.define(role),
            Action::Adopt(role, left) => return self.adopt(EntryId(role), left),
            Action::Redefine(role) => {
                // The chain of a role is in its key.
                return family_of(role).into_iter().try_for_each(|role| self.redefine(role));
            }
            Action::Forget(role) => {
                return family_of(role).into_iter().rev().try_for_each(|role| self.forget(role));
            }
            Action::Demand(role) => {
                self.note_demand(role);
                return self.step(Event::Demand { entry: EntryId(role) }, Cause::Other);
            }
            Action::Ask(role) => {
                self.note_wish(role);
                return self.step(Event::Asked { entry: EntryId(role) }, Cause::Other);
            }
            Action::Deny(role, true) => drop(self.sts.denied.insert(role)),
            Action::Deny(role, false) => drop(self.sts.denied.remove(&role)),
            Action::Outage(on) => self.sts.outage = on,
            Action::Throttle(on) => self.sts.throttle = on,
            Action::Latency(latency) => self.sts.latency = latency,
            Action::LosePercent(percent) => self.sts.lose_percent = percent,
            Action::SessionSeconds(seconds) => self.sts.session_seconds = seconds,
            Action::RefreshBefore(seconds) => {
                (self.refresh_before, self.retuned) = (seconds * 1000, self.time);
                self.policy.refresh_before = Lead::Time(Duration::from_secs(seconds));
                return self.step(Event::Policy { policy: self.policy }, Cause::Other);
            }
            Action::SetWall(ahead) => {
                self.wall_ahead = ahead;
                return invariants::at_the_door(self);
            }
        }
        Ok(())
    }

    /// A child comes before a parent that is not there yet.
    fn define(&mut self, role: u64) -> Result<(), Broken> {
        self.define_alone(role)?;
        match self.unknown_parent(role) {
            Some(parent) => self.define(parent),
            None => Ok(()),
        }
    }

    fn define_alone(&mut self, role: u64) -> Result<(), Broken> {
        let key = self.roles.entry(EntryId(role)).or_default().key;
        self.step(defined(role, key, None), Cause::Other)
    }

    fn unknown_parent(&self, role: u64) -> Option<u64> {
        parent_of(role).filter(|parent| !self.roles.contains_key(&EntryId(*parent)))
    }

    fn redefine(&mut self, role: u64) -> Result<(), Broken> {
        let Some(truth) = self.roles.get_mut(&EntryId(role)) else { return Ok(()) };
        truth.key = truth.key.wrapping_add(1);
        (truth.session, truth.retry, truth.failures) = (None, None, 0);
        truth.unreachable = false;
        let key = truth.key;
        self.step(defined(role, key, None), Cause::Redefined(EntryId(role)))
    }

    fn forget(&mut self, role: u64) -> Result<(), Broken> {
        let gone = self.roles.remove(&EntryId(role));
        self.in_flight -= u32::from(gone.is_some_and(|truth| truth.call.is_some()));
        self.step(Event::Forget { entry: EntryId(role) }, Cause::Other)
    }

    /// Mends all that is broken but the clocks.
    pub(super) fn heal(&mut self) {
        self.sts.heal();
    }

    /// Lets time pass as a shell would: naps to the next wake, 30 s at most, woken by answers.
    pub(super) fn advance(&mut self, by: u64) -> Result<(), Broken> {
        let target = self.time + by;
        let (mut idle, before) = (0, self.steps);
        while self.time < target {
            let nap = self.subject.next_wake(self.now()).map_or(LONGEST_NAP, |wake| {
                u64::try_from(wake.min(Duration::from_millis(LONGEST_NAP)).as_nanos().div_ceil(1_000_000)).unwrap()
            });
            idle = if nap == 0 { idle + 1 } else { 0 };
            let busy = idle >= 100 || self.steps - before > MOST_STEPS;
            ensure(!busy, Invariant::NoBusyLoop, || "the engine wants to be woken again and again".into())?;
            let answer = self.sts.next().unwrap_or(u64::MAX);
            let next = (self.time + nap).min(answer).min(target);
            self.time = self.time.max(next);
            if answer <= self.time {
                self.deliver_answer()?;
            } else {
                self.step(Event::Tick, Cause::Other)?;
            }
        }
        Ok(())
    }

    fn adopt(&mut self, entry: EntryId, left: u64) -> Result<(), Broken> {
        if self.roles.contains_key(&entry) {
            return Ok(());
        }
        if let Some(parent) = self.unknown_parent(entry.0) {
            // It is the parent of which something was left.
            self.define_alone(entry.0)?;
            return self.adopt(EntryId(parent), left);
        }
        let ends = (self.time / 1000 + left) * 1000;
        let (late, early) = ((-self.wall_ahead).max(0).cast_unsigned(), self.wall_ahead.max(0).cast_unsigned());
        let session = Session {
            published: self.time,
            ends,
            lifetime: 3_600_000,
            late,
            early,
            unconfirmed: true,
            frozen: self.frozen,
        };
        self.roles.insert(entry, Truth { session: Some(session), ..Truth::default() });
        let issue = Issue { expires_at: at(ends), asked_for: role::DEFAULT_DURATION, date: None };
        let adopted = Some(Adopted { issue, lifetime: role::DEFAULT_DURATION });
        self.step(defined(entry.0, 0, adopted), Cause::Adopted(entry))
    }

    fn deliver_answer(&mut self) -> Result<(), Broken> {
        let Some(answer) = self.sts.take() else { return Ok(()) };
        let Answer { entry, attempt, key, outcome, begins, ends } = answer;
        // What arrives after its deadline, out of a suspend, is given up first.
        let deadline = u64::try_from(self.policy.deadline.as_millis()).unwrap();
        let boot = self.boot();
        let awaited = |truth: &&mut Truth| {
            truth.key == key && truth.call.is_some_and(|c| c.attempt == attempt && boot < c.boot + deadline)
        };
        let call = self.roles.get_mut(&entry).filter(awaited).and_then(|truth| truth.call.take());
        self.in_flight -= u32::from(call.is_some());
        self.note_jump();
        let (event, cause) = match outcome {
            Ok(issue) => {
                if let Some(call) = call {
                    self.settle(begins, call);
                    let truth = self.roles.get_mut(&entry).unwrap();
                    truth.unreachable = false;
                    let published = self.time;
                    let session = Session {
                        published,
                        ends,
                        lifetime: ends - begins,
                        late: 0,
                        early: 0,
                        unconfirmed: false,
                        frozen: call.frozen,
                    };
                    (truth.session, truth.retry, truth.failures) = (Some(session), None, 0);
                    (truth.waited, truth.asked) = (false, None);
                    (truth.demanded, truth.wished, truth.jumped) = (false, false, false);
                }
                if call.is_some() {
                    self.tell_that_sts_is_reached();
                }
                (Event::Assumed { entry, attempt, issue }, call.map_or(Cause::Other, |_| Cause::Issued(entry)))
            }
            Err(fault) => {
                if call.is_some() {
                    self.note_failure(entry, fault.kind);
                }
                (Event::Failed { entry, attempt, fault }, Cause::Other)
            }
        };
        self.step(event, cause)
    }

    /// An answer tells whether the wall clock is right, and all adopted sessions are timed by it.
    fn settle(&mut self, date: u64, call: Call) {
        let ahead = self.time.cast_signed() + self.wall_ahead - date.cast_signed();
        self.wall = if ahead.abs() > 120_000 { Wall::Wrong } else { Wall::Trusted };
        for session in self.roles.values_mut().filter_map(|truth| truth.session.as_mut()) {
            if std::mem::take(&mut session.unconfirmed) {
                (session.late, session.frozen) = (0, call.frozen);
            }
        }
    }

    /// One answer ends the back-off of all who got none, every 30 s at most.
    fn tell_that_sts_is_reached(&mut self) {
        let boot = self.boot();
        let told_lately = self.reached.is_some_and(|reached| boot < reached + 30_000);
        if told_lately || !self.roles.values().any(|truth| truth.unreachable) {
            return;
        }
        self.reached = Some(boot);
        for truth in self.roles.values_mut().filter(|truth| truth.unreachable) {
            truth.unreachable = false;
            let spread = truth.started.map_or(0, |(_, started)| started + 1000);
            truth.retry = truth.retry.map(|_| (spread, spread.max(boot)));
        }
    }

    fn note_failure(&mut self, entry: EntryId, kind: FaultKind) {
        let boot = self.boot();
        if kind == FaultKind::Throttled {
            self.throttled = Some(boot);
        }
        let truth = self.roles.get_mut(&entry).unwrap();
        truth.unreachable = kind == FaultKind::Unreachable;
        truth.failures += 1;
        let (first, longest) = backoff::bounds(kind);
        let doubled = first.saturating_mul(1 << (truth.failures - 1).min(16)).min(longest);
        let wait = u64::try_from(doubled.as_millis()).unwrap();
        let spread = truth.started.map_or(0, |(_, started)| started + 1000);
        truth.retry = Some((boot + wait * 3 / 4, (boot + wait).max(spread)));
        (truth.waited, truth.asked) = (false, None);
        self.note_let_down(entry.0);
    }

    fn note_jump(&mut self) {
        if self.wall_jumped() {
            self.wall = Wall::Doubted;
            self.roles.values_mut().for_each(|truth| truth.jumped = true);
        }
        self.offset = Some(self.wall_ahead + self.frozen.cast_signed());
    }

    fn step(&mut self, event: Event, cause: Cause) -> Result<(), Broken> {
        self.note_jump();
        self.steps += 1;
        let effects = self.subject.step(self.now(), event);
        invariants::published_is_newest(self, &effects, cause)?;
        let mut started = Vec::new();
        for effect in &effects {
            match *effect {
                Effect::Assume { entry, attempt, reason } => {
                    started.push((entry, reason));
                    self.assume(entry, attempt, reason)?;
                }
                Effect::Cancel { entry, attempt } => self.cancel(entry, attempt, cause)?,
                Effect::Withdraw { entry, .. } => {
                    if let Some(truth) = self.roles.get_mut(&entry) {
                        truth.shown = false;
                    }
                }
                Effect::Publish { entry, version: Version(version) } => {
                    let truth = self.roles.get_mut(&entry).unwrap();
                    (truth.version, truth.shown) = (version, true);
                }
            }
        }
        self.note_parents();
        invariants::whoever_waits_goes_first(self, &started)?;
        invariants::check(self)
    }

    fn cancel(&mut self, entry: EntryId, attempt: Attempt, cause: Cause) -> Result<(), Broken> {
        let Some(truth) = self.roles.get_mut(&entry) else { return Ok(()) };
        let call = truth.call.take();
        ensure(call.is_some_and(|call| call.attempt == attempt), Invariant::CallsAgree, || {
            format!("{entry:?}: {attempt:?} was given up, but {call:?} is under way")
        })?;
        self.in_flight -= 1;
        if cause != Cause::Redefined(entry) {
            self.note_failure(entry, FaultKind::Unreachable);
        }
        Ok(())
    }

    fn assume(&mut self, entry: EntryId, attempt: Attempt, reason: Reason) -> Result<(), Broken> {
        invariants::start_is_allowed(self, entry, reason)?;
        let (time, boot, frozen) = (self.time, self.boot(), self.frozen);
        self.starts.push_back(boot);
        if self.starts.len() > 100 {
            self.starts.pop_front();
        }
        self.in_flight += 1;
        let truth = self.roles.get_mut(&entry).unwrap();
        truth.call = Some(Call { attempt, boot, frozen });
        truth.started = Some((time, boot));
        truth.retry = None;
        self.sts.call(time, entry, attempt, truth.key);
        Ok(())
    }
}
