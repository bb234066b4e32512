//! How whoever starts an agent learns that it is ready: the service manager, a file, a probe; and what its log says.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use e2e::{Agent, Home, Running, Sandbox, finish, seed_environment, until};
use rustix::process::Signal;
use serde_json::{Value, json};

/// The status of the answer to a probe, and the body.
fn probe(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: probe\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.into())
}

fn heard(manager: &UnixDatagram) -> String {
    let mut buffer = [0; 512];
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = manager.recv(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[test]
fn it_is_ready_when_every_role_was_tried_and_not_before() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let manager = UnixDatagram::bind(home.at("notify.sock")).unwrap();
    let ready = home.at("ready");
    home.write("ready", "rolecall agent: ready\n");
    // The one role answers late, the other is refused.
    sandbox.faults(&json!({"roles": {
        "arn:aws:iam::123456789012:role/MyFirstRole": {"latency_ms": 2500},
        "arn:aws:iam::123456789013:role/MySecondRole": {"denied": true},
    }}));
    let mut command = Agent::command(&home, &["--publish", "file", "--health-listen", "0"]);
    command.args(["--ready-file"]).arg(&ready).env("NOTIFY_SOCKET", home.at("notify.sock"));
    let mut agent = Running::start(command.envs(seed_environment(sandbox.environment())));
    let port = agent.wait_for("the address of the probes", |output| {
        let (_, rest) = output.split_once("health probes: http://127.0.0.1:")?;
        rest.split_once('/')?.0.parse().ok()
    });
    assert_eq!(probe(port, "/healthz/live").0, 200);
    assert_eq!(probe(port, "/healthz/ready").0, 503);
    assert!(!ready.exists(), "what a killed agent left is gone");
    assert!(!home.read(".aws/credentials").contains("MyFirstAccount"));

    assert_eq!(heard(&manager), "READY=1\nSTATUS=1 of 2 roles have a session");
    assert!(home.read(".aws/credentials").contains("[MyFirstAccount]"), "what is held is written by then");
    assert!(ready.exists());
    let (status, body) = probe(port, "/healthz/ready");
    assert_eq!((status, body.as_str()), (200, r#"{"live":true,"ready":true,"roles":2,"held":1}"#));
    assert_eq!(probe(port, "/v1/status").0, 404);

    agent.signal(Signal::TERM);
    assert!(heard(&manager).starts_with("STOPPING=1\n"));
    agent.wait(Duration::from_secs(10));
    assert!(!ready.exists());
}

#[test]
fn a_second_agent_that_is_refused_leaves_the_first_one_ready() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let ready = home.at("ready");
    let args = ["--publish", "none", "--ready-file", ready.to_str().unwrap()];
    let first = Agent::start(&home, seed_environment(sandbox.environment()), &args);
    until("the ready file", Duration::from_secs(10), || ready.exists().then_some(()).ok_or("not yet".into()));
    finish(Agent::command(&home, &args).envs(seed_environment(sandbox.environment()))).code(8);
    assert!(ready.exists());
    first.stop(Signal::TERM);
    assert!(!ready.exists());
}

#[test]
fn what_cannot_be_used_to_tell_it_is_refused_at_the_start() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    home.write("precious", "mine");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let precious = home.at("precious");
    for (args, part) in [
        (["--ready-file", precious.to_str().unwrap()], "precious is there and is not ours"),
        (["--ready-file", "missing/ready"], "missing is not a directory"),
        (["--health-listen", &port], "name another address"),
        (["--health-listen", "example.org:80"], "neither a port nor an address"),
        (["--take-over", "nobody"], "--take-over: no role is named"),
    ] {
        let refused = finish(Agent::command(&home, &args).envs(seed_environment(sandbox.environment()))).code(2);
        assert!(refused.stderr.contains(part), "{refused:#?}");
    }
    assert_eq!(home.read("precious"), "mine");
}

#[test]
fn the_log_for_programs_is_one_object_a_line_with_fixed_names() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"roles": {"arn:aws:iam::123456789013:role/MySecondRole": {"denied": true}}}));
    let mut command = Agent::command(&home, &["--once", "--publish", "file", "--log-format", "json"]);
    let ended = finish(command.envs(seed_environment(sandbox.environment()))).code(3);
    let lines: Vec<Value> = ended.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    let of = |alias: &str| lines.iter().find(|line| line["alias"] == alias).unwrap();
    let fresh = of("MyFirstAccount");
    assert_eq!(
        (&fresh["level"], &fresh["reason"], &fresh["version"]),
        (&json!("INFO"), &json!("NothingHeld"), &json!(1))
    );
    let expires_at = fresh["expires_at"].as_str().unwrap();
    assert!(expires_at.len() == 20 && expires_at.ends_with('Z'), "{fresh}");
    let failed = of("MySecondAccount");
    assert_eq!((&failed["level"], &failed["fault"]), (&json!("WARN"), &json!("denied")));
}

#[test]
fn the_log_for_people_is_a_handful_of_plain_lines() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MySecondAccount", "fresh");
    until("the end of the first round", Duration::from_secs(10), || {
        agent.output().contains("first round over: 2 of 2 roles have a session").then_some(()).ok_or("not yet".into())
    });
    let ended = agent.stop(Signal::TERM).code(0);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    // Start, form, endpoint, a line for each role, the round, the signal, the end.
    assert_eq!(lines.len(), 8, "{}", ended.stderr);
    assert!(lines.iter().all(|line| line.contains(" INFO ") && !line.contains('\x1b')), "{}", ended.stderr);
    assert!(lines[0].contains("started") && lines[0].contains("roles=2") && lines[7].contains("stopped"));
}

#[test]
fn a_profile_is_taken_over_when_the_user_says_so() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let (config, keys) = ("# mine\n[profile own]\nregion = x\n", "[MyFirstAccount]\naws_access_key_id = theirs\n");
    home.write(".aws/config", config);
    home.write(".aws/credentials", keys);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_fault("MyFirstAccount", "profile_taken");
    agent.stop(Signal::TERM).code(0);
    assert_eq!(home.read(".aws/credentials"), keys);

    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--take-over", "MyFirstAccount"]);
    let published = until("a profile of ours", Duration::from_secs(10), || {
        let profile = agent.profile("MyFirstAccount");
        if profile["published"] == true { Ok(profile) } else { Err(format!("{profile:#}")) }
    });
    assert_eq!(published["fault"], Value::Null);
    assert_eq!(home.read(".aws/credentials"), "");
    assert!(home.read(".aws/config").starts_with(config));
    let copies: Vec<String> = home.everything().into_iter().filter(|path| path.contains(".rolecall-backup-")).collect();
    let [copy] = &copies[..] else { panic!("one copy: {copies:?}") };
    assert!(copy.starts_with(".aws/credentials.rolecall-backup-2"), "{copy}");
    assert_eq!((home.read(copy), home.mode(copy)), (keys.into(), 0o600));
    assert!(agent.output().contains(copy.trim_start_matches(".aws/")), "{}", agent.output());
}
