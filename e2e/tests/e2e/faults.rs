//! A role that fails never hurts another. Each failure is its named fault in `status`, in `profiles` and in the log, the
//! other roles stay fresh, and lifting the cause is enough.

mod clock;
mod documents;
mod network;
mod of_base;
pub(crate) mod server;
mod told;

use std::time::Duration;

use e2e::{Agent, Home, Sandbox, seed_environment, until};
use serde_json::{Value, json};
use told::{is_well, told_everywhere};

const FIRST: &str = "arn:aws:iam::123456789012:role/MyFirstRole";

#[test]
fn a_denied_role_is_alone_with_it() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"session_seconds": 6, "roles": {FIRST: {"denied": true}}}));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    told_everywhere(&home, &agent, "MyFirstAccount", "denied");
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
        told_everywhere(&home, &agent, "MyFirstAccount", "unreachable");
        told_everywhere(&home, &agent, "MySecondAccount", "unreachable");
        sandbox.mend();
        is_well(&agent, "MyFirstAccount");
        is_well(&agent, "MySecondAccount");
    }
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
fn a_base_that_has_ended_is_the_fault_of_all_and_passes() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"keys": {Sandbox::KEY: "expired"}}));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    told_everywhere(&home, &agent, "MyFirstAccount", "base_expired");
    told_everywhere(&home, &agent, "MySecondAccount", "base_expired");
    sandbox.mend();
    is_well(&agent, "MyFirstAccount");
    is_well(&agent, "MySecondAccount");
}

#[test]
fn too_many_calls_are_throttled_and_it_passes() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"throttle": {}}));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    told_everywhere(&home, &agent, "MyFirstAccount", "throttled");
    sandbox.mend();
    is_well(&agent, "MyFirstAccount");
    is_well(&agent, "MySecondAccount");
}

#[test]
fn a_profile_of_the_users_own_is_taken() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(6);
    home.write(".aws/config", "[profile MyFirstAccount]\nregion = eu-west-1\n");
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    told_everywhere(&home, &agent, "MyFirstAccount", "profile_taken");
    is_well(&agent, "MySecondAccount");
    // The session is there all the same, for whoever asks for it.
    agent.credentials("MyFirstAccount");
    home.write(".aws/config", "");
    until("profile of ours", Duration::from_secs(40), || match agent.profile("MyFirstAccount")["fault"].clone() {
        Value::Null => Ok(()),
        fault => Err(fault.to_string()),
    });
    assert!(home.read(".aws/config").contains("[profile MyFirstAccount]"));
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
