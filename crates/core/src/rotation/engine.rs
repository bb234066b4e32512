//! The engine: one step per event, effects out.
//!
//! Promises what the module's head says. Leaves to the shell: the clocks, the calls, the secrets and the sinks.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::budget::Budget;
use super::entry::{Entry, Failure, Flight, Held};
use super::queue::Queue;
use super::schedule::{self, DEMAND_WINDOW, MIN_INTERVAL};
use super::timers::Timers;
use super::wall::Wall;
use super::{Attempt, Effect, EntryId, Event, Issue, NotServable, Now, Policy, Reason, Version, Withdrawal, backoff};
use crate::{Fault, FaultKind, RoleKey};

/// Keeps any number of entries assumed.
#[derive(Clone, Debug)]
pub struct Engine {
    policy: Policy,
    wall: Wall,
    budget: Budget,
    entries: BTreeMap<EntryId, Entry>,
    queue: Queue,
    timers: Timers,
    attempts: u64,
}

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
    /// Failures since the last success.
    pub failure: Option<&'a Failure>,
    /// When the next call will be wanted, by the wall clock; none while one is under way.
    pub next_attempt_at: Option<Timestamp>,
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
            queue: Queue::default(),
            timers: Timers::default(),
            attempts: 0,
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
            Event::Define { entry, key, adopted } => self.define(now, entry, key, adopted, &mut effects),
            Event::Forget { entry } => self.forget(entry, &mut effects),
            Event::Demand { entry } => self.demand(now, entry, &mut effects),
            Event::Assumed { entry, attempt, issue } => self.assumed(now, entry, attempt, issue, &mut effects),
            Event::Failed { entry, attempt, fault } => {
                if self.land(entry, attempt).is_some() {
                    self.fail(now, entry, attempt, fault);
                    self.look(now, entry, &mut effects);
                }
            }
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

    /// How long the shell may sleep before the next [`Event::Tick`]; none when nothing is to come.
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
        let entry = self.entries.get(&entry).ok_or(NotServable::Unknown)?;
        if let Some(held) = self.valid(now, entry) {
            return Ok(held);
        }
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
        let entry = self.entries.get(&entry)?;
        let trusted = self.wall.trusted(now);
        let held = self.valid(now, entry);
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
            failure: entry.failure.as_ref(),
            next_attempt_at: entry.flight.is_none().then(next),
        })
    }

    /// How far the wall clock is ahead of STS, if STS showed it to be more than 2 minutes wrong.
    #[must_use]
    pub fn clock_skew(&self) -> Option<SignedDuration> {
        self.wall.skew()
    }

    fn valid<'a>(&self, now: Now, entry: &'a Entry) -> Option<&'a Held> {
        entry.held.as_ref().filter(|held| !held.left(now, self.wall.trusted(now)).is_zero())
    }

    fn define(&mut self, now: Now, id: EntryId, key: RoleKey, adopted: Option<Issue>, effects: &mut Vec<Effect>) {
        let is_new = !self.entries.contains_key(&id);
        let entry = self.entries.entry(id).or_insert_with(|| Entry::new(key));
        if is_new && let Some(issue) = adopted {
            let flight = Flight { attempt: Attempt(0), started: now.boot, reason: Reason::Adopted };
            let left = schedule::lifetime(now, issue);
            effects.extend(self.hold(now, id, flight, issue, left, issue.asked_for));
        } else if entry.key != key {
            entry.key = key;
            entry.empty = Reason::SpecChanged;
            entry.failure = None;
            entry.not_before = now.boot;
            if entry.held.take().is_some() {
                effects.push(Effect::Withdraw { entry: id, reason: Withdrawal::SpecChanged });
            }
            self.abandon(id, effects);
        }
        self.look(now, id, effects);
    }

    fn forget(&mut self, id: EntryId, effects: &mut Vec<Effect>) {
        self.abandon(id, effects);
        let Some(entry) = self.entries.remove(&id) else { return };
        self.queue.replace(entry.place, None);
        self.timers.set(id, entry.alarm, super::timers::Alarm::default());
        if entry.held.is_some() {
            effects.push(Effect::Withdraw { entry: id, reason: Withdrawal::Forgotten });
        }
    }

    fn demand(&mut self, now: Now, id: EntryId, effects: &mut Vec<Effect>) {
        let trusted = self.wall.trusted(now);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        match &mut entry.held {
            Some(held) if held.left(now, trusted) < DEMAND_WINDOW.min(held.lifetime / 2) => {
                held.nudge.get_or_insert(Reason::Demanded);
            }
            Some(_) => {}
            None => entry.waited = true,
        }
        self.look(now, id, effects);
    }

    fn assumed(&mut self, now: Now, id: EntryId, attempt: Attempt, issue: Issue, effects: &mut Vec<Effect>) {
        let Some(flight) = self.land(id, attempt) else { return };
        if let Some(date) = issue.date {
            self.wall.settle(now, date);
        }
        let lifetime = schedule::lifetime(now, issue);
        if lifetime.is_zero() {
            self.fail(now, id, attempt, ended_at_birth(issue));
        } else {
            effects.extend(self.hold(now, id, flight, issue, lifetime, lifetime));
        }
        self.look(now, id, effects);
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
        entry.empty = Reason::Expired;
        entry.not_before = flight.started + MIN_INTERVAL;
        entry.held = Some(Held {
            version,
            issued: now,
            expires_at: issue.expires_at,
            ends: flight.started + left,
            lifetime: left,
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
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let (since, count) = entry.failure.as_ref().map_or((now.wall, 0), |failure| (failure.since, failure.count));
        let count = count.saturating_add(1);
        entry.not_before = now.boot + backoff::wait(fault.kind, count, id, attempt);
        entry.failure = Some(Failure { fault, since, count });
        entry.waited = false;
    }

    /// Brings one entry up to date with the time: deadline, expiry, place in the queue, next alarm.
    fn look(&mut self, now: Now, id: EntryId, effects: &mut Vec<Effect>) {
        let trusted = self.wall.trusted(now);
        let overdue = |flight: &Flight| now.boot >= flight.started + self.policy.deadline;
        if let Some(flight) = self.entries.get(&id).and_then(|entry| entry.flight).filter(overdue) {
            self.abandon(id, effects);
            self.fail(now, id, flight.attempt, no_answer(self.policy.deadline));
        }
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.held.take_if(|held| held.left(now, trusted).is_zero()).is_some() {
            effects.push(Effect::Withdraw { entry: id, reason: Withdrawal::Expired });
        }
        let place = entry.place(id, now, trusted);
        let alarm = entry.alarm(now, place.is_some(), self.policy.deadline);
        self.queue.replace(std::mem::replace(&mut entry.place, place), place);
        self.timers.set(id, std::mem::replace(&mut entry.alarm, alarm), alarm);
    }

    /// Starts the call of an entry that stands in the queue; its place in the budget is taken already.
    fn start(&mut self, now: Now, id: EntryId, effects: &mut Vec<Effect>) {
        let trusted = self.wall.trusted(now);
        self.attempts += 1;
        let attempt = Attempt(self.attempts);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let reason = entry.wants(now, trusted).map_or(entry.empty, |(reason, _)| reason);
        entry.flight = Some(Flight { attempt, started: now.boot, reason });
        entry.reason = Some(reason);
        effects.push(Effect::Assume { entry: id, attempt, reason });
        self.look(now, id, effects);
    }

    /// Has the session that ends first refreshed, since any answer of STS tells whether the wall clock is right.
    fn probe_wall(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let healthy = self.entries.iter_mut().filter(|(_, entry)| entry.failure.is_none());
        let held = healthy.filter_map(|(id, entry)| entry.held.as_mut().map(|held| (*id, held)));
        if let Some((id, held)) = held.min_by_key(|(_, held)| held.ends) {
            held.nudge.get_or_insert(Reason::ClockDoubted);
            self.look(now, id, effects);
        }
    }

    /// The number of the newest session of `entry`; 0 before the first.
    #[must_use]
    pub fn version(&self, entry: EntryId) -> Version {
        self.entries.get(&entry).map_or(Version(0), |entry| entry.version)
    }
}

fn no_answer(deadline: Duration) -> Fault {
    Fault::new(
        FaultKind::Unreachable,
        format!("STS did not answer within {} s", deadline.as_secs()),
        "check the network, and that the STS endpoint can be reached from here",
    )
}

fn ended_at_birth(issue: Issue) -> Fault {
    Fault::new(
        FaultKind::Clock,
        format!("STS returned a session that had already ended, at {}", issue.expires_at),
        "set the clock of this machine right, and look at what answers at the STS endpoint",
    )
}
