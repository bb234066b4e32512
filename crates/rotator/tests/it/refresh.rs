//! New sessions because a person asks for them.

use std::sync::atomic::Ordering;

use rolecall_core::rotation::Reason;
use rolecall_core::{Alias, FaultKind};
use rolecall_rotator::NotRefreshed;

use crate::rig::{Rig, SECOND};

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
