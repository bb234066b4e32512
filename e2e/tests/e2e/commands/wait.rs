//! `rolecall wait`: what must not start before the roles can be used.

use std::time::Duration;

use e2e::{Agent, Home, Running, Sandbox, elapsed, finish, seed_environment};
use serde_json::json;

const ALIAS: &str = "MyFirstAccount";
const ROLE: &str = "arn:aws:iam::123456789012:role/MyFirstRole";

#[test]
fn it_may_be_started_before_the_agent_and_ends_when_the_profile_is_there() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let waiting = Running::start(&mut home.rolecall(&["wait", ALIAS, "MySecondAccount"]));
    let _agent = Running::start(Agent::command(&home, &[]).envs(seed_environment(sandbox.environment())));
    waiting.wait(Duration::from_secs(30)).code(0);
    assert!(home.read(".aws/config").contains("[profile MyFirstAccount]"));
    finish(&mut home.rolecall(&["credentials", ALIAS])).code(0);
    finish(&mut home.rolecall(&["wait"])).code(0);
}

#[test]
fn what_does_not_come_is_7_with_the_reason_and_what_comes_late_is_waited_for() {
    let home = Home::new();
    let nobody = finish(&mut home.rolecall(&["wait", ALIAS, "--timeout", "200ms"])).code(7);
    assert!(nobody.stderr.contains("no agent runs"), "{nobody:#?}");
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_fault(ALIAS, "denied");
    finish(&mut home.rolecall(&["wait", "MySecondAccount"])).code(0);
    let denied = finish(&mut home.rolecall(&["wait", ALIAS, "--timeout", "300ms"])).code(7);
    assert!(denied.stderr.contains(ROLE), "{denied:#?}");
    let waiting = Running::start(&mut home.rolecall(&["wait", ALIAS]));
    sandbox.mend();
    finish(&mut home.rolecall(&["refresh", ALIAS])).code(0);
    waiting.wait(Duration::from_secs(30)).code(0);
}

#[test]
fn what_cannot_come_is_told_at_once() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    home.write(".aws/config", "[profile MySecondAccount]\nregion = x\n");
    let _agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    for (args, code, part) in [
        (&["wait", "Other"][..], 5, "Other"),
        (&["wait", "MySecondAccount"], 4, ".aws/config"),
        (&["wait", ALIAS, "--min-valid", "2h"], 4, "--duration"),
    ] {
        finish(&mut home.rolecall(&["wait", ALIAS])).code(0);
        let (time, told) = elapsed(|| finish(&mut home.rolecall(args)).code(code));
        assert!(told.stderr.contains(part), "{told:#?}");
        assert!(time < Duration::from_secs(10), "{time:?}");
    }
}

#[test]
fn a_session_that_is_too_short_is_refreshed() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(600);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state(ALIAS, "fresh");
    let before = agent.credentials(ALIAS);
    sandbox.mend();
    finish(&mut home.rolecall(&["wait", ALIAS, "--min-valid", "15m"])).code(0);
    assert_ne!(agent.credentials(ALIAS)["AccessKeyId"], before["AccessKeyId"]);
}

#[test]
fn a_round_is_over_when_each_role_works_or_is_known_not_to() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
    let waiting = Running::start(&mut home.rolecall(&["wait", "--first-round"]));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    let over = waiting.wait(Duration::from_secs(30)).code(3);
    assert!(over.stderr.contains(ROLE) && !over.stderr.contains("MySecondAccount"), "{over:#?}");
    agent.credentials("MySecondAccount");
    sandbox.mend();
    finish(&mut home.rolecall(&["refresh", ALIAS])).code(0);
    finish(&mut home.rolecall(&["wait", "--first-round"])).code(0);
}
