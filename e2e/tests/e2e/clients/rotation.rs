//! Credentials are rotated under the clients: a new process sees the new keys, a long-running one never sees dead ones.

use std::time::Duration;

use e2e::{Agent, Home, Sandbox, aws, boto3, finish, seed_environment, until};
use serde_json::Value;

/// The access key id that a new process of boto3 resolves for the profile, and that AWS accepts.
#[track_caller]
fn resolved(home: &Home, sandbox: &Sandbox) -> String {
    let answer = finish(&mut boto3(home, &sandbox.url(), "identity.py", &["MyFirstAccount"])).ok();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["AccessKeyId"].as_str().unwrap().to_owned()
}

#[track_caller]
fn a_new_process_sees_the_new_keys(form: &str) {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(8);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", form]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    let mut seen = vec![resolved(&home, &sandbox)];
    for rotation in 1..=3 {
        let next = until(&format!("rotation {rotation}"), Duration::from_secs(30), || {
            let key = resolved(&home, &sandbox);
            if seen.contains(&key) { Err(format!("still {key}")) } else { Ok(key) }
        });
        seen.push(next);
    }
    // The aws CLI takes the newest, too, and nothing of the sort was denied on the way.
    let args = ["--profile", "MyFirstAccount", "sts", "get-caller-identity"];
    finish(&mut aws(&home, &sandbox.url(), &args)).ok();
    let calls = sandbox.calls();
    assert!(calls.iter().all(|call| call["outcome"] == "ok"), "{calls:#?}");
}

#[test]
fn published_as_a_process() {
    a_new_process_sees_the_new_keys("process");
}

#[test]
fn published_as_keys_in_a_file() {
    a_new_process_sees_the_new_keys("file");
}

#[test]
fn a_long_running_program_outlives_its_sessions() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(6);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    let args = ["MyFirstAccount", "12", "1"];
    let lines = finish(&mut boto3(&home, &sandbox.url(), "long_running.py", &args)).ok();
    let mut keys: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["AccessKeyId"].clone()).collect();
    assert_eq!(keys.len(), 12);
    keys.dedup();
    assert!(keys.len() >= 3, "12 seconds of sessions of 6 seconds: {keys:?}");
}
