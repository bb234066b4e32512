//! Credentials are rotated under the clients: a new process sees the new keys, a long-running one never sees dead ones.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use e2e::{Agent, Home, Sandbox, aws, boto3, finish, seed_environment, until};
use jiff::Timestamp;
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

/// How long each session lives, in seconds. For a program it is the hour of a real one, made shorter.
const SESSION: i64 = 16;

/// Runs one boto3 session over several of STS's, with the windows in which boto3 asks again made shorter as the hour is: the
/// last 15 minutes, and the last 10.
///
/// `asks` is how often it may ask the profile for each session that it uses.
#[track_caller]
fn one_process_outlives_its_sessions(form: &str, settings: &[&str], asks: usize) {
    const CALLS: usize = 100;
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(SESSION.unsigned_abs());
    let agent =
        Agent::start(&home, seed_environment(sandbox.environment()), &[&["--publish", form], settings].concat());
    agent.wait_for_state("MyFirstAccount", "fresh");
    until("the profile", Duration::from_secs(5), || {
        let config = home.read(".aws/config");
        if config.contains("[profile MyFirstAccount]") { Ok(()) } else { Err(config) }
    });

    let windows = [15, 10].map(|minutes| (f64::from(minutes) * SESSION as f64 / 60.0).to_string());
    let args = ["MyFirstAccount", &CALLS.to_string(), "0.4", &windows[0], &windows[1]];
    let lines = finish(&mut boto3(&home, &sandbox.url(), "long_running.py", &args)).ok();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), CALLS);

    // When each key was issued, and when it was used, by the clock of STS.
    let log = sandbox.calls();
    assert!(log.iter().all(|call| call["outcome"] == "ok"), "{log:#?}");
    let time = |call: &Value| call["at"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let issued: HashMap<&str, Timestamp> =
        log.iter().filter_map(|call| Some((call["issued"].as_str()?, time(call)))).collect();
    let uses: Vec<&Value> = log.iter().filter(|call| call["action"] == "GetCallerIdentity").collect();
    assert_eq!(uses.len(), CALLS);
    for (line, call) in lines.iter().zip(uses) {
        let age = time(call).duration_since(issued[line["AccessKeyId"].as_str().unwrap()]);
        assert!(age.as_secs() < SESSION, "used {age:#} after it was issued: {line}");
    }
    let keys: HashSet<&Value> = lines.iter().map(|line| &line["AccessKeyId"]).collect();
    assert!(keys.len() >= 3, "sessions of {SESSION} s: {keys:?}");
    let asked = usize::try_from(lines[CALLS - 1]["Asked"].as_u64().unwrap()).unwrap();
    assert!((keys.len()..=asks * keys.len() + 1).contains(&asked), "asked {asked} times for {} sessions", keys.len());
}

#[test]
fn a_long_running_program_outlives_its_sessions_through_a_process() {
    one_process_outlives_its_sessions("process", &[], 1);
}

#[test]
fn a_long_running_program_outlives_its_sessions_when_both_refresh_late() {
    // 10 minutes of an hour, as an agent does by itself: then boto3 asks first. It gets the session that is held, the agent
    // refreshes for it, and the next call has the new one.
    one_process_outlives_its_sessions("process", &["--refresh-before", "17%"], 2);
}

#[test]
fn a_long_running_program_outlives_its_sessions_through_cat() {
    one_process_outlives_its_sessions("cat", &[], 1);
}
