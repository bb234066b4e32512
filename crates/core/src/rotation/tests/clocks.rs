//! The rules about the two clocks, each by its name.
//!
//! A suspend is told here as what it is to the engine: both clocks move on, and nobody was awake to see it.

use std::time::Duration;

use jiff::SignedDuration;

use super::story::{A, B, HOUR, adopted, assumed, at, attempt_in, define, failed, holding, key_of};
use crate::FaultKind;
use crate::rotation::{Effect, Engine, Event, Issue, Now, Policy, Reason, Withdrawal};

/// `seconds` into the story, with the wall clock this much ahead.
fn ahead(seconds: u64, by: SignedDuration) -> Now {
    Now { wall: at(seconds).wall + by, ..at(seconds) }
}

/// The call that is started at `now`, and why.
fn tick(engine: &mut Engine, now: Now) -> Option<(crate::rotation::Attempt, Reason)> {
    attempt_in(&engine.step(now, Event::Tick), A)
}

#[test]
fn a_suspend_ends_sessions_and_asks_at_once() {
    let mut engine = holding();
    let effects = engine.step(at(10 * HOUR), Event::Tick);
    assert_eq!(effects[0], Effect::Withdraw { entry: A, reason: Withdrawal::Expired });
    assert_eq!(attempt_in(&effects, A).unwrap().1, Reason::Expired);
}

#[test]
fn a_wall_clock_that_jumps_takes_nothing_away_and_is_looked_into() {
    let mut engine = holding();
    let jumped = |seconds| Now { wall: at(seconds).wall + SignedDuration::from_hours(5), ..at(seconds) };
    let effects = engine.step(jumped(60), Event::Tick);
    let (attempt, reason) = attempt_in(&effects, A).unwrap();
    assert_eq!(reason, Reason::ClockDoubted);
    assert!(engine.serve(jumped(60), A).is_ok());
    engine.step(jumped(61), assumed(A, attempt, at(61), HOUR));
    assert_eq!(engine.clock_skew(), Some(SignedDuration::from_hours(5)));
    assert!(engine.serve(jumped(HOUR), A).is_ok() && engine.serve(jumped(HOUR + 61), A).is_err());
}

#[test]
fn an_answer_out_of_a_suspend_is_too_late_and_says_nothing_about_the_clock() {
    let mut engine = Engine::new(Policy::default());
    let (attempt, _) = attempt_in(&define(&mut engine, at(0), A, 1), A).unwrap();
    let effects = engine.step(at(3 * HOUR), assumed(A, attempt, at(0), HOUR));
    assert_eq!(effects, [Effect::Cancel { entry: A, attempt }]);
    assert_eq!(engine.clock_skew(), None);
}

#[test]
fn a_session_is_dead_when_the_wall_clock_alone_says_so() {
    // The boot clock stood still for a minute, as in a virtual machine that was paused.
    let engine = holding();
    let paused = |seconds| ahead(seconds, SignedDuration::from_secs(60));
    assert!(engine.serve(paused(HOUR - 62), A).is_ok());
    assert!(engine.serve(paused(HOUR - 60), A).is_err());
}

#[test]
fn a_session_is_dead_when_the_boot_clock_alone_says_so() {
    let engine = holding();
    for behind in [SignedDuration::from_secs(-60), SignedDuration::from_hours(-2)] {
        assert!(engine.serve(ahead(HOUR - 2, behind), A).is_ok());
        assert!(engine.serve(ahead(HOUR, behind), A).is_err(), "{behind:#}");
    }
}

#[test]
fn a_step_of_two_minutes_is_believed_and_one_second_more_is_not() {
    for (by, reason) in
        [(120, None), (-120, None), (121, Some(Reason::ClockDoubted)), (-121, Some(Reason::ClockDoubted))]
    {
        let called = tick(&mut holding(), ahead(60, SignedDuration::from_secs(by)));
        assert_eq!(called.map(|(_, reason)| reason), reason, "{by} s");
    }
}

#[test]
fn a_suspend_is_no_jump() {
    let mut engine = holding();
    assert_eq!(tick(&mut engine, at(HOUR / 2)), None);
    assert!(engine.serve(at(HOUR / 2), A).is_ok());
}

#[test]
fn a_jump_is_doubted_until_an_answer_settles_it_for_the_wall_clock() {
    // The boot clock stood still for half an hour: the wall clock is right.
    let mut engine = holding();
    let right = |seconds| ahead(seconds, SignedDuration::from_mins(30));
    let (attempt, _) = tick(&mut engine, right(60)).unwrap();
    assert!(engine.serve(right(HOUR - 2), A).is_ok(), "while it is in doubt the boot clock alone decides");
    engine.step(right(61), assumed(A, attempt, right(61), HOUR));
    assert_eq!(engine.clock_skew(), None);
    assert!(engine.serve(ahead(HOUR + 59, SignedDuration::from_mins(31)), A).is_err(), "the wall clock counts again");
}

#[test]
fn a_failure_settles_nothing() {
    let mut engine = holding();
    let jumped = |seconds| ahead(seconds, SignedDuration::from_hours(5));
    let (attempt, _) = tick(&mut engine, jumped(60)).unwrap();
    engine.step(jumped(61), failed(A, attempt, FaultKind::Unreachable));
    assert!(engine.serve(jumped(62), A).is_ok(), "still in doubt");
    let (_, reason) = (62..70).find_map(|second| tick(&mut engine, jumped(second))).unwrap();
    assert_eq!(reason, Reason::ClockDoubted, "asked again until an answer tells");
}

#[test]
fn a_jump_asks_for_one_session_only() {
    let mut engine = holding();
    let (attempt, _) = attempt_in(&define(&mut engine, at(0), B, 2), B).unwrap();
    engine.step(at(0), assumed(B, attempt, at(0), HOUR));
    let effects = engine.step(ahead(60, SignedDuration::from_hours(1)), Event::Tick);
    assert_eq!(effects.len(), 1, "{effects:?}");
    assert_eq!(engine.step(ahead(80, SignedDuration::from_hours(1)), Event::Tick), []);
}

#[test]
fn a_wall_clock_that_is_wrong_at_issue_is_told_and_asked_about_no_more() {
    for by in [SignedDuration::from_hours(-2), SignedDuration::from_hours(2), SignedDuration::from_secs(121)] {
        let wrong = |seconds| ahead(seconds, by);
        let mut engine = Engine::new(Policy::default());
        let (attempt, _) = attempt_in(&define(&mut engine, wrong(0), A, 1), A).unwrap();
        engine.step(wrong(0), assumed(A, attempt, at(0), HOUR));
        assert_eq!(engine.clock_skew(), Some(by));
        let refreshed = (1..HOUR).find(|second| tick(&mut engine, wrong(*second)).is_some()).unwrap();
        assert!((HOUR - 781..=HOUR - 600).contains(&refreshed), "by the boot clock alone: {refreshed}");
        assert!(engine.serve(wrong(HOUR - 2), A).is_ok() && engine.serve(wrong(HOUR), A).is_err());
    }
}

#[test]
fn a_wall_clock_that_is_a_little_wrong_at_issue_is_believed() {
    let near = |seconds| ahead(seconds, SignedDuration::from_secs(100));
    let mut engine = Engine::new(Policy::default());
    let (attempt, _) = attempt_in(&define(&mut engine, near(0), A, 1), A).unwrap();
    engine.step(near(0), assumed(A, attempt, at(0), HOUR));
    assert_eq!(engine.clock_skew(), None);
}

#[test]
fn what_was_adopted_by_a_wrong_wall_clock_is_timed_again_by_the_first_answer() {
    // The wall clock is an hour behind, so a session with a minute left seems to have an hour and a minute.
    let behind = |seconds| ahead(seconds, SignedDuration::from_hours(-1));
    let mut engine = Engine::new(Policy::default());
    let issue = Issue { expires_at: at(60).wall, asked_for: Duration::from_secs(HOUR), date: None };
    engine.step(behind(0), Event::Define { entry: A, key: key_of(1), parent: None, adopted: adopted(issue) });
    let (attempt, _) = attempt_in(&define(&mut engine, behind(10), B, 2), B).unwrap();
    let effects = engine.step(behind(11), assumed(B, attempt, at(11), HOUR));
    assert_eq!(attempt_in(&effects, A).unwrap().1, Reason::Due, "it is nearly over, and that shows at once");
    assert!(engine.serve(behind(57), A).is_ok() && engine.serve(behind(60), A).is_err());
}
