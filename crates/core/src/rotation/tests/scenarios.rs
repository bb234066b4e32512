//! Single rules of the engine, each in the shortest story that shows it.

use std::time::Duration;

use super::story::{A, B, HOUR, adopted, assumed, at, attempt_in, define, failed, first_call, holding, key_of};
use crate::FaultKind;
use crate::rotation::{
    Adopted, BudgetPolicy, Effect, Engine, EntryId, Event, Issue, Lead, NotServable, Now, Policy, Reason, Version,
    Withdrawal,
};

#[test]
fn a_session_is_refreshed_ten_minutes_before_its_end_or_up_to_three_more_by_jitter() {
    let (second, _, reason) = first_call(&mut holding(), 1, HOUR).unwrap();
    assert_eq!(reason, Reason::Due);
    assert!((HOUR - 601 - 180..=HOUR - 600).contains(&second), "{second}");
}

#[test]
fn a_short_session_is_refreshed_at_half_of_its_life_and_never_in_a_busy_loop() {
    let mut engine = Engine::new(Policy { refresh_before: Lead::Time(Duration::from_secs(600)), ..Policy::default() });
    let (attempt, _) = attempt_in(&define(&mut engine, at(0), A, 1), A).unwrap();
    engine.step(at(0), assumed(A, attempt, at(0), 20));
    let (second, attempt, _) = first_call(&mut engine, 0, 20).unwrap();
    assert!((9..=10).contains(&second), "{second}");
    engine.step(at(second), assumed(A, attempt, at(second), 0));
    assert_eq!(engine.glance(at(second), A).unwrap().failure.unwrap().fault.kind, FaultKind::Clock);
    assert!(engine.serve(at(second), A).is_ok(), "what is held stays");
}

#[test]
fn another_lead_counts_for_what_is_held_with_the_same_jitter() {
    let mut engine = holding();
    let (before, ..) = first_call(&mut engine.clone(), 1, HOUR).unwrap();
    let policy = Policy { refresh_before: Lead::Time(Duration::from_secs(1200)), ..Policy::default() };
    assert_eq!(engine.step(at(10), Event::Policy { policy }), []);
    let (second, _, reason) = first_call(&mut engine.clone(), 11, HOUR).unwrap();
    assert_eq!((second, reason), (before - 600, Reason::Due));
    // One that makes it due has it refreshed at once, and one that makes it early again does not.
    let late = engine.clone().step(at(HOUR - 900), Event::Policy { policy });
    assert_eq!(attempt_in(&late, A).unwrap().1, Reason::Due);
    assert_eq!(engine.step(at(HOUR - 900), Event::Policy { policy: Policy::default() }), []);
}

#[test]
fn the_same_definition_again_changes_nothing_and_another_starts_afresh() {
    let mut engine = holding();
    assert_eq!(define(&mut engine, at(10), A, 1), []);
    let effects = define(&mut engine, at(20), A, 2);
    assert_eq!(effects[0], Effect::Withdraw { entry: A, reason: Withdrawal::SpecChanged });
    assert_eq!(attempt_in(&effects, A).unwrap().1, Reason::SpecChanged);
    assert_eq!(engine.serve(at(20), A), Err(NotServable::Pending));
}

#[test]
fn definitions_that_change_again_and_again_are_held_to_one_call_a_second() {
    let mut engine = Engine::new(Policy::default());
    let half = |halves: u64| {
        let (now, half) = (at(halves / 2), Duration::from_millis(500 * (halves % 2)));
        Now { wall: now.wall + half, boot: now.boot + half }
    };
    let calls = (0..10).filter(|n| {
        let effects = define(&mut engine, half(*n), A, u8::try_from(*n).unwrap());
        attempt_in(&effects, A).is_some()
    });
    assert_eq!(calls.count(), 5);
}

#[test]
fn forgetting_cancels_the_call_and_ignores_its_answer() {
    let mut engine = Engine::new(Policy::default());
    let (attempt, _) = attempt_in(&define(&mut engine, at(0), A, 1), A).unwrap();
    assert_eq!(engine.step(at(1), Event::Forget { entry: A }), [Effect::Cancel { entry: A, attempt }]);
    assert_eq!(engine.step(at(2), assumed(A, attempt, at(2), HOUR)), []);
    assert_eq!(engine.serve(at(2), A), Err(NotServable::Unknown));
}

#[test]
fn a_failure_leaves_what_is_held_until_it_ends() {
    let mut engine = holding();
    let (second, attempt, _) = first_call(&mut engine, 1, HOUR).unwrap();
    engine.step(at(second), failed(A, attempt, FaultKind::Denied));
    assert!(engine.serve(at(HOUR - 2), A).is_ok());
    let effects = engine.step(at(HOUR), Event::Tick);
    assert!(effects.contains(&Effect::Withdraw { entry: A, reason: Withdrawal::Expired }), "{effects:?}");
    assert!(engine.serve(at(HOUR), A).is_err());
}

#[test]
fn serving_needs_no_tick_to_see_the_end() {
    assert!(holding().serve(at(HOUR - 2), A).is_ok());
    assert!(holding().serve(at(HOUR), A).is_err());
}

#[test]
fn a_bad_role_does_not_delay_a_good_one() {
    let mut engine = Engine::new(Policy::default());
    let (bad, _) = attempt_in(&define(&mut engine, at(0), A, 1), A).unwrap();
    engine.step(at(0), failed(A, bad, FaultKind::Denied));
    let (good, _) = attempt_in(&define(&mut engine, at(0), B, 2), B).unwrap();
    engine.step(at(0), assumed(B, good, at(0), HOUR));
    assert!(engine.serve(at(0), B).is_ok());
    assert!(matches!(engine.serve(at(0), A), Err(NotServable::Failed(fault)) if fault.kind == FaultKind::Denied));
    assert_eq!(first_call(&mut engine, 1, 22), None, "a denied role waits");
    assert!(first_call(&mut engine, 22, 31).is_some());
}

#[test]
fn a_demand_near_the_end_refreshes_once() {
    let mut engine = holding();
    assert_eq!(engine.step(at(HOUR - 960), Event::Demand { entry: A }), []);
    let effects = engine.step(at(HOUR - 880), Event::Demand { entry: A });
    assert_eq!(attempt_in(&effects, A).unwrap().1, Reason::Demanded);
    assert_eq!(engine.step(at(HOUR - 870), Event::Demand { entry: A }), []);
}

#[test]
fn whoever_waits_goes_first() {
    let budget = BudgetPolicy { in_flight: 1, per_second: 100, burst: 100 };
    let mut engine = Engine::new(Policy { budget, ..Policy::default() });
    let (first, _) = attempt_in(&define(&mut engine, at(0), EntryId(0), 0), EntryId(0)).unwrap();
    define(&mut engine, at(0), A, 1);
    define(&mut engine, at(0), B, 2);
    engine.step(at(0), Event::Demand { entry: B });
    let effects = engine.step(at(1), failed(EntryId(0), first, FaultKind::Denied));
    assert!(attempt_in(&effects, B).is_some() && attempt_in(&effects, A).is_none(), "{effects:?}");
}

#[test]
fn a_call_without_an_answer_is_given_up_at_its_deadline() {
    let mut engine = Engine::new(Policy::default());
    let (attempt, _) = attempt_in(&define(&mut engine, at(0), A, 1), A).unwrap();
    assert_eq!(engine.step(at(29), Event::Tick), []);
    assert_eq!(engine.step(at(30), Event::Tick), [Effect::Cancel { entry: A, attempt }]);
    assert_eq!(engine.glance(at(30), A).unwrap().failure.unwrap().fault.kind, FaultKind::Unreachable);
}

#[test]
fn roles_that_fail_never_starve_one_that_was_not_tried() {
    let budget = BudgetPolicy { in_flight: 1, per_second: 100, burst: 100 };
    let mut engine = Engine::new(Policy { budget, ..Policy::default() });
    let c = EntryId(3);
    let mut effects = define(&mut engine, at(0), A, 1);
    for (entry, key) in [(B, 2), (c, 3)] {
        effects.extend(define(&mut engine, at(0), entry, key));
    }
    // Each call takes a second, longer than the first back-off.
    for second in 1..3 {
        let Some(Effect::Assume { entry, attempt, .. }) = effects.last().cloned() else { panic!("{effects:?}") };
        assert_ne!(entry, c);
        effects = engine.step(at(second), failed(entry, attempt, FaultKind::Unreachable));
    }
    assert!(attempt_in(&effects, c).is_some(), "{effects:?}");
}

#[test]
fn a_session_from_before_a_restart_is_served_and_refreshed_in_its_time() {
    let mut engine = Engine::new(Policy::default());
    let issue = Issue { expires_at: at(1500).wall, asked_for: Duration::from_secs(HOUR), date: None };
    let effects = engine.step(at(0), Event::Define { entry: A, key: key_of(1), parent: None, adopted: adopted(issue) });
    assert_eq!(effects, [Effect::Publish { entry: A, version: Version(1) }]);
    assert_eq!(engine.serve(at(0), A).unwrap().reason, Reason::Adopted);
    let (second, attempt, _) = first_call(&mut engine, 1, 1500).unwrap();
    assert!((1500 - 780..=900).contains(&second), "{second}");
    engine.step(at(second), failed(A, attempt, FaultKind::Denied));
    assert!(engine.serve(at(1499), A).is_ok());
    let effects = engine.step(at(1500), Event::Tick);
    assert!(effects.contains(&Effect::Withdraw { entry: A, reason: Withdrawal::Expired }), "{effects:?}");
}

#[test]
fn one_that_was_shorter_than_asked_for_is_not_refreshed_before_half_of_its_life() {
    let mut engine = Engine::new(Policy { refresh_before: Lead::Percent(50), ..Policy::default() });
    let issue = Issue { expires_at: at(HOUR - 10).wall, asked_for: Duration::from_secs(12 * HOUR), date: None };
    let adopted = Some(Adopted { issue, lifetime: Duration::from_secs(HOUR) });
    engine.step(at(0), Event::Define { entry: A, key: key_of(1), parent: None, adopted });
    let (second, ..) = first_call(&mut engine, 1, HOUR).unwrap();
    assert_eq!(second, HOUR / 2 - 10);
}

#[test]
fn what_was_adopted_by_a_wrong_wall_clock_is_refreshed_on_demand_as_any_other() {
    // The wall clock is a quarter of an hour ahead, so that less seems left than there is.
    let ahead = |seconds| Now { wall: at(seconds + 1000).wall, ..at(seconds) };
    let mut engine = Engine::new(Policy::default());
    let issue = Issue { expires_at: at(1800).wall, asked_for: Duration::from_secs(HOUR), date: None };
    engine.step(ahead(0), Event::Define { entry: A, key: key_of(1), parent: None, adopted: adopted(issue) });
    let (attempt, _) = attempt_in(&define(&mut engine, ahead(0), B, 2), B).unwrap();
    assert_eq!(engine.step(ahead(1), assumed(B, attempt, at(1), HOUR)).len(), 1);
    let effects = engine.step(ahead(1800 - 880), Event::Demand { entry: A });
    assert_eq!(attempt_in(&effects, A).unwrap().1, Reason::Demanded);
}

#[test]
fn one_that_has_ended_meanwhile_is_withdrawn_at_once() {
    let mut engine = Engine::new(Policy::default());
    let issue = Issue { expires_at: at(0).wall, asked_for: Duration::from_secs(HOUR), date: None };
    let effects = engine.step(at(5), Event::Define { entry: A, key: key_of(1), parent: None, adopted: adopted(issue) });
    assert!(effects.contains(&Effect::Withdraw { entry: A, reason: Withdrawal::Expired }), "{effects:?}");
    assert!(engine.serve(at(5), A).is_err());
}
