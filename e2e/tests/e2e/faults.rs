//! A role that fails never hurts another. Each failure is its named fault in `status`, in `profiles` and in the log, the
//! other roles stay fresh, and lifting the cause is enough.

use std::time::Duration;

use e2e::{Agent, Home, Sandbox, seed_environment, until};
use serde_json::{Value, json};

const FIRST: &str = "arn:aws:iam::123456789012:role/MyFirstRole";

/// The fault is told in all three places, in the same words, with what to do.
#[track_caller]
fn told_everywhere(agent: &Agent<'_>, alias: &str, kind: &str) {
    let fault = agent.wait_for_fault(alias, kind)["fault"].clone();
    for part in ["message", "action", "since"] {
        assert!(fault[part].as_str().is_some_and(|text| text.len() > 5), "{part}: {fault:#}");
    }
    let message = fault["message"].as_str().unwrap();
    let status = agent.status().to_string();
    let quoted = serde_json::to_string(message).unwrap();
    assert!(status.contains(&quoted) && status.contains(kind), "{status}");
    let log = agent.output();
    assert!(log.contains(kind) && log.contains(alias), "{log}");
}

#[track_caller]
fn is_well(agent: &Agent<'_>, alias: &str) {
    let profile = agent.wait_for_state(alias, "fresh");
    assert_eq!(profile["fault"], Value::Null, "{profile:#}");
}

#[test]
fn a_denied_role_is_alone_with_it() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"session_seconds": 6, "roles": {FIRST: {"denied": true}}}));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    told_everywhere(&agent, "MyFirstAccount", "denied");
    assert_eq!(agent.profile("MyFirstAccount")["state"], "failed");
    let before = agent.credentials("MySecondAccount");
    agent.wait_for_rotation("MySecondAccount", &before);
    is_well(&agent, "MySecondAccount");
    sandbox.mend();
    is_well(&agent, "MyFirstAccount");
}

#[test]
fn a_role_that_is_denied_later_is_served_until_its_session_ends() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(8);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "file"]);
    is_well(&agent, "MyFirstAccount");
    sandbox.faults(&json!({"session_seconds": 8, "roles": {FIRST: {"denied": true}}}));
    agent.wait_for_fault("MyFirstAccount", "denied");
    assert_eq!(agent.profile("MyFirstAccount")["state"], "stale");
    agent.wait_for_state("MyFirstAccount", "expired");
    // Nothing that is dead stays readable, and the other role is where it was.
    until("the keys are gone", Duration::from_secs(5), || {
        let files = home.read(".aws/credentials") + &home.read(".local/state/rolecall/credentials");
        if files.contains("[MyFirstAccount]") { Err(files) } else { Ok(()) }
    });
    assert!(home.read(".aws/credentials").contains("[MySecondAccount]"));
    let refused = e2e::finish(&mut home.rolecall(&["credentials", "MyFirstAccount"])).code(4);
    assert_eq!(refused.stdout, "");
    assert!(refused.stderr.contains(FIRST), "{refused:#?}");
    sandbox.session_seconds(60);
    is_well(&agent, "MyFirstAccount");
}

#[test]
fn an_outage_is_unreachable_and_passes() {
    for outage in ["drop", "unavailable"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        sandbox.faults(&json!({"outage": outage}));
        let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
        told_everywhere(&agent, "MyFirstAccount", "unreachable");
        told_everywhere(&agent, "MySecondAccount", "unreachable");
        sandbox.mend();
        is_well(&agent, "MyFirstAccount");
        is_well(&agent, "MySecondAccount");
    }
}

#[test]
fn an_address_where_nobody_listens_is_unreachable() {
    let home = Home::new();
    let url = Sandbox::start(&home).url();
    let environment = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", Sandbox::KEY),
        ("AWS_SECRET_ACCESS_KEY", Sandbox::SECRET),
        ("AWS_REGION", "eu-central-1"),
        e2e::SEED_ROLES[0],
    ];
    let agent = Agent::start(&home, environment, &[]);
    told_everywhere(&agent, "MyFirstAccount", "unreachable");
}

#[test]
fn a_slow_role_delays_no_other() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"roles": {FIRST: {"latency_ms": 25_000}}}));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    is_well(&agent, "MySecondAccount");
    assert_eq!(agent.profile("MyFirstAccount")["state"], "pending");
}

#[test]
fn a_base_that_expires_is_the_fault_of_all_and_passes() {
    for state in ["expired", "inactive"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        sandbox.faults(&json!({"keys": {Sandbox::KEY: state}}));
        let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
        told_everywhere(&agent, "MyFirstAccount", "base_expired");
        told_everywhere(&agent, "MySecondAccount", "base_expired");
        sandbox.mend();
        is_well(&agent, "MyFirstAccount");
        is_well(&agent, "MySecondAccount");
    }
}

#[test]
fn no_base_at_all_is_a_fault_with_a_way_out() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let mut environment = seed_environment(sandbox.environment());
    environment.retain(|(name, _)| !name.starts_with("AWS_ACCESS_KEY") && !name.starts_with("AWS_SECRET"));
    let agent = Agent::start(&home, environment, &[]);
    told_everywhere(&agent, "MyFirstAccount", "base_expired");
    assert_eq!(sandbox.calls(), Vec::<Value>::new());
}

#[test]
fn a_malformed_arn_is_misconfigured_and_the_good_roles_run() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let mut environment = seed_environment(sandbox.environment());
    environment.push(("AWS_ROLE_3".into(), "arn:aws:iam::1234:role/R:Broken".into()));
    let agent = Agent::start(&home, environment, &[]);
    is_well(&agent, "MyFirstAccount");
    is_well(&agent, "MySecondAccount");
    for told in [agent.profiles(), agent.status()] {
        let text = told.to_string();
        assert!(text.contains("AWS_ROLE_3") && text.contains("misconfigured"), "{told:#}");
    }
    let log = agent.output();
    assert!(log.contains("AWS_ROLE_3") && log.contains("12 digits"), "{log}");
}
