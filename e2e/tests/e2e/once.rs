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

#[test]
fn what_cannot_be_written_is_told_once_and_hurts_only_who_needs_it() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    // There is a file where the directory of the profiles should be.
    home.write(".aws", "not a directory");
    let environment = || seed_environment(sandbox.environment());
    let file = once(&home, environment()).code(4);
    assert_eq!(file.stderr.matches("create the directory").count(), 1, "{file:#?}");
    let none = finish(Agent::command(&home, &["--once", "--publish", "none"]).envs(environment())).code(0);
    assert!(!none.stderr.contains("WARN"), "{none:#?}");
    assert!(home.read(".local/state/rolecall/credentials").contains("[MyFirstAccount]"));
}

#[test]
fn an_outage_is_told_without_a_promise_to_try_again() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"outage": "unavailable"}));
    let failed = once(&home, seed_environment(sandbox.environment())).code(4);
    assert!(failed.stderr.contains("unreachable") && !failed.stderr.contains("again"), "{failed:#?}");
    assert!(failed.stderr.contains("first round over: 0 of 2 roles have a session"), "{failed:#?}");
}

#[test]
fn without_a_store_nothing_survives_but_the_form_that_was_asked_for() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let store = || ["credentials", "config"].map(|name| home.state().join(name).exists());
    once(&home, seed_environment(sandbox.environment())).code(0);
    assert_eq!(store(), [true, true]);
    for (args, variable) in [(&["--no-store"][..], "true"), (&[], "false")] {
        let mut command = Agent::command(&home, &["--once", "--publish", "process"]);
        command.args(args).env("ROLECALL_STORE", variable);
        finish(command.envs(seed_environment(sandbox.environment()))).code(0);
        assert_eq!(store(), [false, false], "{args:?}");
        once(&home, seed_environment(sandbox.environment())).code(0);
    }
    // The next agent has nothing to begin with.
    let without = || Agent::start(&home, seed_environment(sandbox.environment()), &["--no-store"]);
    let first = without();
    let before = first.credentials("MyFirstAccount");
    first.stop(rustix::process::Signal::TERM);
    assert_ne!(without().credentials("MyFirstAccount"), before);
}
