//! What must hold after every step, by name.

use std::fmt;

use super::action::ROLES;
use super::truth::{Truth, Wall};
use super::world::{LONGEST_NAP, World};
use crate::rotation::{Effect, EntryId, NotServable, Reason, Version};

/// A promise of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Invariant {
    NothingIsServedPastItsEnd,
    WhatIsValidIsServed,
    OnlyTheNewestIsServed,
    SinksShowWhatIsServed,
    PublishedIsNewest,
    NothingIsInFlightPastItsDeadline,
    CallsAgree,
    CallsUnderWayStayWithinTheBudget,
    CallsASecondStayWithinTheBudget,
    OneCallAtATime,
    ChildrenWaitForParents,
    CallsAreSpread,
    WhoeverWaitsGoesFirst,
    RefreshIsNotEarly,
    RefreshIsInTime,
    DemandIsNotEarly,
    DoubtNeedsAJump,
    AskedIsAskedOnce,
    AskedIsAskedNow,
    BackOffIsKept,
    BackOffEnds,
    NewIsAskedFor,
    ForgottenIsGone,
    WrongClockIsTold,
    NoBusyLoop,
    AllRecover,
}

impl Invariant {
    pub(super) const ALL: [Self; 26] = [
        Self::NothingIsServedPastItsEnd,
        Self::WhatIsValidIsServed,
        Self::OnlyTheNewestIsServed,
        Self::SinksShowWhatIsServed,
        Self::PublishedIsNewest,
        Self::NothingIsInFlightPastItsDeadline,
        Self::CallsAgree,
        Self::CallsUnderWayStayWithinTheBudget,
        Self::CallsASecondStayWithinTheBudget,
        Self::OneCallAtATime,
        Self::ChildrenWaitForParents,
        Self::CallsAreSpread,
        Self::WhoeverWaitsGoesFirst,
        Self::RefreshIsNotEarly,
        Self::RefreshIsInTime,
        Self::DemandIsNotEarly,
        Self::DoubtNeedsAJump,
        Self::AskedIsAskedOnce,
        Self::AskedIsAskedNow,
        Self::BackOffIsKept,
        Self::BackOffEnds,
        Self::NewIsAskedFor,
        Self::ForgottenIsGone,
        Self::WrongClockIsTold,
        Self::NoBusyLoop,
        Self::AllRecover,
    ];
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    pub(super) invariant: Invariant,
    detail: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.detail)
    }
}

type Kept = Result<(), Broken>;

pub(super) fn ensure(kept: bool, invariant: Invariant, detail: impl FnOnce() -> String) -> Kept {
    if kept { Ok(()) } else { Err(Broken { invariant, detail: detail() }) }
}

/// What a step is about, as far as its effects have to be judged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Other,
    Redefined(EntryId),
    Adopted(EntryId),
    /// The answer that the entry waits for, with a session.
    Issued(EntryId),
}

/// How much too early a session may be given up: the wall clock may be 2 minutes off and still be trusted, and the boot
/// clock counts from when we asked, up to 20 s before STS issued, and by whole seconds.
const EARLY: u64 = 120_000 + 22_000;

/// What holds at any moment, whether or not the engine was told that it has come.
pub(super) fn at_the_door(world: &World) -> Kept {
    for (&entry, truth) in &world.roles {
        nothing_is_served_past_its_end(world, entry, truth)?;
        what_is_valid_is_served(world, entry, truth)?;
    }
    Ok(())
}

/// What holds after every step.
pub(super) fn check(world: &World) -> Kept {
    at_the_door(world)?;
    for (&entry, truth) in &world.roles {
        sinks_show_what_is_served(world, entry, truth)?;
        calls_agree(world, entry, truth)?;
        refresh_is_in_time(world, entry, truth)?;
        asked_is_asked_now(world, entry, truth)?;
        back_off_ends(world, entry, truth)?;
        new_is_asked_for(world, entry, truth)?;
    }
    calls_stay_within_the_budget(world)?;
    forgotten_is_gone(world)?;
    wrong_clock_is_told(world)
}

fn nothing_is_served_past_its_end(world: &World, entry: EntryId, truth: &Truth) -> Kept {
    let Ok(held) = world.subject.serve(world.now(), entry) else { return Ok(()) };
    let newest = truth.session.filter(|_| held.version.0 == truth.version);
    ensure(newest.is_some(), Invariant::OnlyTheNewestIsServed, || format!("{entry:?} {held:?} {truth:?}"))?;
    let Some(session) = newest else { return Ok(()) };
    // A boot clock that stood still shows the end too late by as much, unless the wall clock is believed and knows better.
    let frozen = world.frozen - session.frozen;
    let behind = (-world.wall_ahead).max(0).cast_unsigned();
    let late = session.late + if world.wall_is_trusted() { frozen.min(behind) } else { frozen };
    ensure(world.time < session.ends + late, Invariant::NothingIsServedPastItsEnd, || {
        format!("{entry:?} at {}, late by {late}: {session:?} {held:?}", world.time)
    })
}

fn what_is_valid_is_served(world: &World, entry: EntryId, truth: &Truth) -> Kept {
    let Some(session) = truth.session.filter(|session| world.time + EARLY + session.early < session.ends) else {
        return Ok(());
    };
    let served = world.subject.serve(world.now(), entry);
    ensure(served.is_ok(), Invariant::WhatIsValidIsServed, || {
        format!("{entry:?} at {}: {session:?}, but {served:?}", world.time)
    })
}

fn sinks_show_what_is_served(world: &World, entry: EntryId, truth: &Truth) -> Kept {
    let served = world.subject.serve(world.now(), entry);
    ensure(served.is_ok() == truth.shown, Invariant::SinksShowWhatIsServed, || {
        format!("{entry:?}: shown {}, but {served:?}", truth.shown)
    })
}

/// Only the answer that was waited for, or what was adopted, is published: once, as the next version.
pub(super) fn published_is_newest(world: &World, effects: &[Effect], cause: Cause) -> Kept {
    let due = match cause {
        Cause::Issued(entry) | Cause::Adopted(entry) => Some(entry),
        Cause::Other | Cause::Redefined(_) => None,
    };
    let expected: Vec<_> = due
        .and_then(|entry| Some(Effect::Publish { entry, version: Version(world.roles.get(&entry)?.version + 1) }))
        .into_iter()
        .collect();
    let published: Vec<_> = effects.iter().filter(|effect| matches!(effect, Effect::Publish { .. })).cloned().collect();
    ensure(published == expected, Invariant::PublishedIsNewest, || format!("{published:?} instead of {expected:?}"))
}

/// What the engine believes to be under way is, and nothing else; and not for longer than its deadline.
fn calls_agree(world: &World, entry: EntryId, truth: &Truth) -> Kept {
    let flight = world.subject.glance(world.now(), entry).and_then(|glance| glance.flight);
    let agree = flight.map(|flight| flight.attempt) == truth.call.map(|call| call.attempt);
    ensure(agree, Invariant::CallsAgree, || format!("{entry:?}: {flight:?}, but {:?} is under way", truth.call))?;
    let deadline = u64::try_from(world.policy.deadline.as_millis()).unwrap();
    // A shell that naps to the next wake sees it at the deadline, to the millisecond.
    let in_time = truth.call.is_none_or(|call| world.boot() <= call.boot + deadline);
    ensure(in_time, Invariant::NothingIsInFlightPastItsDeadline, || format!("{entry:?} {:?}", truth.call))
}

fn calls_stay_within_the_budget(world: &World) -> Kept {
    let (budget, boot) = (world.policy.budget, world.boot());
    ensure(world.in_flight <= budget.in_flight, Invariant::CallsUnderWayStayWithinTheBudget, || {
        format!("{} in flight", world.in_flight)
    })?;
    for seconds in [1, 10] {
        let recent = world.starts.iter().rev().take_while(|start| **start + seconds * 1000 > boot).count() as u64;
        let most = u64::from(budget.burst) + u64::from(budget.per_second) * seconds;
        ensure(recent <= most, Invariant::CallsASecondStayWithinTheBudget, || format!("{recent} in {seconds} s"))?;
    }
    Ok(())
}

/// Whether nothing of the budget is in use, nor was lately, so that nobody has to wait for it.
fn budget_is_free(world: &World) -> bool {
    let boot = world.boot();
    world.in_flight == 0
        && world.starts.back().is_none_or(|start| start + 10_000 < boot)
        && world.throttled.is_none_or(|throttled| throttled + 70_000 < boot)
}

/// The last true moment at which the refresh of a session has to have been asked for: a shell that naps 30 s may be late
/// by as much, and a boot clock that stood still by that.
fn latest_refresh(world: &World, truth: &Truth) -> Option<u64> {
    let session = truth.session.filter(|_| truth.shown)?;
    let late = session.late + world.frozen - session.frozen + LONGEST_NAP + 1000;
    // Settings that make a session due do so when they come.
    let due = session.ends.saturating_sub(session.lead(world.refresh_before));
    Some((due + late).max(world.retuned + LONGEST_NAP + 1000))
}

fn refresh_is_in_time(world: &World, entry: EntryId, truth: &Truth) -> Kept {
    let Some((session, latest)) = truth.session.zip(latest_refresh(world, truth)) else { return Ok(()) };
    let asked_for = truth.call.is_some() || truth.started.is_some_and(|(time, _)| time >= session.published);
    let blocked = truth.parent_since.is_none_or(|(since, _)| world.time <= since + LONGEST_NAP + 1000);
    let missed = world.time > latest && !asked_for && !blocked && budget_is_free(world);
    ensure(!missed, Invariant::RefreshIsInTime, || format!("{entry:?} at {}, latest {latest}: {truth:?}", world.time))
}

fn asked_is_asked_now(world: &World, entry: EntryId, truth: &Truth) -> Kept {
    let over = |moment: u64| world.boot() > moment + 1001;
    let ready = truth.parent_since.is_some_and(|(_, since)| over(since));
    let waits = truth.asked.is_some_and(over) && truth.call.is_none();
    ensure(!(waits && ready && budget_is_free(world)), Invariant::AskedIsAskedNow, || format!("{entry:?} {truth:?}"))
}

/// A role that wants a call is tried again when its back-off is over.
fn back_off_ends(world: &World, entry: EntryId, truth: &Truth) -> Kept {
    let wanted = latest_refresh(world, truth).is_none_or(|latest| world.time > latest);
    let over = truth.retry.is_some_and(|(_, latest)| world.boot() > latest + 1) && truth.call.is_none();
    let ready = truth.parent_since.is_some_and(|(_, since)| world.boot() > since + 1);
    let missed = wanted && over && ready && budget_is_free(world);
    ensure(!missed, Invariant::BackOffEnds, || format!("{entry:?} at boot {}: {truth:?}", world.boot()))
}

/// A role that was never asked for is, as soon as what it is assumed with is there.
fn new_is_asked_for(world: &World, entry: EntryId, truth: &Truth) -> Kept {
    let ready = truth.parent_since.is_some_and(|(since, _)| world.time > since + LONGEST_NAP + 1000);
    let missed = !truth.shown && truth.started.is_none() && ready && budget_is_free(world);
    ensure(!missed, Invariant::NewIsAskedFor, || format!("{entry:?} at {}: {truth:?}", world.time))
}

fn forgotten_is_gone(world: &World) -> Kept {
    for entry in (0..ROLES).map(EntryId).filter(|entry| !world.roles.contains_key(entry)) {
        let served = world.subject.serve(world.now(), entry);
        let gone = served == Err(NotServable::Unknown) && world.subject.glance(world.now(), entry).is_none();
        ensure(gone, Invariant::ForgottenIsGone, || format!("{entry:?} {served:?}"))?;
    }
    Ok(())
}

fn wrong_clock_is_told(world: &World) -> Kept {
    let told = world.subject.clock_skew();
    ensure(told.is_some() == (world.wall == Wall::Wrong), Invariant::WrongClockIsTold, || {
        format!("told {told:?}, but {:?} and {} ms ahead", world.wall, world.wall_ahead)
    })
}

/// Whether a call for this reason may start now.
pub(super) fn start_is_allowed(world: &World, entry: EntryId, reason: Reason) -> Kept {
    let truth = world.roles.get(&entry);
    ensure(truth.is_some(), Invariant::ForgottenIsGone, || format!("{entry:?} was asked for"))?;
    let Some(truth) = truth else { return Ok(()) };
    let detail = || format!("{entry:?} {reason} at {}, boot {}: {truth:?}", world.time, world.boot());
    ensure(truth.call.is_none(), Invariant::OneCallAtATime, detail)?;
    let waits_for_parent = world.missing_parent(entry.0).is_some();
    ensure(!waits_for_parent, Invariant::ChildrenWaitForParents, detail)?;
    let spread = truth.started.is_none_or(|(_, boot)| world.boot() >= boot + 1000);
    ensure(spread, Invariant::CallsAreSpread, detail)?;
    ensure(truth.retry.is_none_or(|(earliest, _)| world.boot() >= earliest), Invariant::BackOffIsKept, detail)?;
    ensure(reason != Reason::ClockDoubted || truth.jumped, Invariant::DoubtNeedsAJump, detail)?;
    ensure(reason != Reason::Asked || truth.wished, Invariant::AskedIsAskedOnce, detail)?;
    let Some(session) = truth.session.filter(|_| truth.shown) else { return Ok(()) };
    let left = session.ends.saturating_sub(world.time + EARLY + session.early);
    let jitter = session.lifetime / 20;
    let due = left <= (session.lead(world.refresh_before) + jitter).min(session.lifetime / 2);
    ensure(reason != Reason::Due || due, Invariant::RefreshIsNotEarly, detail)?;
    let demanded = truth.demanded && left <= 900_000.min(session.lifetime / 2);
    ensure(reason != Reason::Demanded || demanded, Invariant::DemandIsNotEarly, detail)
}

/// Of those that want a call, none that needs it more is left behind by the budget.
pub(super) fn whoever_waits_goes_first(world: &World, started: &[(EntryId, Reason)]) -> Kept {
    let waited = |entry| world.roles.get(entry).is_some_and(|truth| truth.waited);
    let least = started.iter().map(|(entry, reason)| match reason {
        Reason::Asked if world.roles.get(entry).is_some_and(|truth| truth.asked.is_some()) => 0,
        Reason::NothingHeld | Reason::SpecChanged | Reason::Expired | Reason::ParentReady => u8::from(!waited(entry)),
        Reason::Due => 2,
        // What a person asked for and failed is tried again without haste.
        Reason::Asked | Reason::Demanded | Reason::ClockDoubted | Reason::Rejected | Reason::Adopted => 3,
    });
    let Some(least) = least.max() else { return Ok(()) };
    for (&entry, truth) in world.roles.iter().filter(|(entry, _)| world.subject.stands_in_queue(**entry)) {
        let due = world.subject.glance(world.now(), entry).is_some_and(|glance| glance.due);
        let need = match (truth.asked, truth.shown) {
            (Some(_), _) => 0,
            (None, false) => u8::from(!truth.waited),
            (None, true) if due => 2,
            (None, true) => 3,
        };
        let left_behind = need < least;
        ensure(!left_behind, Invariant::WhoeverWaitsGoesFirst, || format!("{entry:?} {truth:?} after {started:?}"))?;
    }
    Ok(())
}

/// Once everything is well again, so is every role, within the longest back-off.
pub(super) fn all_recover(world: &mut World) -> Kept {
    world.advance(15 * 60_000)?;
    for &entry in world.roles.keys() {
        let glance = world.subject.glance(world.now(), entry);
        let well = glance.as_ref().is_some_and(|glance| glance.held.is_some() && glance.failure.is_none());
        ensure(well, Invariant::AllRecover, || format!("{entry:?} {glance:?}"))?;
    }
    Ok(())
}
