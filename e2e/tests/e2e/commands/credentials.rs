//! `rolecall credentials` while no agent runs: it does the agent's work for one role.

use std::fs;
use std::time::Duration;

use e2e::{Agent, Home, Running, Sandbox, finish, seed_environment};
use rustix::process::Signal;
use serde_json::{Value, json};

const ALIAS: &str = "MyFirstAccount";

/// A home in which an agent has run, and what it saw.
fn left_behind(sandbox: &Sandbox, home: &Home) -> Vec<(String, String)> {
    let environment = seed_environment(sandbox.environment());
    let agent = Agent::start(home, environment.clone(), &[]);
    agent.wait_for_state(ALIAS, "fresh");
    agent.wait_for_state("MySecondAccount", "fresh");
    agent.stop(Signal::TERM);
    environment
}

fn assumed(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|call| call["action"] == "AssumeRole").count()
}

fn key(answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).unwrap();
    answer["AccessKeyId"].as_str().unwrap().to_owned()
}

#[test]
fn a_session_that_the_agent_left_is_used_without_a_call() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = left_behind(&sandbox, &home);
    let calls = sandbox.calls().len();
    let answer = finish(home.rolecall(&["credentials", ALIAS]).envs(environment)).code(0);
    assert_eq!(answer.stderr, "");
    assert!(home.read(".local/state/rolecall/credentials").contains(&key(&answer.stdout)));
    assert_eq!(sandbox.calls().len(), calls);
}

#[test]
fn many_at_once_make_one_call_for_each_role_and_keep_what_it_brought() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = left_behind(&sandbox, &home);
    fs::remove_file(home.state().join("credentials")).unwrap();
    let before = assumed(&sandbox);
    let mut commands: Vec<Running> = Vec::new();
    for _ in 0..8 {
        for alias in [ALIAS, "MySecondAccount"] {
            commands.push(Running::start(home.rolecall(&["credentials", alias]).envs(environment.clone())));
        }
    }
    let answers = commands.into_iter().map(|command| key(&command.wait(Duration::from_secs(60)).code(0).stdout));
    let mut keys: Vec<String> = answers.collect();
    keys.sort();
    keys.dedup();
    assert_eq!((keys.len(), assumed(&sandbox) - before), (2, 2));
    let store = home.read(".local/state/rolecall/credentials");
    assert!(keys.iter().all(|key| store.contains(key)), "both are kept");
    assert_eq!(home.mode(".local/state/rolecall/credentials"), 0o600);
    // The next agent takes them over.
    let agent = Agent::start(&home, environment, &[]);
    agent.wait_for_state(ALIAS, "fresh");
    assert!(keys.contains(&agent.credentials(ALIAS)["AccessKeyId"].as_str().unwrap().to_owned()));
    assert_eq!(assumed(&sandbox) - before, 2);
}

#[test]
fn many_at_once_make_one_call_for_a_role_that_is_denied() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = left_behind(&sandbox, &home);
    fs::remove_file(home.state().join("credentials")).unwrap();
    // Slow, so that all of them have come before it answers.
    let denied = json!({ "denied": true, "latency_ms": 3000 });
    sandbox.faults(&json!({ "roles": { "arn:aws:iam::123456789012:role/MyFirstRole": denied } }));
    let before = assumed(&sandbox);
    let start = || Running::start(home.rolecall(&["credentials", ALIAS]).envs(environment.clone()));
    let commands: Vec<Running> = (0..8).map(|_| start()).collect();
    let told: Vec<String> =
        commands.into_iter().map(|command| command.wait(Duration::from_secs(60)).code(4).stderr).collect();
    assert!(told[0].contains("denied") || told[0].contains("not authorized"), "{told:?}");
    assert!(told.iter().all(|line| *line == told[0]), "{told:?}");
    assert_eq!(assumed(&sandbox) - before, 1);
    // Who comes later asks again.
    finish(home.rolecall(&["credentials", ALIAS]).envs(environment)).code(4);
    assert_eq!(assumed(&sandbox) - before, 2);
}

/// Has the sessions of the store begun so long ago that what is left of them is little, and not so long that all that was
/// asked for is over.
fn grow_old(home: &Home) {
    let store = home.read(".local/state/rolecall/credentials");
    let older = |line: &str| match line.strip_prefix("x_rolecall_issued = ") {
        Some(issued) => {
            let issued: jiff::Timestamp = issued.parse().unwrap();
            format!("x_rolecall_issued = {}\n", issued - jiff::SignedDuration::from_mins(50))
        }
        None => format!("{line}\n"),
    };
    home.write(".local/state/rolecall/credentials", &store.lines().map(older).collect::<String>());
}

#[test]
fn a_session_that_is_still_valid_is_printed_whatever_aws_says() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    // Shorter than the hour that was asked for, and than the ten minutes that are left when one of an hour is due.
    sandbox.session_seconds(300);
    let environment = left_behind(&sandbox, &home);
    let ask = || finish(home.rolecall(&["credentials", ALIAS]).envs(environment.clone()));
    let first = key(&ask().code(0).stdout);
    assert_eq!(key(&ask().code(0).stdout), first, "no session is due before half of its life");
    grow_old(&home);
    let second = key(&ask().code(0).stdout);
    assert_ne!(first, second, "a new one once it is due");
    grow_old(&home);
    sandbox.faults(&json!({ "outage": "unavailable" }));
    assert_eq!(key(&ask().code(0).stdout), second);
    fs::remove_file(home.state().join("credentials")).unwrap();
    let failed = ask().code(4);
    assert!(failed.stdout.is_empty() && failed.stderr.lines().count() == 1, "{failed:#?}");
}

#[test]
fn an_alias_that_the_last_agent_did_not_have_is_5() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = left_behind(&sandbox, &home);
    let unknown = finish(home.rolecall(&["credentials", "Other"]).envs(environment)).code(5);
    assert!(unknown.stderr.contains("Other") && unknown.stderr.contains(ALIAS), "{unknown:#?}");
}

/// Has the role asked for as `AWS_PROFILE=MyFirstAccount aws …` does it, behind an agent whose base was the profile `work`;
/// `between` the two.
fn asked_by_our_profile(sandbox: &Sandbox, home: &Home, between: impl FnOnce()) {
    let variables = |profile: &str| {
        let mut environment = seed_environment(vec![("AWS_ENDPOINT_URL".into(), sandbox.url())]);
        environment.push(("AWS_PROFILE".into(), profile.into()));
        environment
    };
    let agent = Agent::start(home, variables("work"), &[]);
    agent.wait_for_state(ALIAS, "fresh");
    agent.stop(Signal::TERM);
    fs::remove_file(home.state().join("credentials")).unwrap();
    between();
    finish(home.rolecall(&["credentials", ALIAS]).envs(variables(ALIAS))).code(0);
}

#[test]
fn the_base_is_the_agents_when_the_environment_names_one_of_our_profiles() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let keys = format!("[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n", Sandbox::KEY, Sandbox::SECRET);
    home.write(".aws/credentials", &keys);
    asked_by_our_profile(&sandbox, &home, || {});
    assert_eq!(sandbox.assumers(), [Sandbox::USER]);
}

#[test]
fn a_process_of_the_base_sees_the_base_and_not_the_profile_that_was_asked_for() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let answer =
        format!("{{\"Version\":1,\"AccessKeyId\":\"{}\",\"SecretAccessKey\":\"{}\"}}", Sandbox::KEY, Sandbox::SECRET);
    let seen = home.at("seen");
    home.write("base", &format!("#!/bin/sh\necho \"$AWS_PROFILE in $HOME\" >{}\necho '{answer}'\n", seen.display()));
    let config = format!("[profile work]\ncredential_process = sh {}\n", home.at("base").display());
    home.write(".aws/config", &config);
    asked_by_our_profile(&sandbox, &home, || fs::remove_file(&seen).unwrap());
    assert_eq!(home.read("seen"), format!("work in {}\n", home.path().display()));
}

#[test]
fn a_base_that_is_this_command_again_is_refused() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = left_behind(&sandbox, &home);
    fs::remove_file(home.state().join("credentials")).unwrap();
    let before = assumed(&sandbox);
    let again = finish(home.rolecall(&["credentials", ALIAS]).envs(environment).env("ROLECALL_DEPTH", "1")).code(2);
    assert!(again.stderr.contains("runs rolecall itself"), "{again:#?}");
    // Hidden in a script, so that only the second level can notice.
    let binary = e2e::binary();
    home.write("base", &format!("#!/bin/sh\nexec {} credentials {ALIAS} 2>second\n", binary.display()));
    home.write(".aws/config", &format!("[default]\ncredential_process = sh {}\n", home.at("base").display()));
    let mut first = home.rolecall(&["credentials", ALIAS]);
    finish(first.env("AWS_ENDPOINT_URL", sandbox.url()).env("AWS_REGION", e2e::REGION)).code(4);
    assert!(home.read("second").contains("runs rolecall itself"), "{}", home.read("second"));
    assert_eq!(assumed(&sandbox), before);
}
