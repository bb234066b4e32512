//! What must hold after every step, by name.

use std::time::Duration;

use rolecall_core::rotation::{EntryId, NotServable, Reason, Version};

use crate::world::World;

/// How much too early a session may be given up: the wall clock may be off by almost 2 minutes and still be trusted,
/// and the boot clock counts from when we asked, up to 40 s before STS issued.
const EARLY: u64 = 110_000 + 42_000;

/// What holds at any moment, whether or not the engine was told that it has come.
pub(crate) fn at_the_door(world: &World) {
    nothing_is_served_past_its_end(world);
    what_is_valid_is_served(world);
}

/// What holds after every step.
pub(crate) fn check(world: &World) {
    at_the_door(world);
    nothing_stays_in_flight_past_its_deadline(world);
    calls_stay_within_the_budget(world);
    forgotten_is_gone(world);
    due_is_asked_for(world);
}

fn nothing_is_served_past_its_end(world: &World) {
    for &entry in world.roles.keys() {
        if let Ok(held) = world.engine.serve(world.now(), entry) {
            let end = world.true_end(entry, held.version).expect("served something that was not published");
            assert!(world.time < end, "nothing_is_served_past_its_end: {entry:?} at {}, ended {end}", world.time);
        }
    }
}

fn what_is_valid_is_served(world: &World) {
    for (&entry, truth) in &world.roles {
        let end = truth.ends.get(&truth.version).copied().unwrap_or_default();
        if world.time + EARLY < end {
            let served = world.engine.serve(world.now(), entry);
            assert!(served.is_ok(), "what_is_valid_is_served: {entry:?} has until {end}, but {served:?}");
        }
    }
}

fn nothing_stays_in_flight_past_its_deadline(world: &World) {
    let deadline = u64::try_from(world.policy.deadline.as_millis()).unwrap();
    for (entry, truth) in &world.roles {
        if let Some((attempt, started)) = truth.flight {
            // A shell that naps to `next_wake` sees it at the deadline, to the millisecond.
            let late = world.time > started + deadline;
            assert!(!late, "nothing_stays_in_flight_past_its_deadline: {entry:?} {attempt:?} since {started}");
        }
    }
}

fn calls_stay_within_the_budget(world: &World) {
    let budget = world.policy.budget;
    assert!(world.in_flight <= budget.in_flight, "calls_stay_within_the_budget: {} in flight", world.in_flight);
    let recent = world.starts.iter().rev().take_while(|start| **start + 1000 > world.time).count();
    let most = (budget.burst + budget.per_second) as usize;
    assert!(recent <= most, "calls_stay_within_the_budget: {recent} in a second");
}

fn forgotten_is_gone(world: &World) {
    for entry in (0..crate::ROLES).map(EntryId).filter(|entry| !world.roles.contains_key(entry)) {
        assert_eq!(world.engine.serve(world.now(), entry), Err(NotServable::Unknown), "forgotten_is_gone");
        assert!(world.engine.glance(world.now(), entry).is_none(), "forgotten_is_gone");
    }
}

/// A role whose time has come and that may be tried is being asked for, unless the budget is used up.
fn due_is_asked_for(world: &World) {
    let budget_is_free = world.in_flight == 0 && world.starts.last().is_none_or(|last| last + 10_000 < world.time);
    for &entry in world.roles.keys() {
        let Some(glance) = world.engine.glance(world.now(), entry) else { continue };
        // Only what was due a nap ago: the shell has had its chance to wake the engine.
        let due = glance.next_attempt_at.is_some_and(|at| at + Duration::from_secs(31) < world.now().wall);
        let missed = budget_is_free && due && glance.flight.is_none();
        assert!(!missed, "due_is_asked_for: {entry:?} {glance:?} at {:?}", world.now());
    }
}

pub(crate) fn published_is_newest(world: &World, entry: EntryId, version: Version, awaited: bool) {
    assert!(awaited, "published_is_newest: {entry:?} published from an answer that it did not wait for");
    let newest = world.roles.get(&entry).expect("forgotten_is_gone: published").version;
    assert_eq!(version.0, newest + 1, "published_is_newest: {entry:?}");
}

/// Calls of one entry are spread, and a refresh is not made long before its time.
pub(crate) fn start_is_allowed(world: &World, entry: EntryId, reason: Reason) {
    let truth = world.roles.get(&entry).expect("forgotten_is_gone: assumed");
    assert!(truth.flight.is_none(), "one_call_at_a_time: {entry:?}");
    if let Some(started) = truth.started {
        assert!(world.time >= started + 750, "calls_are_spread: {entry:?} again after {}", world.time - started);
    }
    let left = truth.ends.get(&truth.version).map_or(0, |end| end.saturating_sub(world.time));
    // 10 minutes and a twentieth of an hour of jitter; more only by a demand, a doubt, or with nothing to serve.
    let early = left > 600_000 + 180_000 + EARLY;
    assert!(!(early && reason == Reason::Due), "due_is_not_early: {entry:?} with {left} ms left");
}

/// Once everything is well again, so is every role, within the longest back-off.
pub(crate) fn all_recover(world: &mut World) {
    world.advance(15 * 60_000);
    for &entry in world.roles.keys() {
        let glance = world.engine.glance(world.now(), entry).expect("defined");
        assert!(glance.held.is_some() && glance.failure.is_none(), "all_recover: {entry:?} {glance:?}");
    }
}
