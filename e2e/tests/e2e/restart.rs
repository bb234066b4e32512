//! An agent that starts again: what an earlier one left is used for as long as it is good, and no longer.

use std::time::Duration;

use e2e::{Agent, Home, Sandbox, seed_environment, until};
use rustix::process::Signal;
use serde_json::json;

const FIRST: &str = "MyFirstAccount";

#[test]
fn an_outage_at_the_restart_takes_away_nothing_that_is_valid() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(14);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "file"]);
    agent.wait_for_state(FIRST, "fresh");
    agent.wait_for_state("MySecondAccount", "fresh");
    agent.stop(Signal::TERM);

    sandbox.faults(&json!({"outage": "unavailable", "session_seconds": 14}));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "file"]);
    agent.credentials(FIRST);
    assert!(home.read(".aws/credentials").contains(FIRST));

    // At its end it is gone from everywhere, though no new one has come.
    agent.wait_for_state(FIRST, "expired");
    until("the keys are gone", Duration::from_secs(5), || {
        let files = home.read(".aws/credentials") + &home.read(".local/state/rolecall/credentials");
        (!files.contains("aws_secret_access_key")).then_some(()).ok_or_else(|| "they are there".to_owned())
    });
    sandbox.mend();
    agent.wait_for_state(FIRST, "fresh");
}

#[test]
fn a_restart_asks_for_nothing_that_is_held_already() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    let before = agent.credentials(FIRST);
    agent.wait_for_state("MySecondAccount", "fresh");
    agent.stop(Signal::TERM);
    let calls = sandbox.calls().len();
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MySecondAccount", "fresh");
    assert_eq!(agent.credentials(FIRST), before);
    assert_eq!(sandbox.calls().len(), calls);
}

#[test]
fn a_changed_definition_is_asked_for_anew() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    let before = agent.credentials(FIRST);
    agent.stop(Signal::TERM);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--duration", "30m"]);
    assert_ne!(agent.credentials(FIRST), before);
}
