//! What is wrong with a role or a policy is told before anything starts.

use e2e::finish;
use serde_json::json;

use super::{ALIAS, ROLE, World, exec, left_over, on_each_ground};

/// Runs a command that leaves a trace, which must not be there, and returns what was told.
#[track_caller]
fn not_started(world: &World<'_>, args: &[&str]) -> String {
    let failed = finish(&mut world.exec(args, &["touch", "started"])).code(125);
    assert!(!world.home.at("started").exists(), "{failed:#?}");
    assert_eq!((failed.stdout.as_str(), left_over(world.home)), ("", vec![]), "{failed:#?}");
    failed.stderr
}

#[test]
fn a_policy_that_sts_would_not_take_is_told_by_name() {
    on_each_ground(|world| {
        let long = json!({ "Statement": "x".repeat(2048) }).to_string();
        for (text, reason) in [("{", "not JSON"), ("[]", "Statement"), (long.as_str(), "STS takes 2048")] {
            world.home.write("policy.json", text);
            let told = not_started(&world, &["--policy", "policy.json"]);
            assert!(told.contains(reason) && told.contains("fix:"), "{told}");
        }
        let told = not_started(&world, &["--policy", "no-such.json"]);
        assert!(told.contains("no-such.json") && told.contains("fix:"), "{told}");
        let told = not_started(&world, &["--policy-arn", "ReadOnlyAccess"]);
        assert!(told.contains("not the ARN of a managed policy"), "{told}");
        let arn = ["--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"];
        assert!(not_started(&world, &arn.repeat(11)).contains("STS takes 10"));
        not_started(&world, &[&arn[..], &["--read-only"]].concat());
        finish(&mut world.exec(&arn.repeat(2), &["true"])).code(0);
    });
}

#[test]
fn a_role_that_is_refused_is_told_with_what_to_do() {
    on_each_ground(|world| {
        world.sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
        // The agent may hold a session of the role by now, and none of the narrowed one.
        let told = not_started(&world, &["--read-only"]);
        assert!(told.contains(ROLE) && told.contains("trust policy"), "{told}");
    });
}

#[test]
fn a_role_that_nobody_defined_is_told_with_those_that_there_are() {
    on_each_ground(|world| {
        let mut other = world.home.rolecall(&["exec", "Other", "--", "touch", "started"]);
        let failed = finish(other.envs(e2e::seed_environment(world.sandbox.environment()))).code(125);
        assert!(failed.stderr.contains("Other") && failed.stderr.contains(ALIAS), "{failed:#?}");
        assert!(!world.home.at("started").exists());
    });
}

#[test]
fn a_narrowed_session_asks_for_its_own_and_no_other() {
    on_each_ground(|world| {
        let assumed = || world.sandbox.calls().iter().filter(|call| call["role"] == ROLE).count();
        finish(&mut world.exec(&[], &["true"])).code(0);
        let before = assumed();
        for _ in 0..2 {
            finish(&mut world.exec(&["--read-only"], &["true"])).code(0);
        }
        assert_eq!(assumed() - before, 2);
    });
}

#[test]
fn without_a_base_it_says_so() {
    let home = e2e::Home::new();
    let sandbox = e2e::Sandbox::start(&home);
    let role = format!("{ROLE}:{ALIAS}");
    let variables = vec![("AWS_ENDPOINT_URL".into(), sandbox.url()), ("AWS_ROLE_1".into(), role)];
    let failed = finish(&mut exec(&home, variables, &[], &["true"])).code(125);
    assert!(failed.stderr.contains("base credentials") && failed.stderr.contains("fix:"), "{failed:#?}");
}
