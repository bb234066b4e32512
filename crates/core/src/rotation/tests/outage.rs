//! Twenty hours of several hundred roles, with STS away for a while: who loses what, and how all come back.
//!
//! Sessions of an hour, refreshed 10 minutes before their end. STS answers in 50 ms, or refuses the connection.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::time::Duration;

use super::story::{at, key_of};
use crate::rotation::{Attempt, BudgetPolicy, Effect, Engine, EntryId, Event, Issue, Now, Policy, Reason, Withdrawal};
use crate::{Fault, FaultKind};

const ROLES: u64 = 600;
const HOUR: u64 = 3600;
const END: u64 = 20 * HOUR;
const RTT: Duration = Duration::from_millis(50);

/// Calls a second: low, so that what is overdue after an outage takes a while.
const RATE: u32 = 50;

/// A consumer looks at each role every so many seconds, at another second for each; a loss shows at once all the same,
/// since it is withdrawn.
const LOOK: u64 = 30;

/// The engine, an STS that is away during `away`, consumers, and what they saw.
struct Sim {
    engine: Engine,
    away: Range<u64>,
    /// Answers on their way, and when they land.
    answers: VecDeque<(Now, Event)>,
    /// When the newest session of each role ends, as STS said.
    ends: BTreeMap<u64, u64>,
    /// Who lost a session.
    lost: BTreeSet<u64>,
    /// Who had no session, or one that was due, when the outage ended.
    overdue: BTreeSet<u64>,
    /// The first answer to each of those since: which role, why it was asked, when its session ended, and when it called.
    back: Vec<(u64, Reason, u64, Duration)>,
}

impl Sim {
    /// Lives for so many seconds.
    fn live(away: Range<u64>, seconds: u64) -> Self {
        let budget = BudgetPolicy { in_flight: 64, per_second: RATE, burst: 1 };
        let engine = Engine::new(Policy { budget, seed: away.start, ..Policy::default() });
        let (lost, overdue) = (BTreeSet::new(), BTreeSet::new());
        let mut sim =
            Self { engine, away, answers: VecDeque::new(), ends: BTreeMap::new(), lost, overdue, back: Vec::new() };
        for second in 0..seconds {
            // They are defined one by one, so that their ends lie all over the hour.
            if second.is_multiple_of(5) && second / 5 < ROLES {
                let key = key_of(u8::try_from(second / 5 % 256).unwrap());
                sim.step(at(second), Event::Define { entry: EntryId(second / 5), key, parent: None, adopted: None });
            }
            if second == sim.away.end {
                sim.count_overdue(at(second));
            }
            sim.until_next(second);
            sim.look(second);
        }
        sim
    }

    /// Hands in what arrives, and wakes the engine as often as it wants to be, within one second.
    fn until_next(&mut self, second: u64) {
        let (mut now, end) = (at(second), at(second + 1));
        while now.boot < end.boot {
            let event = self.answers.pop_front_if(|(landed, _)| landed.boot <= now.boot);
            self.step(now, event.map_or(Event::Tick, |(_, event)| event));
            let nap = self.engine.next_wake(now).unwrap_or(Duration::from_secs(1)).max(Duration::from_millis(1));
            let wake = later(now, nap);
            now = self.answers.front().map_or(wake, |(landed, _)| if landed.boot < wake.boot { *landed } else { wake });
        }
    }

    fn step(&mut self, now: Now, event: Event) {
        for effect in self.engine.step(now, event) {
            match effect {
                Effect::Assume { entry, attempt, reason } => self.answer(now, entry, attempt, reason),
                Effect::Withdraw { entry, reason: Withdrawal::Expired } => drop(self.lost.insert(entry.0)),
                Effect::Publish { .. } => {}
                Effect::Withdraw { .. } | Effect::Cancel { .. } => panic!("{effect:?} at {now:?}"),
            }
        }
    }

    fn answer(&mut self, now: Now, entry: EntryId, attempt: Attempt, reason: Reason) {
        let second = (now.boot - at(0).boot).as_secs();
        if self.away.contains(&second) {
            let fault = Fault::new(FaultKind::Unreachable, "connection refused", "wait");
            return self.answers.push_back((later(now, RTT), Event::Failed { entry, attempt, fault }));
        }
        let ended = self.ends.insert(entry.0, second + HOUR).unwrap_or_default();
        if self.overdue.remove(&entry.0) {
            self.back.push((entry.0, reason, ended, now.boot));
        }
        let (expires_at, asked_for) = (at(second + HOUR).wall, Duration::from_secs(HOUR));
        let issue = Issue { expires_at, asked_for, date: Some(at(second).wall) };
        self.answers.push_back((later(now, RTT), Event::Assumed { entry, attempt, issue }));
    }

    fn count_overdue(&mut self, now: Now) {
        let overdue = |role: &u64| self.engine.glance(now, EntryId(*role)).is_some_and(|g| g.held.is_none() || g.due);
        self.overdue = (0..ROLES).filter(overdue).collect();
    }

    /// What STS issued and has not ended is served; what has ended is not.
    fn look(&self, second: u64) {
        for (&role, &ends) in self.ends.iter().filter(|(role, _)| (**role + second).is_multiple_of(LOOK)) {
            let served = self.engine.serve(at(second), EntryId(role)).is_ok();
            // The last two seconds are not counted on: the `Date` and the `Expiration` of STS have whole ones.
            assert!(served || second + 2 >= ends, "role {role} at {second} has until {ends}");
            assert!(!served || second < ends, "role {role} at {second} is served past {ends}");
        }
    }
}

fn later(now: Now, by: Duration) -> Now {
    Now { wall: now.wall + by, boot: now.boot + by }
}

#[test]
fn eight_minutes_without_sts_leave_nobody_without_a_session() {
    for start in [2 * HOUR, 11 * HOUR + 1234, 19 * HOUR + 2900] {
        let sim = Sim::live(start..start + 8 * 60, END);
        assert!(sim.lost.is_empty(), "an outage from {start} took sessions away: {:?}", sim.lost);
        assert_eq!(sim.ends.len() as u64, ROLES);
    }
}

#[test]
fn half_an_hour_without_sts_takes_what_ends_in_it_and_all_come_back_by_nearest_end() {
    for start in [2 * HOUR, 11 * HOUR + 1234, 19 * HOUR + 900] {
        let away = start..start + 30 * 60;
        let held_then = Sim::live(away.clone(), start).ends;
        let sim = Sim::live(away.clone(), END);

        let overdue = u64::try_from(sim.back.len()).unwrap();
        assert!(overdue > 200 && sim.overdue.is_empty(), "{overdue} came back, not {:?}", sim.overdue);
        // One second for the first of them to learn that STS is there again, and one for the answers of the last.
        let through = away.end + overdue.div_ceil(u64::from(RATE)) + 2;
        let late: Vec<_> = sim.back.iter().filter(|(.., boot)| *boot > at(through).boot).collect();
        assert!(late.is_empty(), "by {through}: {late:?}");

        // What ends while the others come back may be lost too: whoever has nothing goes first.
        let ending = |by: u64| held_then.iter().filter(move |(_, ends)| **ends <= by).map(|(role, _)| *role);
        let (least, most): (BTreeSet<_>, BTreeSet<_>) = (ending(away.end).collect(), ending(through + 1).collect());
        assert!(least.len() > 100 && least.is_subset(&sim.lost), "not lost: {:?}", least.difference(&sim.lost));
        assert!(sim.lost.is_subset(&most), "an outage from {start} took more: {:?}", sim.lost.difference(&most));

        // Whose back-off is over first finds out for all; from that answer on they have an order.
        let known = sim.back[0].3 + RTT;
        let due = sim.back.iter().filter(|(_, reason, _, boot)| *reason == Reason::Due && *boot >= known);
        let due: Vec<_> = due.map(|(.., end, _)| *end).collect();
        assert!(due.len() > 50 && due.is_sorted(), "by nearest end: {due:?}");
    }
}
