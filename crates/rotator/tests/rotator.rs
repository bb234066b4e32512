//! The shell round the engine, on tokio's paused clock: what a handle, a sink and the log see of a role's life.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rolecall_core::rotation::{Lead, Now, Policy, Reason};
use rolecall_core::{Alias, AssumeRole, Assumed, Clock, Delivery, Fault, FaultKind, Role, Session, Sink, role};
use rolecall_rotator::{NotRefreshed, NotServed, Rotator, State, spawn};
use rolecall_testkit::canary;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Both clocks follow tokio's paused one.
struct PausedClock(Instant);

impl PausedClock {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "tokio's paused clock is the test's clock")]
        Self(Instant::now())
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Now {
        let boot = self.0.elapsed();
        Now { wall: Timestamp::from_second(1_800_000_000).unwrap() + boot, boot }
    }
}

/// Issues sessions of a minute, or whatever it is told to do instead.
struct FakeSts {
    clock: Arc<PausedClock>,
    calls: AtomicU64,
    fault: Mutex<Option<FaultKind>>,
    hang: AtomicBool,
}

#[async_trait]
impl AssumeRole for FakeSts {
    async fn assume_role(&self, _: &Role) -> Result<Assumed, Fault> {
        let n = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(SECOND / 10).await;
        if self.hang.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if let Some(kind) = *self.fault.lock().unwrap() {
            return Err(Fault::new(kind, "no", "wait"));
        }
        let now = self.clock.now().wall;
        let asked_for = role::DEFAULT_DURATION;
        Ok(Assumed { credentials: canary::credentials(n), expires_at: now + SECOND * 60, asked_for, date: Some(now) })
    }
}

/// Remembers what is written; fails when told to.
#[derive(Default)]
struct FakeSink {
    written: Mutex<BTreeMap<Alias, Option<String>>>,
    broken: AtomicBool,
    deliveries: AtomicU64,
}

#[async_trait]
impl Sink for FakeSink {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn deliver(&self, changes: &[Delivery]) -> Result<(), Fault> {
        self.deliveries.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(SECOND / 100).await;
        if self.broken.load(Ordering::SeqCst) {
            return Err(Fault::new(FaultKind::Misconfigured, "disk full", "free some"));
        }
        let key = |d: &Delivery| d.session.as_ref().map(|s| s.credentials.access_key_id().to_owned());
        self.written.lock().unwrap().extend(changes.iter().map(|d| (d.role.alias.clone(), key(d))));
        Ok(())
    }
}

struct Rig {
    sts: Arc<FakeSts>,
    sink: Arc<FakeSink>,
    rotator: Rotator,
}

impl Rig {
    fn new() -> Self {
        Self::with_policy(Policy::default())
    }

    fn with_policy(policy: Policy) -> Self {
        let clock = Arc::new(PausedClock::new());
        let sts = Arc::new(FakeSts {
            clock: Arc::clone(&clock),
            calls: AtomicU64::new(0),
            fault: Mutex::new(None),
            hang: AtomicBool::new(false),
        });
        let sink = Arc::new(FakeSink::default());
        let rotator = spawn(policy, clock, Arc::clone(&sts) as _, vec![Arc::clone(&sink) as _]);
        Self { sts, sink, rotator }
    }

    fn role(alias: &Alias) -> Role {
        Role::new(alias.clone(), "arn:aws:iam::123456789012:role/R".parse().unwrap(), "host")
    }

    fn define(&self, alias: &str) -> Alias {
        let alias: Alias = alias.parse().unwrap();
        self.rotator.define(Self::role(&alias), None);
        alias
    }

    async fn state(&self) -> State {
        self.rotator.report().await.unwrap().roles[0].state
    }

    async fn key(&self, alias: &Alias) -> String {
        self.rotator.session(alias, SECOND).await.unwrap().session.credentials.access_key_id().into()
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_served_written_and_rotated() {
    let rig = Rig::new();
    let alias = rig.define("a");
    let first = rig.key(&alias).await;
    rig.rotator.settled().await;
    assert_eq!(rig.sink.written.lock().unwrap()[&alias].as_ref(), Some(&first));
    assert_eq!(rig.state().await, State::Fresh);

    tokio::time::sleep(SECOND * 40).await;
    let second = rig.key(&alias).await;
    assert_ne!(first, second, "half of a minute's session is past");
    assert_eq!(rig.sink.written.lock().unwrap()[&alias].as_ref(), Some(&second));
    assert_eq!(rig.rotator.report().await.unwrap().roles[0].version, 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_first_waits_for_the_call_under_way_and_no_longer_than_they_say() {
    let rig = Rig::new();
    let alias = rig.define("a");
    assert_eq!(rig.rotator.session(&alias, SECOND / 100).await.unwrap_err(), NotServed::Pending);
    let all = futures(&rig.rotator, &alias, 100).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(rig.sts.calls.load(Ordering::SeqCst), 1, "one call for everybody");
}

async fn futures(rotator: &Rotator, alias: &Alias, count: usize) -> Vec<Result<(), NotServed>> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..count {
        let (rotator, alias) = (rotator.clone(), alias.clone());
        tasks.spawn(async move { rotator.session(&alias, SECOND).await.map(|_| ()) });
    }
    tasks.join_all().await
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_and_what_is_held_is_served_until_it_ends() {
    let rig = Rig::new();
    let alias = rig.define("a");
    rig.key(&alias).await;
    *rig.sts.fault.lock().unwrap() = Some(FaultKind::Denied);
    tokio::time::sleep(SECOND * 50).await;
    assert!(rig.rotator.session(&alias, SECOND).await.is_ok());
    assert_eq!(rig.state().await, State::Stale);
    tokio::time::sleep(SECOND * 12).await;
    assert!(
        matches!(rig.rotator.session(&alias, SECOND).await, Err(NotServed::Failed(f)) if f.kind == FaultKind::Denied)
    );
    assert_eq!(rig.state().await, State::Expired);
    rig.rotator.settled().await;
    assert_eq!(rig.sink.written.lock().unwrap()[&alias], None, "withdrawn from the sink");

    *rig.sts.fault.lock().unwrap() = None;
    tokio::time::sleep(SECOND * 600).await;
    assert_eq!(rig.state().await, State::Fresh);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_given_up_and_its_place_is_free_again() {
    let rig = Rig::new();
    rig.sts.hang.store(true, Ordering::SeqCst);
    let alias = rig.define("a");
    tokio::time::sleep(SECOND * 31).await;
    let fault = rig.rotator.report().await.unwrap().roles[0].fault.clone().unwrap().0;
    assert_eq!(fault.kind, FaultKind::Unreachable);
    rig.sts.hang.store(false, Ordering::SeqCst);
    tokio::time::sleep(SECOND * 35).await;
    rig.key(&alias).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_at_hand_is_what_the_engine_would_serve() {
    let rig = Rig::new();
    let alias = rig.define("a");
    assert!(rig.rotator.at_hand("a").is_none(), "nothing is held yet");
    let first = rig.key(&alias).await;
    let key = |rig: &Rig| rig.rotator.at_hand("a").map(|s| s.session.credentials.access_key_id().to_owned());
    assert_eq!(key(&rig), Some(first.clone()));
    assert!(rig.rotator.at_hand("b").is_none());

    *rig.sts.fault.lock().unwrap() = Some(FaultKind::Unreachable);
    tokio::time::advance(SECOND * 55).await;
    assert_eq!(key(&rig), Some(first), "served as long as it lives, whatever STS says");
    // Not a turn for the driver in between: the clock alone ends it.
    tokio::time::advance(SECOND * 5).await;
    assert_eq!(key(&rig), None);
    *rig.sts.fault.lock().unwrap() = None;
    rig.rotator.refresh(std::slice::from_ref(&alias), SECOND * 20).await.unwrap();
    assert!(key(&rig).is_some());
    rig.rotator.forget(&alias);
    rig.rotator.report().await;
    assert_eq!(key(&rig), None, "a role that is forgotten is not at hand");
}

#[tokio::test(start_paused = true)]
async fn a_demand_for_what_is_at_hand_refreshes_it_once() {
    let rig = Rig::with_policy(Policy { refresh_before: Lead::Percent(1), ..Policy::default() });
    let alias = rig.define("a");
    rig.key(&alias).await;
    let calls = || rig.sts.calls.load(Ordering::SeqCst);
    for _ in 0..1000 {
        rig.rotator.at_hand("a").unwrap();
    }
    rig.rotator.report().await;
    assert_eq!(calls(), 1, "over half of it is left");
    tokio::time::advance(SECOND * 31).await;
    for _ in 0..1000 {
        rig.rotator.at_hand("a").unwrap();
    }
    tokio::time::sleep(SECOND).await;
    for _ in 0..1000 {
        rig.rotator.at_hand("a").unwrap();
    }
    assert_eq!((calls(), rig.rotator.report().await.unwrap().roles[0].reason), (2, Some(Reason::Demanded)));
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_process_left_is_not_at_hand_but_is_served() {
    let rig = Rig::new();
    let now = rig.sts.clock.now().wall;
    let left = Session {
        credentials: canary::credentials(9),
        issued_at: now,
        expires_at: now + SECOND * 3600,
        asked_for: role::DEFAULT_DURATION,
    };
    let alias: Alias = "a".parse().unwrap();
    rig.rotator.define(Rig::role(&alias), Some(left));
    let served = rig.key(&alias).await;
    assert_eq!((served.as_str(), rig.sts.calls.load(Ordering::SeqCst)), (canary::credentials(9).access_key_id(), 0));
    assert!(rig.rotator.at_hand("a").is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_lent_is_served_and_shown_nowhere() {
    let rig = Rig::new();
    let lent = rig.define("a").lent([0, 0, 0, 1]);
    rig.rotator.define(Rig::role(&lent), None);
    rig.rotator.settled().await;
    assert!(rig.rotator.session(&lent, SECOND).await.is_ok() && rig.rotator.at_hand(lent.as_str()).is_some());
    assert_eq!(rig.rotator.report().await.unwrap().roles.len(), 1);
    assert_eq!(rig.sink.written.lock().unwrap().keys().map(Alias::as_str).collect::<Vec<_>>(), ["a"]);
    rig.rotator.forget(&lent);
    assert_eq!(rig.rotator.session(&lent, SECOND).await.unwrap_err(), NotServed::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_role_leaves_the_sinks_and_is_unknown() {
    let rig = Rig::new();
    let alias = rig.define("a");
    rig.key(&alias).await;
    rig.rotator.forget(&alias);
    assert_eq!(rig.rotator.session(&alias, SECOND).await.unwrap_err(), NotServed::Unknown);
    rig.rotator.settled().await;
    assert_eq!(rig.sink.written.lock().unwrap()[&alias], None);
}

#[tokio::test(start_paused = true)]
async fn a_broken_sink_is_told_and_written_when_it_works_again() {
    let rig = Rig::new();
    rig.sink.broken.store(true, Ordering::SeqCst);
    let alias = rig.define("a");
    rig.key(&alias).await;
    rig.rotator.settled().await;
    let fault = rig.rotator.report().await.unwrap().sinks[0].fault.clone().unwrap();
    assert_eq!(fault.kind, FaultKind::Misconfigured);
    rig.sink.broken.store(false, Ordering::SeqCst);
    tokio::time::sleep(SECOND * 2).await;
    assert!(rig.sink.written.lock().unwrap()[&alias].is_some());
    assert!(rig.rotator.report().await.unwrap().sinks[0].fault.is_none());
}

#[tokio::test(start_paused = true)]
async fn stopping_finishes_deliveries_and_answers_whoever_comes_later() {
    let rig = Rig::new();
    let alias = rig.define("a");
    rig.key(&alias).await;
    rig.rotator.stop().await;
    assert!(rig.sink.written.lock().unwrap()[&alias].is_some());
    assert_eq!(rig.rotator.session(&alias, SECOND).await.unwrap_err(), NotServed::Stopped);
    assert!(rig.rotator.report().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_roles_reach_a_sink_in_few_batches() {
    let rig = Rig::new();
    for n in 0..1000 {
        rig.define(&format!("role-{n}"));
    }
    rig.rotator.settled().await;
    assert_eq!(rig.sink.written.lock().unwrap().len(), 1000);
    assert!(rig.sink.deliveries.load(Ordering::SeqCst) < 600, "batched: {:?}", rig.sink.deliveries);
}

#[tokio::test(start_paused = true)]
async fn one_round_ends_when_each_role_was_tried_even_if_all_fail() {
    let rig = Rig::new();
    *rig.sts.fault.lock().unwrap() = Some(FaultKind::Unreachable);
    for n in 0..200 {
        rig.define(&format!("role-{n}"));
    }
    // Four rounds of the budget's 64 places at a tenth of a second.
    tokio::time::timeout(SECOND * 2, rig.rotator.settled()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refresh_ends_when_the_new_session_is_written() {
    let rig = Rig::new();
    let (alias, other) = (rig.define("a"), rig.define("b"));
    let (first, untouched) = (rig.key(&alias).await, rig.key(&other).await);
    tokio::time::sleep(SECOND * 2).await;
    rig.rotator.refresh(std::slice::from_ref(&alias), SECOND).await.unwrap();
    assert_ne!(rig.sink.written.lock().unwrap()[&alias].as_ref(), Some(&first));
    assert_eq!(rig.key(&other).await, untouched);
    let report = rig.rotator.report().await.unwrap();
    assert_eq!((report.roles[0].version, report.roles[0].reason), (2, Some(Reason::Asked)));
    assert_eq!(report.roles[1].version, 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_ends_too_and_leaves_what_is_held() {
    let rig = Rig::new();
    let alias = rig.define("a");
    let first = rig.key(&alias).await;
    tokio::time::sleep(SECOND * 2).await;
    *rig.sts.fault.lock().unwrap() = Some(FaultKind::Denied);
    rig.rotator.refresh(std::slice::from_ref(&alias), SECOND).await.unwrap();
    assert_eq!(rig.key(&alias).await, first);
    assert_eq!(rig.rotator.report().await.unwrap().roles[0].fault.clone().unwrap().0.kind, FaultKind::Denied);
    // It would be tried again in half a minute at the earliest; a person need not wait for that.
    *rig.sts.fault.lock().unwrap() = None;
    tokio::time::sleep(SECOND).await;
    rig.rotator.refresh(std::slice::from_ref(&alias), SECOND).await.unwrap();
    assert_ne!(rig.key(&alias).await, first);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_of_an_unknown_role_names_it_and_asks_for_nothing() {
    let rig = Rig::new();
    let alias = rig.define("a");
    rig.key(&alias).await;
    tokio::time::sleep(SECOND * 2).await;
    let unknown: Alias = "nobody".parse().unwrap();
    let refused = rig.rotator.refresh(&[alias, unknown.clone()], SECOND).await;
    assert_eq!(refused, Err(NotRefreshed::Unknown(unknown)));
    tokio::time::sleep(SECOND * 2).await;
    assert_eq!(rig.sts.calls.load(Ordering::SeqCst), 1);
    assert_eq!(rig.rotator.refresh(&[], SECOND).await, Ok(()), "nothing to wait for");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_takes_the_call_under_way_and_waits_no_longer_than_it_may() {
    let rig = Rig::new();
    let alias = rig.define("a");
    let aliases = [alias.clone()];
    assert_eq!(rig.rotator.refresh(&aliases, SECOND / 100).await, Err(NotRefreshed::Pending));
    assert_eq!(rig.rotator.refresh(&aliases, SECOND).await, Ok(()));
    assert_eq!(rig.sts.calls.load(Ordering::SeqCst), 1, "the first call of the role was under way");

    rig.sts.hang.store(true, Ordering::SeqCst);
    tokio::time::sleep(SECOND * 2).await;
    let begun = rig.rotator.refresh(&aliases, SECOND * 40);
    let (ended, ()) = tokio::join!(begun, async {
        tokio::time::sleep(SECOND).await;
        assert!(rig.rotator.session(&alias, SECOND / 100).await.is_ok(), "what is held is served meanwhile");
    });
    assert_eq!(ended, Ok(()), "a call that is given up at its deadline has ended");

    rig.rotator.stop().await;
    assert_eq!(rig.rotator.refresh(&aliases, SECOND).await, Err(NotRefreshed::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_of_a_role_that_is_forgotten_meanwhile_ends() {
    let rig = Rig::new();
    let alias = rig.define("a");
    let aliases = [alias.clone()];
    let (ended, ()) = tokio::join!(rig.rotator.refresh(&aliases, SECOND * 20), async {
        tokio::task::yield_now().await;
        rig.rotator.forget(&alias);
    });
    assert_eq!(ended, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn another_set_of_roles_changes_what_differs_and_nothing_else() {
    let rig = Rig::new();
    let role = |alias: &str, name: &str| {
        let arn = format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap();
        Role { session_name: "fixed".parse().unwrap(), ..Role::new(alias.parse().unwrap(), arn, "host") }
    };
    let set = |roles: &[(&str, &str)]| {
        rig.rotator.set_all(Policy::default(), roles.iter().map(|(alias, name)| role(alias, name)).collect())
    };
    set(&[("same", "A"), ("changed", "B"), ("gone", "C"), ("renamed", "D")]).await;
    rig.rotator.settled().await;
    let key = |alias: &str| rig.sink.written.lock().unwrap()[&alias.parse::<Alias>().unwrap()].clone();
    let before = ["same", "changed", "gone", "renamed"].map(key);
    assert_eq!(rig.sts.calls.load(Ordering::SeqCst), 4);

    // Somebody waits for a session of the one that changes.
    set(&[("new", "E"), ("other", "D"), ("changed", "B2"), ("same", "A")]).await;
    let waiting = rig.rotator.session(&"changed".parse().unwrap(), SECOND).await.unwrap();
    rig.rotator.settled().await;
    assert_eq!(rig.sts.calls.load(Ordering::SeqCst), 6, "for the new one and the changed one");
    assert_eq!(key("same"), before[0]);
    assert_eq!(key("changed").as_deref(), Some(waiting.session.credentials.access_key_id()));
    assert_ne!(key("changed"), before[1]);
    assert_eq!((key("gone"), key("renamed"), key("other")), (None, None, before[3].clone()));
    let report = rig.rotator.report().await.unwrap();
    let order: Vec<_> = report.roles.iter().map(|report| report.role.alias.as_str()).collect();
    assert_eq!(order, ["new", "other", "changed", "same"]);
    assert_eq!(rig.rotator.session(&"gone".parse().unwrap(), SECOND).await.unwrap_err(), NotServed::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_call_for_a_role_that_has_changed_meanwhile_is_dropped() {
    let rig = Rig::new();
    let role = |name: &str| {
        let arn = format!("arn:aws:iam::123456789012:role/{name}").parse().unwrap();
        Role::new("a".parse().unwrap(), arn, "host")
    };
    rig.sts.hang.store(true, Ordering::SeqCst);
    rig.rotator.define(role("Old"), None);
    tokio::time::sleep(SECOND).await;
    rig.sts.hang.store(false, Ordering::SeqCst);
    rig.rotator.set_all(Policy::default(), vec![role("New")]).await;
    let served = rig.rotator.session(&"a".parse().unwrap(), SECOND).await.unwrap();
    assert_eq!(served.role.arn.name(), "New");
    assert_eq!(rig.sts.calls.load(Ordering::SeqCst), 2);
}
