//! `rolecall agent --once`: one round, then an exit code that says how it went; what it wrote stays.

use e2e::{Agent, Finished, Home, Sandbox, finish, seed_environment};
use serde_json::json;

const FIRST: &str = "arn:aws:iam::123456789012:role/MyFirstRole";
const SECOND: &str = "arn:aws:iam::123456789013:role/MySecondRole";

fn once(home: &Home, environment: Vec<(String, String)>) -> Finished {
    finish(Agent::command(home, &["--once", "--publish", "file"]).envs(environment))
}

#[test]
fn all_roles_well_is_0_and_the_profiles_are_there() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    once(&home, seed_environment(sandbox.environment())).code(0);
    for section in ["[MyFirstAccount]", "[MySecondAccount]"] {
        assert!(home.read(".aws/credentials").contains(section));
        assert!(home.read(".local/state/rolecall/credentials").contains(section));
    }
    assert_eq!(sandbox.calls().len(), 2);
}

#[test]
fn some_roles_failed_is_3() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"roles": {FIRST: {"denied": true}}}));
    let failed = once(&home, seed_environment(sandbox.environment())).code(3);
    assert!(failed.stderr.contains("denied"), "{failed:#?}");
    assert!(home.read(".aws/credentials").contains("[MySecondAccount]"));
    assert!(!home.read(".aws/credentials").contains("[MyFirstAccount]"));
}

#[test]
fn a_bad_variable_beside_good_ones_is_3() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let mut environment = seed_environment(sandbox.environment());
    environment.push(("AWS_ROLE_3".into(), "nonsense".into()));
    let failed = once(&home, environment).code(3);
    assert!(failed.stderr.contains("AWS_ROLE_3"), "{failed:#?}");
}

#[test]
fn all_roles_failed_is_4() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"roles": {FIRST: {"denied": true}, SECOND: {"denied": true}}}));
    let failed = once(&home, seed_environment(sandbox.environment())).code(4);
    assert!(failed.stderr.contains("MyFirstAccount") && failed.stderr.contains("MySecondAccount"), "{failed:#?}");
}

#[test]
fn without_a_role_it_is_a_wrong_setting() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let failed = once(&home, sandbox.environment());
    assert_eq!(failed.code, Some(2), "{failed:#?}");
    assert!(failed.stderr.contains("AWS_ROLE_1"), "{failed:#?}");
}
