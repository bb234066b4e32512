//! A role's life: what a handle and a sink see of it.

use std::sync::atomic::Ordering;

use rolecall_core::{Alias, FaultKind};
use rolecall_rotator::{NotServed, Rotator, State};

use crate::rig::{Rig, SECOND};

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
