//! What a parent and its children are to each other.

use std::time::Duration;

use super::story::{A, B, HOUR, adopted, assumed, at, attempt_in, failed, first_call, key_of};
use crate::FaultKind;
use crate::rotation::{Effect, Engine, EntryId, Event, Issue, NotServable, Now, Policy, Reason};

/// A child of B, which is a child of A.
const C: EntryId = EntryId(3);

fn define(engine: &mut Engine, now: Now, entry: EntryId, parent: Option<EntryId>) -> Vec<Effect> {
    let key = key_of(u8::try_from(entry.0).unwrap());
    engine.step(now, Event::Define { entry, key, parent, adopted: None })
}

/// A, B and C, and the call for A.
fn chain() -> (Engine, crate::rotation::Attempt) {
    let mut engine = Engine::new(Policy::default());
    let effects = define(&mut engine, at(0), A, None);
    assert_eq!(define(&mut engine, at(0), B, Some(A)), []);
    assert_eq!(define(&mut engine, at(0), C, Some(B)), []);
    let (attempt, _) = attempt_in(&effects, A).unwrap();
    (engine, attempt)
}

/// The same, with a session of an hour for each, issued at 0.
fn held() -> Engine {
    let (mut engine, mut attempt) = chain();
    for (entry, next) in [(A, Some(B)), (B, Some(C)), (C, None)] {
        let effects = engine.step(at(0), assumed(entry, attempt, at(0), HOUR));
        let Some(next) = next else { break };
        let reason;
        (attempt, reason) = attempt_in(&effects, next).unwrap();
        assert_eq!(reason, Reason::ParentReady);
    }
    engine
}

#[test]
fn each_link_is_asked_for_once_the_one_before_it_is_there() {
    let mut engine = held();
    assert!([A, B, C].iter().all(|entry| engine.serve(at(1), *entry).is_ok()));
    assert_eq!(engine.step(at(1), Event::Tick), []);
}

#[test]
fn a_refreshed_parent_refreshes_nobody() {
    let mut engine = held();
    let (attempt, _) = attempt_in(&engine.step(at(60), Event::Asked { entry: A }), A).unwrap();
    let effects = engine.step(at(61), assumed(A, attempt, at(61), HOUR));
    assert!(matches!(effects[..], [Effect::Publish { entry: A, .. }]), "{effects:?}");
}

#[test]
fn what_a_child_holds_outlives_its_parent() {
    let mut engine = held();
    let effects = engine.step(at(60), Event::Forget { entry: A });
    assert!(matches!(effects[..], [Effect::Withdraw { entry: A, .. }]), "{effects:?}");
    assert!(engine.serve(at(60), B).is_ok() && engine.serve(at(60), C).is_ok());
}

#[test]
fn a_parent_that_fails_is_what_its_children_lack() {
    let (mut engine, attempt) = chain();
    engine.step(at(0), Event::Demand { entry: C });
    assert_eq!(engine.serve(at(0), C), Err(NotServable::Pending));
    engine.step(at(1), failed(A, attempt, FaultKind::Denied));
    for entry in [A, B, C] {
        let Err(NotServable::Failed(fault)) = engine.serve(at(1), entry) else { panic!("{entry:?} waits") };
        assert_eq!(fault.kind, FaultKind::Denied);
    }
    let glance = engine.glance(at(1), C).unwrap();
    assert_eq!((glance.blocked_by, glance.failure.map(|failure| failure.count)), (Some(A), Some(1)));
    assert_eq!(engine.glance(at(1), A).unwrap().blocked_by, None);
}

#[test]
fn asking_for_a_child_asks_for_the_parent_that_is_in_the_way() {
    let (mut engine, attempt) = chain();
    engine.step(at(0), failed(A, attempt, FaultKind::Denied));
    let effects = engine.step(at(5), Event::Asked { entry: C });
    let (attempt, reason) = attempt_in(&effects, A).unwrap();
    assert_eq!(reason, Reason::Asked);
    assert!(engine.glance(at(5), C).unwrap().asked);
    engine.step(at(6), failed(A, attempt, FaultKind::Denied));
    assert!(![A, B, C].iter().any(|entry| engine.glance(at(6), *entry).unwrap().asked), "the answer was no");
}

#[test]
fn a_session_that_sts_did_not_take_is_replaced() {
    let mut engine = held();
    let (attempt, _) = attempt_in(&engine.step(at(60), Event::Asked { entry: B }), B).unwrap();
    let effects = engine.step(at(61), failed(B, attempt, FaultKind::BaseExpired));
    assert_eq!(attempt_in(&effects, A).map(|(_, reason)| reason), Some(Reason::Rejected));
    assert!(engine.serve(at(61), A).is_ok() && engine.serve(at(61), B).is_ok());
}

#[test]
fn a_session_that_is_newer_than_the_call_is_not_replaced() {
    let (mut engine, attempt) = chain();
    define(&mut engine, at(0), C, Some(A));
    let effects = engine.step(at(0), assumed(A, attempt, at(0), HOUR));
    let [b, c] = [B, C].map(|entry| attempt_in(&effects, entry).unwrap().0);
    let effects = engine.step(at(2), failed(B, b, FaultKind::BaseExpired));
    let (attempt, _) = attempt_in(&effects, A).unwrap();
    engine.step(at(3), assumed(A, attempt, at(3), HOUR));
    let effects = engine.step(at(4), failed(C, c, FaultKind::BaseExpired));
    assert_eq!(attempt_in(&effects, A), None);
}

#[test]
fn a_parent_whose_sessions_are_never_taken_is_renewed_less_and_less_often() {
    let mut engine = Engine::new(Policy::default());
    let mut effects = define(&mut engine, at(0), A, None);
    (10..110).for_each(|child| effects.extend(define(&mut engine, at(0), EntryId(child), Some(A))));
    let mut renewed = 0;
    for second in 0..3000 {
        effects.extend(engine.step(at(second), Event::Tick));
        while let Some(effect) = effects.pop() {
            let Effect::Assume { entry, attempt, .. } = effect else { continue };
            renewed += u32::from(entry == A);
            effects.extend(if entry == A {
                engine.step(at(second), assumed(A, attempt, at(second), HOUR))
            } else {
                engine.step(at(second), failed(entry, attempt, FaultKind::BaseExpired))
            });
        }
    }
    assert!((5..=14).contains(&renewed), "{renewed} in 50 minutes");
}

#[test]
fn a_session_that_was_left_wakes_those_that_wait_for_it() {
    let mut engine = Engine::new(Policy::default());
    assert_eq!(define(&mut engine, at(0), B, Some(A)), []);
    let issue = Issue { expires_at: at(1800).wall, asked_for: Duration::from_secs(HOUR), date: None };
    let event = Event::Define { entry: A, key: key_of(1), parent: None, adopted: adopted(issue) };
    let (_, reason) = attempt_in(&engine.step(at(0), event), B).unwrap();
    assert_eq!(reason, Reason::ParentReady);
}

#[test]
fn a_failure_of_its_own_is_told_from_that_of_its_parent() {
    let (mut engine, attempt) = chain();
    let effects = engine.step(at(0), assumed(A, attempt, at(0), 20));
    let (of_child, _) = attempt_in(&effects, B).unwrap();
    let (_, of_parent, _) = first_call(&mut engine, 1, 20).unwrap();
    engine.step(at(21), failed(A, of_parent, FaultKind::Denied));
    engine.step(at(21), failed(B, of_child, FaultKind::Misconfigured));
    let glance = engine.glance(at(21), B).unwrap();
    assert_eq!(glance.failure.unwrap().fault.kind, FaultKind::Denied);
    assert_eq!(glance.own_failure.unwrap().fault.kind, FaultKind::Misconfigured);
}

#[test]
fn another_parent_is_waited_for_from_then_on() {
    let mut engine = held();
    define(&mut engine, at(10), B, None);
    engine.step(at(10), Event::Forget { entry: A });
    let effects = engine.step(at(11), Event::Asked { entry: B });
    assert!(attempt_in(&effects, B).is_some(), "{effects:?}");
}

#[test]
fn a_loop_is_not_taken() {
    let mut engine = held();
    define(&mut engine, at(10), A, Some(C));
    let effects = engine.step(at(11), Event::Asked { entry: A });
    assert!(attempt_in(&effects, A).is_some(), "{effects:?}");
}
