//! What works: sessions, who they are, when they end.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rolecall_sandbox::Faults;

use crate::client::{ROLE, Signer, World, assume_role};

#[tokio::test]
async fn a_user_learns_who_it_is() {
    let world = World::start().await;
    let answer = world.identity(&Signer::user()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.element("Arn"), "arn:aws:iam::123456789012:user/rolecall");
    assert_eq!(answer.element("Account"), "123456789012");
    assert!(answer.element("UserId").starts_with("AIDA"));
}

#[tokio::test]
async fn every_answer_carries_its_id_and_the_time_of_sts() {
    let world = World::start().await;
    for answer in [world.identity(&Signer::user()).await, world.plain("GET", "/", "", "").await] {
        assert!(answer.head.contains("\r\ndate: sun, 01 mar 2026 12:00:00 gmt"), "{answer:?}");
        assert!(answer.head.contains("\r\ncontent-type: text/xml"), "{answer:?}");
        let id = answer.element("RequestId");
        assert!(answer.head.contains(&format!("\r\nx-amzn-requestid: {id}")), "{answer:?}");
    }
}

#[tokio::test]
async fn a_session_is_the_role_without_its_path() {
    let world = World::start().await;
    let assumed = world.assume(&Signer::user(), "arn:aws:iam::123456789012:role/team/Admin").await;
    assert_eq!(assumed.status, 200, "{assumed:?}");
    let arn = "arn:aws:sts::123456789012:assumed-role/Admin/me@host";
    assert_eq!(assumed.element("Arn"), arn);
    assert_eq!(assumed.element("Expiration"), "2026-03-01T13:00:00Z");
    assert_eq!(assumed.element("SecretAccessKey").len(), 40);
    let who = world.identity(&Signer::session(&assumed)).await;
    assert_eq!((who.element("Arn"), who.element("Account")), (arn, "123456789012"));
    assert_eq!(who.element("UserId"), assumed.element("AssumedRoleId"));
    assert!(who.element("UserId").ends_with(":me@host"));
}

#[tokio::test]
async fn a_session_can_assume_a_role_of_another_account() {
    let world = World::start().await;
    let first = Signer::session(&world.assume(&Signer::user(), ROLE).await);
    let second = world.assume(&first, "arn:aws:iam::123456789013:role/MySecondRole").await;
    let who = world.identity(&Signer::session(&second)).await;
    assert_eq!(who.element("Arn"), "arn:aws:sts::123456789013:assumed-role/MySecondRole/me@host");
}

#[tokio::test]
async fn a_session_ends_at_its_expiration() {
    let world = World::start().await;
    let form = format!("{}&DurationSeconds=900", assume_role(ROLE));
    let assumed = world.call(&Signer::user(), &form).await;
    let expires_at: Timestamp = assumed.element("Expiration").parse().unwrap();
    assert_eq!(expires_at.duration_since(world.now()), SignedDuration::from_secs(900));
    let session = Signer::session(&assumed);
    world.advance(899);
    assert_eq!(world.identity(&session).await.status, 200);
    world.advance(1);
    let expired = (403, "ExpiredToken", "The security token included in the request is expired");
    assert_eq!(world.identity(&session).await.error(), expired);
    assert_eq!(world.assume(&session, ROLE).await.error(), expired);
}

#[tokio::test]
async fn sessions_of_seconds_end_after_seconds() {
    let world = World::start().await;
    world.control().set_faults(Faults { session_seconds: Some(3), ..Faults::default() }).unwrap();
    let assumed = world.assume(&Signer::user(), ROLE).await;
    assert_eq!(assumed.element("Expiration"), "2026-03-01T12:00:03Z");
    world.advance(3);
    assert_eq!(world.identity(&Signer::session(&assumed)).await.error().1, "ExpiredToken");
}

#[tokio::test]
async fn keys_are_unique_within_a_run_and_the_same_in_the_next() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let world = World::start().await;
        let mut keys = BTreeSet::new();
        for _ in 0..5 {
            let answer = world.assume(&Signer::user(), ROLE).await;
            let element = |name| answer.element(name).to_owned();
            keys.insert((element("AccessKeyId"), element("SecretAccessKey"), element("SessionToken")));
        }
        assert_eq!(keys.len(), 5);
        runs.push(keys);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test]
async fn parameters_may_come_in_the_url() {
    let world = World::start().await;
    for method in ["GET", "POST"] {
        let target = "/?Version=2011-06-15&Action=GetCallerIdentity";
        let request = world.signed_request(method, target, &Signer::user(), "");
        assert_eq!(world.send(&request).await.unwrap().status, 200, "{method}");
        let target = format!("/?{}", assume_role(ROLE));
        let request = world.signed_request(method, &target, &Signer::user(), "");
        assert_eq!(world.send(&request).await.unwrap().status, 200, "{method}");
    }
}

#[tokio::test]
async fn parameters_of_later_times_are_taken() {
    let world = World::start().await;
    let more = "ExternalId=abc&Tags.member.1.Key=team&Tags.member.1.Value=x&SourceIdentity=me&New=1";
    assert_eq!(world.call(&Signer::user(), &format!("{}&{more}", assume_role(ROLE))).await.status, 200);
}
