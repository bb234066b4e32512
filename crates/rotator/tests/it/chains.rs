//! Roles that are assumed from other roles.

use std::sync::atomic::Ordering;

use rolecall_core::rotation::Policy;
use rolecall_core::source::Parent;
use rolecall_core::{Alias, FaultKind, Role, Source};
use rolecall_rotator::{NotServed, State};

use crate::rig::{Rig, SECOND};

fn alias(name: &str) -> Alias {
    name.parse().unwrap()
}

fn parent() -> Role {
    Rig::role(&alias("parent"))
}

/// This many roles that are assumed from the parent.
fn children(count: usize) -> Vec<Role> {
    let source = Source::Role(Parent::new(parent().into()));
    (0..count).map(|n| Role { source: source.clone(), ..Rig::role(&alias(&format!("child{n}"))) }).collect()
}

#[tokio::test(start_paused = true)]
async fn children_share_one_session_of_their_parent() {
    let rig = Rig::new();
    rig.rotator.define_all(children(100).into_iter().chain([parent()]).map(|role| (role, None)).collect());
    rig.rotator.settled().await;
    let report = rig.rotator.report().await.unwrap();
    assert!(report.roles.iter().all(|role| role.state == State::Fresh), "{report:?}");
    assert_eq!(rig.sts.calls.load(Ordering::SeqCst), 101);
    let parents = rig.sts.parents.lock().unwrap();
    let held = report.roles.last().unwrap().access_key_id.clone().unwrap();
    assert!(parents.len() == 100 && parents.iter().all(|(_, id)| *id == held), "{parents:?}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_nobody_defined_is_kept_too() {
    let rig = Rig::new();
    rig.rotator.define(children(1).remove(0), None);
    assert!(rig.rotator.session(&alias("child0"), SECOND * 5).await.is_ok());
    assert!(rig.rotator.session(&alias("parent"), SECOND * 5).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_parent_is_told_of_its_children() {
    let rig = Rig::new();
    *rig.sts.fault.lock().unwrap() = Some(FaultKind::Denied);
    rig.rotator.define_all(children(1).into_iter().chain([parent()]).map(|role| (role, None)).collect());
    rig.rotator.settled().await;
    let report = rig.rotator.report().await.unwrap();
    let (fault, _) = report.roles[0].fault.clone().unwrap();
    assert_eq!((report.roles[0].state, fault.kind), (State::Failed, FaultKind::Denied));
    assert_eq!(fault.message, "waits for parent, which it is assumed from: no");
    assert_eq!(report.roles[1].fault.clone().unwrap().0.message, "no");
    let Err(NotServed::Failed(told)) = rig.rotator.session(&alias("child0"), SECOND).await else { panic!("served") };
    assert_eq!(told, fault);

    *rig.sts.fault.lock().unwrap() = None;
    rig.rotator.refresh(&[alias("child0")], SECOND * 10).await.unwrap();
    assert_eq!(rig.rotator.report().await.unwrap().roles[0].state, State::Fresh);
}

fn under(child: &Role, parent: &Role) -> Role {
    Role { source: Source::Role(Parent::new(parent.clone().into())), ..child.clone() }
}

#[tokio::test(start_paused = true)]
async fn no_child_is_assumed_with_what_its_parent_was() {
    let rig = Rig::new();
    // In the settings a child may stand before its parent.
    let both = |parent: Role| vec![under(&Rig::role(&alias("child0")), &parent), parent];
    rig.rotator.set_all(Policy::default(), both(parent())).await;
    rig.rotator.settled().await;
    tokio::time::sleep(SECOND * 5).await;
    rig.sts.parents.lock().unwrap().clear();
    let other = Role { external_id: Some("id".parse().unwrap()), ..parent() };
    rig.rotator.set_all(Policy::default(), both(other)).await;
    tokio::time::sleep(SECOND * 5).await;
    let new = rig.key(&alias("parent")).await;
    assert_eq!(*rig.sts.parents.lock().unwrap(), [(alias("child0"), new)]);
}

#[tokio::test(start_paused = true)]
async fn a_chain_can_be_turned_round() {
    let rig = Rig::new();
    let named = |name: &str, id: &str| Role { external_id: Some(id.parse().unwrap()), ..Rig::role(&alias(name)) };
    let (a, b) = (named("a", "aaa"), named("b", "bbb"));
    rig.rotator.set_all(Policy::default(), vec![a.clone(), under(&b, &a)]).await;
    rig.rotator.settled().await;
    tokio::time::sleep(SECOND * 5).await;
    rig.sts.parents.lock().unwrap().clear();
    rig.rotator.set_all(Policy::default(), vec![under(&a, &b), b.clone()]).await;
    tokio::time::sleep(SECOND * 5).await;
    let new = rig.key(&alias("b")).await;
    assert_eq!(*rig.sts.parents.lock().unwrap(), [(alias("a"), new)]);
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_was_left_is_enough_for_a_child_before_it() {
    let rig = Rig::new();
    rig.rotator.define(parent(), None);
    let left = rig.rotator.session(&alias("parent"), SECOND * 5).await.unwrap().session;
    let rig = Rig::new();
    rig.rotator.define_all(vec![(children(1).remove(0), None), (parent(), Some((*left).clone()))]);
    tokio::time::timeout(SECOND * 20, rig.rotator.settled()).await.expect("the first round ends");
    assert_eq!(rig.rotator.report().await.unwrap().roles[0].state, State::Fresh);
}

#[tokio::test(start_paused = true)]
async fn another_definition_of_the_parent_is_another_one_of_its_children() {
    let rig = Rig::new();
    let both = |parent: Role| {
        let source = Source::Role(Parent::new(parent.clone().into()));
        vec![parent, Role { source, ..Rig::role(&alias("child0")) }]
    };
    rig.rotator.set_all(Policy::default(), both(parent())).await;
    let before = rig.key(&alias("child0")).await;
    rig.rotator.set_all(Policy::default(), both(parent())).await;
    assert_eq!(rig.key(&alias("child0")).await, before, "nothing changed");
    let other = Role { external_id: Some("id".parse().unwrap()), ..parent() };
    rig.rotator.set_all(Policy::default(), both(other)).await;
    assert_ne!(rig.key(&alias("child0")).await, before);
}
