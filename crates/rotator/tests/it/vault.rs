//! What is at hand without a word to the driver, and what is lent.

use std::sync::atomic::Ordering;

use rolecall_core::rotation::{Lead, Policy, Reason};
use rolecall_core::{Alias, Clock, FaultKind, Session, role};
use rolecall_rotator::NotServed;
use rolecall_testkit::canary;

use crate::rig::{Rig, SECOND};

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
