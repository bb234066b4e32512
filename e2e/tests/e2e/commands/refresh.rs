//! `rolecall refresh`: new sessions now.

use e2e::{Agent, Home, Sandbox, finish, seed_environment};
use serde_json::{Value, json};

const ALIAS: &str = "MyFirstAccount";
const ROLE: &str = "arn:aws:iam::123456789012:role/MyFirstRole";

#[test]
fn it_brings_new_keys_to_the_roles_that_are_named() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    finish(&mut home.rolecall(&["wait"])).code(0);
    let (first, second) = (agent.credentials(ALIAS), agent.credentials("MySecondAccount"));
    let told = finish(&mut home.rolecall(&["refresh", ALIAS])).code(0);
    assert!(told.stdout.contains(ALIAS) && told.stdout.contains("refreshed"), "{told:#?}");
    assert!(!told.stdout.contains("MySecondAccount"), "{told:#?}");
    assert_ne!(agent.credentials(ALIAS)["AccessKeyId"], first["AccessKeyId"]);
    assert_eq!(agent.credentials("MySecondAccount")["AccessKeyId"], second["AccessKeyId"]);
    // Written, too, when it returns.
    let key = agent.credentials(ALIAS)["AccessKeyId"].as_str().unwrap().to_owned();
    assert!(home.read(".local/state/rolecall/credentials").contains(&key));

    let told = finish(&mut home.rolecall(&["refresh", "--output", "json"])).ok();
    let document: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(document["profiles"].as_array().unwrap().len(), 2);
    assert_ne!(agent.credentials("MySecondAccount")["AccessKeyId"], second["AccessKeyId"]);
}

#[test]
fn the_exit_code_says_what_it_came_to() {
    let home = Home::new();
    finish(&mut home.rolecall(&["refresh"])).code(6);
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_fault(ALIAS, "denied");
    let some = finish(&mut home.rolecall(&["refresh"])).code(3);
    assert!(some.stdout.contains("refreshed") && some.stdout.contains("fix:"), "{some:#?}");
    finish(&mut home.rolecall(&["refresh", ALIAS])).code(4);
    let unknown = finish(&mut home.rolecall(&["refresh", "Other"])).code(5);
    assert!(unknown.stderr.contains("Other") && unknown.stderr.contains(ALIAS), "{unknown:#?}");
    // Permission is given: not waited for until the next try.
    sandbox.mend();
    finish(&mut home.rolecall(&["refresh", ALIAS])).code(0);
    agent.credentials(ALIAS);
}
