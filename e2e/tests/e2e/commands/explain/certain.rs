//! What is certain because IAM shows the role's trust policy, and what stays a guess where it does not.

use e2e::finish;
use serde_json::{Value, json};

use super::world::{World, causes, failed, failed_as};

#[test]
fn what_the_trust_policy_says_is_certain() {
    let world = World::start();
    for (alias, expected) in [
        ("closed", "certain: the trust policy does not name the caller"),
        ("guarded", "certain: the external id is not the one that the trust policy asks for"),
        ("misguarded", "certain: the external id is not the one that the trust policy asks for"),
        ("untagged", "certain: the trust policy does not allow sts:TagSession to the caller"),
        ("pathless", "certain: the ARN is not that of the role"),
        ("missing", "certain: the role does not exist"),
        ("short", "certain: the session would be longer than the role allows"),
    ] {
        let (hop, _) = failed(&world, alias, 4);
        let told = causes(&hop);
        assert_eq!(told, [expected], "{alias}");
    }
}

#[test]
fn conditions_and_the_callers_own_policy_are_likely_where_the_trust_policy_leaves_them() {
    let world = World::start();
    let (hop, _) = failed(&world, "conditional", 4);
    assert_eq!(causes(&hop)[0], "likely: a condition of the trust policy is not met");
    assert!(hop["causes"][0]["evidence"].as_str().unwrap().contains("aws:MultiFactorAuthPresent"), "{hop:#}");
    let (hop, _) = failed_as(&world, "bare", "account", 4);
    assert_eq!(causes(&hop)[0], "likely: no policy of the caller allows it");
    assert!(!causes(&hop).iter().any(|cause| cause.contains("does not name the caller")), "{hop:#}");
}

#[test]
fn who_may_not_ask_iam_is_told_no_certainty() {
    let world = World::start();
    for alias in ["closed", "guarded", "missing", "pathless"] {
        let (hop, _) = failed_as(&world, "blind", alias, 4);
        assert!(causes(&hop).iter().all(|cause| !cause.starts_with("certain")), "{alias}: {hop:#}");
        let evidence = |cause: &Value| cause["evidence"].as_str().unwrap().contains("iam:GetRole");
        assert!(hop["causes"].as_array().unwrap().iter().any(evidence), "{alias}: {hop:#}");
    }
}

#[test]
fn iam_is_asked_once_and_only_about_a_refusal_in_ones_own_account() {
    let world = World::start();
    let asked = || world.sandbox.calls().iter().filter(|call| call["action"] == "GetRole").count();
    failed(&world, "closed", 4);
    assert_eq!(asked(), 1);
    world.sandbox.faults(&json!({"roles": {"arn:aws:iam::444455556666:role/Far": {"denied": true}}}));
    failed(&world, "far", 4);
    world.sandbox.faults(&json!({"throttle": {}}));
    failed(&world, "closed", 4);
    assert_eq!(asked(), 1);
}

#[test]
fn a_wrong_clock_does_not_keep_iam_from_answering() {
    for offset in [-7200, 7200] {
        let world = World::start();
        world.sandbox.faults(&json!({"clock_offset_seconds": offset}));
        let (hop, _) = failed(&world, "closed", 4);
        assert_eq!(causes(&hop), ["certain: the trust policy does not name the caller"], "{offset}");
    }
}

#[test]
fn iam_of_aws_is_not_asked_where_sts_is_another() {
    let world = World::start();
    let mut command = world.rolecall(&["explain", "closed", "--output", "json"]);
    command.env_remove("AWS_ENDPOINT_URL").env("AWS_ENDPOINT_URL_STS", world.sandbox.url());
    let told = finish(&mut command).code(4).stdout;
    assert!(told.contains("it is not known here where IAM answers"), "{told}");
    command.env("AWS_ENDPOINT_URL_IAM", world.sandbox.url());
    let told = finish(&mut command).code(4).stdout;
    assert!(told.contains("\"certain\""), "{told}");
}
