//! What a parent and its children are to each other.

use super::story::{A, B, HOUR, assumed, at, attempt_in, failed, key_of};
use crate::FaultKind;
use crate::rotation::{Effect, Engine, EntryId, Event, NotServable, Now, Policy, Reason};

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
