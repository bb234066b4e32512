//! The engine under test, and ways to break it.
//!
//! A mutant is a fault that somebody could build into the engine. It is done from outside, to what goes in, what comes
//! out and what is remembered, so that nothing of it stands in the product.

use std::time::Duration;

use jiff::SignedDuration;

use crate::rotation::entry::{Entry, Held};
use crate::rotation::queue::Urgency;
use crate::rotation::timers::Alarm;
use crate::rotation::wall::Wall;
use crate::rotation::{
    Effect, Engine, EntryId, Event, Glance, Lead, NotServable, Now, Policy, Reason, Withdrawal, backoff,
};

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mutant {
    ServeIgnoresTheEnd,
    WallClockAlone,
    BootClockAlone,
    BootEndCountsFromTheAnswer,
    LivesAsLongAsAskedFor,
    AdoptedIsNotTimedAgain,
    StaleAnswersCount,
    AnswersAreDropped,
    ManyInFlight,
    ManyASecond,
    EachCallTwice,
    NoDeadline,
    CancelIsNotTold,
    NoMinimumInterval,
    QueueFromTheBack,
    RefreshThriceAsEarly,
    RefreshAtHalfTheLead,
    JitterMovesLater,
    AlarmIsLost,
    PolicyIsIgnored,
    PolicyIsForTheNextSession,
    WakesAtOnce,
    DemandAtAnyTime,
    NudgeOutlivesTheSession,
    JumpIsNotNoticed,
    SmallStepsAreDoubted,
    DateIsNotRead,
    AskedIsIgnored,
    AskedWaitsForTheBackOff,
    AskedKeepsTheBackOff,
    AskedDropsWhatIsHeld,
    AskedAgainAfterTheAnswer,
    NoRetry,
    NoBackOff,
    BackOffWithoutBound,
    NewWaitsForEver,
    ChildrenDoNotWait,
    ParentsWakeNobody,
    OneAnswerHelpsNobodyElse,
    EachAnswerHelpsAll,
    SuccessKeepsTheFailure,
    FailureDropsWhatIsHeld,
    ForgetIsIgnored,
    RedefinitionIsIgnored,
    EndIsNotWithdrawn,
}

/// The engine, whole or broken.
pub(super) struct Subject {
    engine: Engine,
    mutant: Option<Mutant>,
    /// When it stepped last, for the one mutant that asks.
    seen: Option<Now>,
}

impl Subject {
    pub(super) fn new(mut policy: Policy, mutant: Option<Mutant>) -> Self {
        match mutant {
            Some(Mutant::ManyInFlight) => policy.budget.in_flight = 1000,
            Some(Mutant::ManyASecond) => (policy.budget.per_second, policy.budget.burst) = (1000, 1000),
            Some(Mutant::NoDeadline) => policy.deadline = Duration::from_secs(1_000_000),
            Some(Mutant::RefreshThriceAsEarly) => policy.refresh_before = Lead::Time(Duration::from_secs(1800)),
            Some(Mutant::RefreshAtHalfTheLead) => policy.refresh_before = Lead::Time(Duration::from_secs(300)),
            _ => {}
        }
        Self { engine: Engine::new(policy), mutant, seen: None }
    }

    pub(super) fn step(&mut self, now: Now, event: Event) -> Vec<Effect> {
        let Some(mutant) = self.mutant else { return self.engine.step(now, event) };
        let event = self.garbled(mutant, event);
        let before = self.engine.clone();
        self.prepare(mutant);
        let mut effects = self.engine.step(now, event.clone());
        self.spoil(mutant, now, &event, &before, &mut effects);
        effects
    }

    pub(super) fn next_wake(&self, now: Now) -> Option<Duration> {
        match self.mutant {
            Some(Mutant::WakesAtOnce) => Some(Duration::ZERO),
            _ => self.engine.next_wake(now),
        }
    }

    pub(super) fn serve(&self, now: Now, entry: EntryId) -> Result<&Held, NotServable> {
        match self.mutant {
            Some(Mutant::ServeIgnoresTheEnd) => {
                let held = self.engine.entries.get(&entry).and_then(|entry| entry.held.as_ref());
                held.map_or_else(|| self.engine.serve(now, entry), Ok)
            }
            _ => self.engine.serve(now, entry),
        }
    }

    pub(super) fn glance(&self, now: Now, entry: EntryId) -> Option<Glance<'_>> {
        self.engine.glance(now, entry)
    }

    pub(super) fn clock_skew(&self) -> Option<SignedDuration> {
        self.engine.clock_skew()
    }

    pub(super) fn stands_in_queue(&self, entry: EntryId) -> bool {
        self.engine.entries.get(&entry).is_some_and(|entry| entry.place.is_some())
    }

    /// What the mutant takes the event for.
    fn garbled(&self, mutant: Mutant, event: Event) -> Event {
        let flight = |entry: &EntryId| self.engine.entries.get(entry).and_then(|entry| entry.flight);
        match (mutant, event) {
            (Mutant::AnswersAreDropped, Event::Assumed { .. })
            | (Mutant::PolicyIsIgnored, Event::Policy { .. })
            | (Mutant::ForgetIsIgnored, Event::Forget { .. }) => Event::Tick,
            (Mutant::AskedIsIgnored, Event::Asked { entry })
                if self.engine.entries.get(&entry).is_some_and(|known| known.failure.is_none()) =>
            {
                Event::Tick
            }
            (Mutant::AskedWaitsForTheBackOff, Event::Asked { entry })
                if self.engine.entries.get(&entry).is_some_and(|known| known.failure.is_some()) =>
            {
                Event::Tick
            }
            (Mutant::RedefinitionIsIgnored, Event::Define { entry, key, .. })
                if self.engine.entries.get(&entry).is_some_and(|known| known.key != key) =>
            {
                Event::Tick
            }
            (Mutant::ChildrenDoNotWait, Event::Define { entry, key, adopted, .. }) => {
                Event::Define { entry, key, parent: None, adopted }
            }
            (Mutant::StaleAnswersCount, Event::Assumed { entry, attempt, issue }) => {
                Event::Assumed { entry, attempt: flight(&entry).map_or(attempt, |flight| flight.attempt), issue }
            }
            (Mutant::DateIsNotRead, Event::Assumed { entry, attempt, mut issue }) => {
                issue.date = None;
                Event::Assumed { entry, attempt, issue }
            }
            (Mutant::LivesAsLongAsAskedFor, Event::Assumed { entry, attempt, mut issue }) => {
                issue.expires_at = issue.date.map_or(issue.expires_at, |date| date + issue.asked_for);
                Event::Assumed { entry, attempt, issue }
            }
            (_, event) => event,
        }
    }

    /// What the mutant forgets before a step.
    fn prepare(&mut self, mutant: Mutant) {
        match mutant {
            Mutant::JumpIsNotNoticed => self.engine.wall = Wall::default(),
            Mutant::AdoptedIsNotTimedAgain => self.engine.adopted.clear(),
            Mutant::ParentsWakeNobody => self.engine.children.clear(),
            Mutant::OneAnswerHelpsNobodyElse => self.engine.unreachable.clear(),
            Mutant::EachAnswerHelpsAll => self.engine.reached = None,
            Mutant::QueueFromTheBack => {
                for (id, entry) in &mut self.engine.entries {
                    let turned = entry.place.map(|(urgency, at, _)| (opposite(urgency), at, *id));
                    self.engine.queue.replace(std::mem::replace(&mut entry.place, turned), turned);
                }
            }
            _ => {}
        }
    }

    /// What the mutant makes of a step that the engine did right.
    fn spoil(&mut self, mutant: Mutant, now: Now, event: &Event, before: &Engine, effects: &mut Vec<Effect>) {
        match mutant {
            Mutant::EndIsNotWithdrawn => effects.retain(|effect| !matches!(effect, Effect::Withdraw { .. })),
            Mutant::CancelIsNotTold => effects.retain(|effect| !matches!(effect, Effect::Cancel { .. })),
            Mutant::EachCallTwice => {
                let calls = effects.iter().filter(|effect| matches!(effect, Effect::Assume { .. }));
                let calls: Vec<_> = calls.cloned().collect();
                effects.extend(calls);
            }
            Mutant::SmallStepsAreDoubted
                if self.seen.replace(now).is_some_and(|seen| !now.drift_since(seen).is_zero()) =>
            {
                self.engine.probe_wall(now, effects);
            }
            _ => {}
        }
        let ids: Vec<_> = self.engine.entries.keys().copied().collect();
        for id in ids {
            let old = before.entries.get(&id);
            let published = effects.iter().any(|e| matches!(e, Effect::Publish { entry, .. } if *entry == id));
            let Some(entry) = self.engine.entries.get_mut(&id) else { continue };
            let about = Spoil { now, event, old, published, id };
            if about.entry(mutant, entry, effects) {
                self.engine.look(now, id, effects);
            }
        }
        if mutant == Mutant::AlarmIsLost {
            for (id, entry) in self.engine.entries.iter_mut().filter(|(_, e)| e.flight.is_none() && e.held.is_some()) {
                let end = Alarm { boot: entry.held.as_ref().map(|held| held.ends), wall: None };
                self.engine.timers.set(*id, std::mem::replace(&mut entry.alarm, end), end);
            }
        }
    }
}

/// What is known about one entry when it is spoilt.
struct Spoil<'a> {
    now: Now,
    event: &'a Event,
    old: Option<&'a Entry>,
    /// Whether the step brought it a session.
    published: bool,
    id: EntryId,
}

impl Spoil<'_> {
    /// Breaks the entry as `mutant` does. True when it did.
    fn entry(&self, mutant: Mutant, entry: &mut Entry, effects: &mut Vec<Effect>) -> bool {
        let asked = *self.event == Event::Asked { entry: self.id };
        let count = |entry: &Entry| entry.failure.as_ref().map_or(0, |failure| failure.count);
        let failed = count(entry) > self.old.map_or(0, count);
        match mutant {
            Mutant::WallClockAlone if self.published => change(&mut entry.held, |held| {
                held.ends += Duration::from_hours(24);
            }),
            Mutant::BootClockAlone if self.published => match &mut entry.held {
                // One that was adopted is timed again by its end.
                Some(held) if held.reason != Reason::Adopted => {
                    held.expires_at += Duration::from_hours(24);
                    true
                }
                _ => false,
            },
            Mutant::BootEndCountsFromTheAnswer if self.published => change(&mut entry.held, |held| {
                held.ends = self.now.boot + held.lifetime;
            }),
            Mutant::JitterMovesLater if self.published => change(&mut entry.held, |held| {
                let lead = Policy::default().refresh_before.of(held.lifetime);
                held.lead = (lead * 2).saturating_sub(held.lead);
            }),
            Mutant::PolicyIsForTheNextSession if matches!(self.event, Event::Policy { .. }) => {
                let lead = self.old.and_then(|old| old.held.as_ref()).map(|held| held.lead);
                change(&mut entry.held, |held| held.lead = lead.unwrap_or(held.lead))
            }
            Mutant::NudgeOutlivesTheSession if self.published => change(&mut entry.held, |held| {
                held.nudge = Some(Reason::Demanded);
            }),
            Mutant::DemandAtAnyTime if *self.event == (Event::Demand { entry: self.id }) => {
                change(&mut entry.held, |held| held.nudge = Some(Reason::Demanded))
            }
            Mutant::NoMinimumInterval if self.published => {
                (entry.earliest, entry.not_before) = (Duration::ZERO, Duration::ZERO);
                true
            }
            Mutant::AskedKeepsTheBackOff if asked => {
                entry.failure = self.old.and_then(|old| old.failure.clone());
                true
            }
            Mutant::AskedAgainAfterTheAnswer if self.published => {
                entry.asked = self.old.is_some_and(|old| old.asked);
                entry.asked
            }
            Mutant::NewWaitsForEver if entry.reason.is_none() => {
                entry.not_before = Duration::from_secs(1_000_000_000);
                true
            }
            Mutant::NoRetry if failed => {
                entry.not_before = Duration::from_secs(1_000_000_000);
                true
            }
            Mutant::NoBackOff if failed => {
                entry.not_before = entry.earliest;
                true
            }
            Mutant::BackOffWithoutBound if failed => change(&mut entry.failure, |failure| {
                let (first, _) = backoff::bounds(failure.fault.kind);
                entry.not_before = self.now.boot + first * (1 << (failure.count - 1).min(16));
            }),
            Mutant::SuccessKeepsTheFailure if self.published => {
                entry.failure = self.old.and_then(|old| old.failure.clone());
                true
            }
            Mutant::FailureDropsWhatIsHeld if failed => self.drop_held(entry, effects),
            Mutant::AskedDropsWhatIsHeld if asked => self.drop_held(entry, effects),
            _ => false,
        }
    }

    fn drop_held(&self, entry: &mut Entry, effects: &mut Vec<Effect>) -> bool {
        if entry.held.take().is_none() {
            return false;
        }
        effects.push(Effect::Withdraw { entry: self.id, reason: Withdrawal::Expired });
        true
    }
}

fn change<T>(value: &mut Option<T>, change: impl FnOnce(&mut T)) -> bool {
    value.as_mut().map(change).is_some()
}

fn opposite(urgency: Urgency) -> Urgency {
    match urgency {
        Urgency::Waited => Urgency::Early,
        Urgency::NothingHeld => Urgency::Due,
        Urgency::Due => Urgency::NothingHeld,
        Urgency::Early => Urgency::Waited,
    }
}
