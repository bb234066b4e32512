//! What a person's wish for a new session does, and what it leaves alone.

use super::story::{A, B, HOUR, assumed, at, attempt_in, define, failed, first_call, holding};
use crate::FaultKind;
use crate::rotation::{BudgetPolicy, Effect, Engine, EntryId, Event, Policy, Reason, Version};

const ASKED: Event = Event::Asked { entry: A };

#[test]
fn asking_brings_a_new_session_and_what_is_held_is_served_meanwhile() {
    let mut engine = holding();
    let (attempt, reason) = attempt_in(&engine.step(at(60), ASKED), A).unwrap();
    assert_eq!(reason, Reason::Asked);
    assert!(engine.serve(at(60), A).is_ok() && engine.glance(at(60), A).unwrap().asked);
    let effects = engine.step(at(61), assumed(A, attempt, at(61), HOUR));
    assert_eq!(effects, [Effect::Publish { entry: A, version: Version(2) }]);
    assert!(!engine.glance(at(61), A).unwrap().asked);
    assert_eq!(first_call(&mut engine, 62, HOUR - 720), None, "once");
}

#[test]
fn asking_does_not_wait_for_the_back_off_and_begins_it_anew() {
    let mut engine = Engine::new(Policy::default());
    let (mut attempt, _) = attempt_in(&define(&mut engine, at(0), A, 1), A).unwrap();
    let mut now = 0;
    for _ in 0..6 {
        engine.step(at(now), failed(A, attempt, FaultKind::Denied));
        (now, attempt, _) = first_call(&mut engine, now + 1, now + 601).unwrap();
    }
    engine.step(at(now), failed(A, attempt, FaultKind::Denied));
    let (attempt, reason) = attempt_in(&engine.step(at(now + 2), ASKED), A).unwrap();
    assert_eq!(reason, Reason::Asked);
    engine.step(at(now + 2), failed(A, attempt, FaultKind::Denied));
    let (again, ..) = first_call(&mut engine, now + 3, now + 601).unwrap();
    assert!((now + 24..=now + 32).contains(&again), "the first wait again: {}", again - now);
}

#[test]
fn a_call_under_way_is_the_answer() {
    let mut engine = Engine::new(Policy::default());
    let (attempt, _) = attempt_in(&define(&mut engine, at(0), A, 1), A).unwrap();
    assert_eq!(engine.step(at(2), ASKED), []);
    assert!(engine.glance(at(2), A).unwrap().asked);
    engine.step(at(3), assumed(A, attempt, at(3), HOUR));
    assert!(!engine.glance(at(3), A).unwrap().asked);
    assert_eq!(first_call(&mut engine, 4, 100), None);
}

#[test]
fn asking_again_and_again_is_held_to_one_call_a_second() {
    let mut engine = holding();
    let (attempt, _) = attempt_in(&engine.step(at(60), ASKED), A).unwrap();
    engine.step(at(60), failed(A, attempt, FaultKind::Denied));
    assert_eq!(engine.step(at(60), ASKED), []);
    assert_eq!(first_call(&mut engine, 60, 70).unwrap().0, 61);
}

#[test]
fn asking_goes_before_everything_but_not_beyond_the_budget() {
    let budget = BudgetPolicy { in_flight: 1, per_second: 100, burst: 100 };
    let mut engine = Engine::new(Policy { budget, ..Policy::default() });
    let (attempt, _) = attempt_in(&define(&mut engine, at(0), A, 1), A).unwrap();
    engine.step(at(0), assumed(A, attempt, at(0), HOUR));
    let (busy, _) = attempt_in(&define(&mut engine, at(5), EntryId(0), 0), EntryId(0)).unwrap();
    define(&mut engine, at(5), B, 2);
    assert_eq!(engine.step(at(5), ASKED), []);
    let effects = engine.step(at(6), failed(EntryId(0), busy, FaultKind::Denied));
    assert!(attempt_in(&effects, A).is_some() && attempt_in(&effects, B).is_none(), "{effects:?}");
}

#[test]
fn what_was_asked_for_and_failed_is_tried_again() {
    let mut engine = holding();
    let (attempt, _) = attempt_in(&engine.step(at(60), ASKED), A).unwrap();
    engine.step(at(60), failed(A, attempt, FaultKind::Denied));
    assert!(!engine.glance(at(60), A).unwrap().asked, "the answer was no");
    let (second, _, reason) = first_call(&mut engine, 61, 120).unwrap();
    assert!((82..=91).contains(&second) && reason == Reason::Asked, "{second} {reason}");
}

#[test]
fn asking_for_what_is_unknown_does_nothing() {
    let mut engine = holding();
    assert_eq!(engine.step(at(60), Event::Asked { entry: B }), []);
}
