//! The engine: one step per event, effects out.
//!
//! Promises what the module's head says. Leaves to the shell: the clocks, the calls, the secrets and the sinks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::budget::Budget;
use super::entry::{Entry, Failure, Flight, Held};
use super::queue::Queue;
use super::schedule::{self, MIN_INTERVAL};
use super::timers::Timers;
use super::wall::Wall;
use super::{Adopted, Attempt, Effect, EntryId, Event, Issue, Now, Policy, Reason, Version, Withdrawal, backoff};
use crate::{Fault, FaultKind, RoleKey};

/// Keeps any number of entries assumed.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) policy: Policy,
    pub(super) wall: Wall,
    pub(super) budget: Budget,
    pub(super) entries: BTreeMap<EntryId, Entry>,
    /// By parent, the entries that are assumed with its session.
    pub(super) children: BTreeMap<EntryId, BTreeSet<EntryId>>,
    pub(super) queue: Queue,
    pub(super) timers: Timers,
    attempts: u64,
    /// Entries with a session from an earlier process, whose end is known by a wall clock that no answer has confirmed.
    pub(super) adopted: Vec<EntryId>,
    /// Entries that could not reach STS the last time, and when they were last told that somebody could.
    pub(super) unreachable: BTreeSet<EntryId>,
    pub(super) reached: Option<Duration>,
}

impl Engine {
    /// An engine without entries.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            wall: Wall::default(),
            budget: Budget::new(policy.budget),
            entries: BTreeMap::new(),
            children: BTreeMap::new(),
            queue: Queue::default(),
            timers: Timers::default(),
            attempts: 0,
            adopted: Vec::new(),
            unreachable: BTreeSet::new(),
            reached: None,
        }
    }

    /// Takes in what happened at `now` and returns what has to be done, in this order.
    ///
    /// Events about entries or attempts that are no longer there are ignored.
    pub fn step(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.wall.observe(now) {
            self.probe_wall(now, &mut effects);
        }
        if let Event::Assumed { entry, .. } | Event::Failed { entry, .. } = &event {
            // An answer that comes after its deadline, out of a suspend for example, has come too late.
            self.look(now, *entry, &mut effects);
        }
        match event {
            Event::Define { entry, key, parent, adopted } => {
                self.define(now, entry, key, parent, adopted, &mut effects);
            }
            Event::Forget { entry } => self.forget(now, entry, &mut effects),
            Event::Demand { entry } => self.demand(now, entry, &mut effects),
            Event::Asked { entry } => self.asked(now, entry, &mut effects),
            Event::Assumed { entry, attempt, issue } => self.assumed(now, entry, attempt, issue, &mut effects),
            Event::Failed { entry, attempt, fault } => {
                if let Some(flight) = self.land(entry, attempt) {
                    if fault.kind == FaultKind::BaseExpired {
                        self.renew_parent(now, entry, flight, &mut effects);
                    }
                    self.fail(now, entry, attempt, fault);
                    self.look(now, entry, &mut effects);
                }
            }
            Event::Policy { policy } => self.follow(now, policy, &mut effects),
            Event::Tick => {}
        }
        while let Some(entry) = self.timers.rung(now, self.wall.trusted(now)) {
            self.look(now, entry, &mut effects);
        }
        while let Some(entry) = self.queue.first() {
            if !self.budget.take(now.boot) {
                break;
            }
            self.start(now, entry, &mut effects);
        }
        effects
    }

    fn define(
        &mut self,
        now: Now,
        id: EntryId,
        key: RoleKey,
        parent: Option<EntryId>,
        adopted: Option<Adopted>,
        effects: &mut Vec<Effect>,
    ) {
        let is_new = !self.entries.contains_key(&id);
        self.entries.entry(id).or_insert_with(|| Entry::new(key));
        self.set_parent(id, parent);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if is_new && let Some(Adopted { issue, lifetime }) = adopted {
            let flight = Flight { attempt: Attempt(0), started: now.boot, reason: Reason::Adopted };
            let left = schedule::lifetime(now, issue);
            effects.extend(self.hold(now, id, flight, issue, left, lifetime));
            self.adopted.push(id);
            self.look_at_children(now, id, effects);
        } else if entry.key != key {
            entry.key = key;
            entry.empty = Reason::SpecChanged;
            entry.unblocked = false;
            entry.failure = None;
            self.unreachable.remove(&id);
            entry.not_before = entry.earliest.max(now.boot);
            if entry.held.take().is_some() {
                effects.push(Effect::Withdraw { entry: id, reason: Withdrawal::SpecChanged });
                self.look_at_children(now, id, effects);
            }
            self.abandon(id, effects);
        }
        self.look(now, id, effects);
    }

    fn forget(&mut self, now: Now, id: EntryId, effects: &mut Vec<Effect>) {
        self.abandon(id, effects);
        let Some(entry) = self.entries.remove(&id) else { return };
        if let Some(parent) = entry.parent {
            self.disown(parent, id);
        }
        self.unreachable.remove(&id);
        self.queue.replace(entry.place, None);
        self.timers.set(id, entry.alarm, super::timers::Alarm::default());
        if entry.held.is_some() {
            effects.push(Effect::Withdraw { entry: id, reason: Withdrawal::Forgotten });
            self.look_at_children(now, id, effects);
        }
    }

    fn follow(&mut self, now: Now, policy: Policy, effects: &mut Vec<Effect>) {
        self.policy = policy;
        self.budget.follow(policy.budget, now.boot);
        let ids: Vec<_> = self.entries.keys().copied().collect();
        for id in ids {
            if let Some(held) = self.entries.get_mut(&id).and_then(|entry| entry.held.as_mut()) {
                // The jitter stays: it is drawn from the same version.
                held.lead = schedule::lead(policy.refresh_before, held.lifetime, policy.seed, id, held.version);
            }
            self.look(now, id, effects);
        }
    }

    fn demand(&mut self, now: Now, id: EntryId, effects: &mut Vec<Effect>) {
        let trusted = self.wall.trusted(now);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        match &mut entry.held {
            Some(held) if held.is_early(held.left(now, trusted)) => {
                held.nudge.get_or_insert(Reason::Demanded);
            }
            Some(_) => {}
            None => {
                entry.waited = true;
                if let Some(parent) = self.missing_parent(now, id) {
                    self.demand(now, parent, effects);
                }
            }
        }
        self.look(now, id, effects);
    }

    fn asked(&mut self, now: Now, id: EntryId, effects: &mut Vec<Effect>) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        entry.asked = true;
        if let Some(held) = &mut entry.held {
            // Should the call fail, it is tried again like any other.
            held.nudge = Some(Reason::Asked);
        }
        entry.not_before = entry.not_before.min(entry.earliest);
        if let Some(failure) = &mut entry.failure {
            failure.count = 0;
        }
        if let Some(parent) = self.missing_parent(now, id) {
            self.asked(now, parent, effects);
        }
        self.look(now, id, effects);
    }

    fn assumed(&mut self, now: Now, id: EntryId, attempt: Attempt, issue: Issue, effects: &mut Vec<Effect>) {
        let Some(flight) = self.land(id, attempt) else { return };
        if let Some(date) = issue.date {
            self.settle(now, flight, date, effects);
        }
        self.unreachable.remove(&id);
        self.sts_is_reached(now, effects);
        self.parent_is_taken(id);
        match issue.life(now) {
            Ok(lifetime) => effects.extend(self.hold(now, id, flight, issue, lifetime, lifetime)),
            Err(fault) => self.fail(now, id, attempt, fault),
        }
        self.look(now, id, effects);
        self.look_at_children(now, id, effects);
    }

    /// Learns from the `Date` of an answer whether the wall clock is right, and what was adopted by it is timed again.
    fn settle(&mut self, now: Now, flight: Flight, date: Timestamp, effects: &mut Vec<Effect>) {
        self.wall.settle(now, date);
        for id in std::mem::take(&mut self.adopted) {
            let entry = self.entries.get_mut(&id).and_then(|entry| entry.held.as_mut());
            let Some(held) = entry.filter(|held| held.reason == Reason::Adopted) else { continue };
            let issue = Issue { expires_at: held.expires_at, asked_for: held.asked_for, date: Some(date) };
            held.ends = flight.started + schedule::lifetime(now, issue);
            self.look(now, id, effects);
        }
    }

    /// Ends the back-off of all who could not reach STS, since somebody does: else an outage would last half a minute longer
    /// for some. Where only some endpoints can be reached this would end each back-off of the others, hence not too often.
    fn sts_is_reached(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let (_, longest) = backoff::bounds(FaultKind::Unreachable);
        if self.unreachable.is_empty() || self.reached.is_some_and(|reached| now.boot < reached + longest) {
            return;
        }
        self.reached = Some(now.boot);
        for id in std::mem::take(&mut self.unreachable) {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.not_before = entry.not_before.min(entry.earliest);
                self.look(now, id, effects);
            }
        }
    }

    /// Replaces what is held by what `flight` brought: `left` is what it has to live from the flight's start on, `whole`
    /// what it had when it was new, by which its refresh is timed.
    fn hold(
        &mut self,
        now: Now,
        id: EntryId,
        flight: Flight,
        issue: Issue,
        left: Duration,
        whole: Duration,
    ) -> Option<Effect> {
        let entry = self.entries.get_mut(&id)?;
        let version = Version(entry.version.0 + 1);
        let lead = schedule::lead(self.policy.refresh_before, whole, self.policy.seed, id, version);
        entry.version = version;
        entry.reason = Some(flight.reason);
        entry.failure = None;
        entry.waited = false;
        entry.asked = false;
        entry.empty = Reason::Expired;
        entry.unblocked = false;
        entry.not_before = entry.earliest;
        entry.held = Some(Held {
            version,
            issued: now,
            expires_at: issue.expires_at,
            ends: flight.started + left,
            lifetime: whole,
            lead,
            asked_for: issue.asked_for,
            reason: flight.reason,
            nudge: None,
        });
        Some(Effect::Publish { entry: id, version })
    }

    /// Ends the flight of `attempt` if it is the one under way.
    fn land(&mut self, id: EntryId, attempt: Attempt) -> Option<Flight> {
        let entry = self.entries.get_mut(&id)?;
        let flight = entry.flight.take_if(|flight| flight.attempt == attempt)?;
        self.budget.give_back();
        Some(flight)
    }

    /// Gives up the flight under way, if any.
    fn abandon(&mut self, id: EntryId, effects: &mut Vec<Effect>) {
        if let Some(flight) = self.entries.get(&id).and_then(|entry| entry.flight) {
            self.land(id, flight.attempt);
            effects.push(Effect::Cancel { entry: id, attempt: flight.attempt });
        }
    }

    fn fail(&mut self, now: Now, id: EntryId, attempt: Attempt, fault: Fault) {
        if fault.kind == FaultKind::Throttled {
            self.budget.throttled(now.boot);
        }
        if fault.kind == FaultKind::Unreachable {
            self.unreachable.insert(id);
        } else {
            self.unreachable.remove(&id);
        }
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let (since, count) = entry.failure.as_ref().map_or((now.wall, 0), |failure| (failure.since, failure.count));
        let count = count.saturating_add(1);
        entry.not_before = entry.earliest.max(now.boot + backoff::wait(fault.kind, count, id, attempt));
        entry.failure = Some(Failure { fault, since, count });
        entry.waited = false;
        entry.asked = false;
        self.let_down(id);
    }

    /// Brings one entry up to date with the time: deadline, expiry, place in the queue, next alarm.
    pub(super) fn look(&mut self, now: Now, id: EntryId, effects: &mut Vec<Effect>) {
        let trusted = self.wall.trusted(now);
        let overdue = |flight: &Flight| now.boot >= flight.started + self.policy.deadline;
        if let Some(flight) = self.entries.get(&id).and_then(|entry| entry.flight).filter(overdue) {
            self.abandon(id, effects);
            self.fail(now, id, flight.attempt, no_answer(self.policy.deadline));
        }
        let ready = self.is_ready(now, id);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let ended = entry.held.take_if(|held| held.left(now, trusted).is_zero()).is_some();
        if ended {
            effects.push(Effect::Withdraw { entry: id, reason: Withdrawal::Expired });
        }
        entry.unblocked |= entry.blocked && ready;
        entry.blocked = !ready && entry.wants(now, trusted).is_some();
        let place = entry.place(id, now, trusted);
        let alarm = entry.alarm(now, place, self.policy.deadline);
        self.queue.replace(std::mem::replace(&mut entry.place, place), place);
        self.timers.set(id, std::mem::replace(&mut entry.alarm, alarm), alarm);
        if ended {
            self.look_at_children(now, id, effects);
        }
    }

    /// Starts the call of an entry that stands in the queue; its place in the budget is taken already.
    fn start(&mut self, now: Now, id: EntryId, effects: &mut Vec<Effect>) {
        let trusted = self.wall.trusted(now);
        self.attempts += 1;
        let attempt = Attempt(self.attempts);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let reason = entry.wants(now, trusted).map_or(entry.empty, |(reason, _)| reason);
        entry.unblocked = false;
        entry.flight = Some(Flight { attempt, started: now.boot, reason });
        entry.reason = Some(reason);
        entry.earliest = now.boot + MIN_INTERVAL;
        effects.push(Effect::Assume { entry: id, attempt, reason });
        self.look(now, id, effects);
    }

    /// Has the healthy session whose alarm is next refreshed, since any answer of STS tells whether the wall clock is right.
    pub(super) fn probe_wall(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let healthy = |id: &EntryId| self.entries.get(id).is_some_and(|e| e.held.is_some() && e.failure.is_none());
        let Some(id) = self.timers.in_order().find(healthy) else { return };
        if let Some(held) = self.entries.get_mut(&id).and_then(|entry| entry.held.as_mut()) {
            held.nudge.get_or_insert(Reason::ClockDoubted);
            self.look(now, id, effects);
        }
    }
}

fn no_answer(deadline: Duration) -> Fault {
    Fault::new(
        FaultKind::Unreachable,
        format!("STS did not answer within {} s", deadline.as_secs()),
        "check the network, and that the STS endpoint can be reached from here",
    )
}
