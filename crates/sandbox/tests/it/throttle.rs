//! Calls that are too many.

use rolecall_sandbox::{Faults, RoleFaults, Throttle};

use crate::client::{ROLE, Signer, World};

const SECOND: &str = "arn:aws:iam::123456789013:role/MySecondRole";

#[tokio::test]
async fn a_throttled_call_is_answered_as_sts_does_and_nothing_is_issued() {
    let world = World::start().await;
    world.control().set_faults(Faults { throttle: Some(Throttle::default()), ..Faults::default() }).unwrap();
    let answer = world.assume(&Signer::user(), ROLE).await;
    assert_eq!(answer.error(), (400, "Throttling", "Rate exceeded"));
    assert_eq!(answer.element("Type"), "Sender");
    assert_eq!(world.identity(&Signer::user()).await.error().1, "Throttling");
    let calls = world.control().calls();
    assert_eq!((calls[0].outcome, &calls[0].issued), ("Throttling", &None));
    world.control().set_faults(Faults::default()).unwrap();
    assert_eq!(world.assume(&Signer::user(), ROLE).await.status, 200);
}

#[tokio::test]
async fn so_many_calls_of_one_role_are_throttled_and_no_other() {
    let world = World::start().await;
    let throttle = Some(Throttle { calls: Some(2), per_second: None });
    let roles = [(ROLE.to_owned(), RoleFaults { throttle, ..RoleFaults::default() })].into();
    world.control().set_faults(Faults { roles, ..Faults::default() }).unwrap();
    for expected in [400, 400, 200, 200] {
        assert_eq!(world.assume(&Signer::user(), SECOND).await.status, 200);
        assert_eq!(world.assume(&Signer::user(), ROLE).await.status, expected);
    }
}

#[tokio::test]
async fn a_rate_is_kept_by_the_clock_and_set_anew_over_http() {
    let world = World::start().await;
    for _ in 0..2 {
        let set = world.plain("PUT", "/_sandbox/faults", "", r#"{"throttle":{"per_second":3}}"#).await;
        assert_eq!(set.json()["throttle"], serde_json::json!({"per_second": 3}), "{set:?}");
        let mut admitted = [0; 2];
        for count in &mut admitted {
            for _ in 0..5 {
                *count += u32::from(world.assume(&Signer::user(), ROLE).await.status == 200);
            }
            world.advance(1);
        }
        assert_eq!(admitted, [3, 3]);
    }
}
