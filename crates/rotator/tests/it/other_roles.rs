//! Another set of roles, and another policy, for a rotator that runs.

use std::sync::atomic::Ordering;

use rolecall_core::rotation::Policy;
use rolecall_core::{Alias, Role};
use rolecall_rotator::NotServed;

use crate::rig::{Rig, SECOND};

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
async fn what_is_lent_outlives_another_set_of_roles() {
    let rig = Rig::new();
    let alias = rig.define("a");
    let lent = alias.lent([0, 0, 0, 1]);
    rig.rotator.define(Rig::role(&lent), None);
    let key = rig.key(&lent).await;
    for roles in [vec![Rig::role(&alias)], vec![], vec![Rig::role(&"b".parse().unwrap())]] {
        rig.rotator.set_all(Policy::default(), roles).await;
        assert_eq!(rig.key(&lent).await, key);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_before_is_at_hand_once_the_roles_are_others() {
    let rig = Rig::new();
    let alias = rig.define("a");
    rig.key(&alias).await;
    assert!(rig.rotator.at_hand("a").is_some());
    // Not a turn for the driver in between.
    let other = Role { duration: SECOND * 1800, ..Rig::role(&alias) };
    let done = rig.rotator.set_all(Policy::default(), vec![other]);
    assert!(rig.rotator.at_hand("a").is_none());
    done.await;
    assert_ne!(rig.key(&alias).await, "");
    assert!(rig.rotator.at_hand("a").is_some());
    rig.rotator.define(Rig::role(&alias), None);
    assert!(rig.rotator.at_hand("a").is_none());
    rig.rotator.report().await;
    rig.rotator.forget(&alias);
    assert!(rig.rotator.at_hand("a").is_none());
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
