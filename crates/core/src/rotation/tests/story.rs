//! What the short stories are told with: two entries, seconds as the only unit, and the events in one word.

use std::time::Duration;

use crate::rotation::{Adopted, Attempt, Effect, Engine, EntryId, Event, Issue, Now, Policy, Reason, Version};
use crate::{Fault, FaultKind, Role, RoleKey};

/// One entry.
pub(super) const A: EntryId = EntryId(1);
/// Another.
pub(super) const B: EntryId = EntryId(2);
/// In seconds.
pub(super) const HOUR: u64 = 3600;

/// Both clocks, this many seconds into the story.
pub(super) fn at(seconds: u64) -> Now {
    let wall = jiff::Timestamp::from_second(1_800_000_000 + i64::try_from(seconds).unwrap()).unwrap();
    Now { wall, boot: Duration::from_secs(500 + seconds) }
}

/// One of 256 keys.
pub(super) fn key_of(n: u8) -> RoleKey {
    let arn = format!("arn:aws:iam::123456789012:role/R{n}").parse().unwrap();
    Role::new("role".parse().unwrap(), arn, "host").key()
}

pub(super) fn define(engine: &mut Engine, now: Now, entry: EntryId, key: u8) -> Vec<Effect> {
    engine.step(now, Event::Define { entry, key: key_of(key), parent: None, adopted: None })
}

/// What an earlier process left of a session of an hour.
pub(super) fn adopted(issue: Issue) -> Option<Adopted> {
    Some(Adopted { issue, lifetime: Duration::from_secs(HOUR) })
}

pub(super) fn assumed(entry: EntryId, attempt: Attempt, now: Now, life: u64) -> Event {
    let expires_at = now.wall + Duration::from_secs(life);
    let issue = Issue { expires_at, asked_for: Duration::from_secs(HOUR), date: Some(now.wall) };
    Event::Assumed { entry, attempt, issue }
}

pub(super) fn failed(entry: EntryId, attempt: Attempt, kind: FaultKind) -> Event {
    Event::Failed { entry, attempt, fault: Fault::new(kind, "no", "wait") }
}

pub(super) fn attempt_in(effects: &[Effect], entry: EntryId) -> Option<(Attempt, Reason)> {
    effects.iter().find_map(|effect| match *effect {
        Effect::Assume { entry: e, attempt, reason } if e == entry => Some((attempt, reason)),
        _ => None,
    })
}

/// An engine that holds one session of A, issued at 0 for an hour.
pub(super) fn holding() -> Engine {
    let mut engine = Engine::new(Policy::default());
    let (attempt, reason) = attempt_in(&define(&mut engine, at(0), A, 1), A).unwrap();
    assert_eq!(reason, Reason::NothingHeld);
    let effects = engine.step(at(0), assumed(A, attempt, at(0), HOUR));
    assert_eq!(effects, [Effect::Publish { entry: A, version: Version(1) }]);
    engine
}

/// Ticks once a second until something is asked for.
pub(super) fn first_call(engine: &mut Engine, from: u64, to: u64) -> Option<(u64, Attempt, Reason)> {
    (from..to).find_map(|second| {
        let effects = engine.step(at(second), Event::Tick);
        attempt_in(&effects, A).map(|(attempt, reason)| (second, attempt, reason))
    })
}
