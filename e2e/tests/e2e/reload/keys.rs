//! Each key above the tables takes effect at a reload, and none of them costs a call to STS but the one that asks for
//! another session.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use e2e::until;
use serde_json::json;

use super::{FIRST, Rig, SECOND};

#[test]
fn each_takes_effect() {
    let rig = Rig::new("", &[FIRST, SECOND]);
    let agent = rig.start();
    agent.wait_for_state("first", "fresh");
    agent.wait_for_state("second", "fresh");
    let read = |file: &str| rig.home.read(file);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ready = rig.home.at("ready");
    let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    let refresh = || agent.profile("first")["next_refresh_at"].as_str().unwrap().to_owned();
    let refresh_before = refresh();

    type Seen<'a> = &'a dyn Fn() -> bool;
    let rows: [(String, Seen<'_>); 9] = [
        ("default = \"first\"".into(), &|| {
            agent.profiles()["default"] == "first" && read(".aws/config").contains("[default]")
        }),
        ("publish = \"file\"".into(), &|| read(".aws/credentials").contains("[second]")),
        ("publish = \"cat\"".into(), &|| rig.home.state().join("json/first.json").exists()),
        ("publish = \"none\"".into(), &|| {
            read(".aws/config").is_empty() && agent.status()["agent"]["publish"] == "none"
        }),
        ("store = false".into(), &|| !rig.home.state().join("credentials").exists()),
        ("refresh_before = \"50%\"".into(), &|| refresh() < refresh_before),
        (format!("health_listen = \"{port}\""), &listens),
        (format!("ready_file = \"{}\"", ready.display()), &|| ready.exists()),
        ("log_format = \"json\"".into(), &|| agent.output().contains("log_format counts from the next start")),
    ];
    for (key, is_seen) in rows {
        assert!(!is_seen(), "{key}: before");
        rig.write(&key, &[FIRST, SECOND]);
        agent.reload();
        until(&key, Duration::from_secs(10), || if is_seen() { Ok(()) } else { Err(agent.output()) });
        assert_eq!(agent.status()["problems"], json!([]), "{key}");
    }
    // What no key says any more is as it was.
    rig.write("", &[FIRST, SECOND]);
    agent.reload();
    until("the defaults", Duration::from_secs(10), || {
        let back =
            !ready.exists() && !listens() && refresh() == refresh_before && read(".aws/config").contains("process");
        if back && rig.home.state().join("credentials").exists() { Ok(()) } else { Err(agent.output()) }
    });
    assert_eq!(rig.assumed().len(), 2);

    rig.write("duration = \"20m\"", &[FIRST, SECOND]);
    agent.reload();
    until("shorter sessions", Duration::from_secs(20), || {
        let calls = rig.sandbox.calls();
        let asked = calls.iter().filter(|call| call["duration_seconds"] == 1200).count();
        if asked == 2 { Ok(()) } else { Err(format!("{calls:#?}")) }
    });
    assert_eq!(rig.assumed().len(), 4);
}

#[test]
fn a_profile_is_taken_over_when_the_file_says_so() {
    let rig = Rig::new("", &[FIRST]);
    rig.home.write(".aws/config", "[profile first]\nregion = mine\n");
    let agent = rig.start();
    agent.wait_for_fault("first", "profile_taken");
    rig.write("take_over = [\"first\"]", &[FIRST]);
    agent.reload();
    until("a profile of ours", Duration::from_secs(10), || {
        if agent.profile("first")["published"] == true { Ok(()) } else { Err(agent.output()) }
    });
    let copies = rig.home.everything().into_iter().filter(|path| path.contains(".rolecall-backup-"));
    assert_eq!(copies.map(|path| rig.home.read(&path)).collect::<Vec<_>>(), ["[profile first]\nregion = mine\n"]);
}

#[test]
fn calls_are_held_to_the_new_budget() {
    let rig = Rig::new("", &[FIRST]);
    let agent = rig.start();
    agent.wait_for_state("first", "fresh");
    // One call at a time from now on: the second waits for the first, which takes its time.
    rig.sandbox.faults(&json!({"latency_ms": 3000}));
    rig.write("sts_in_flight = 1\nsts_rate = 1\nsts_burst = 1", &[FIRST, SECOND, super::ADMIN]);
    agent.reload();
    let status = until("a call", Duration::from_secs(10), || {
        let status = agent.status();
        let under_way =
            status["profiles"].as_array().unwrap().iter().filter(|profile| profile["attempt_under_way"] == true);
        match under_way.count() {
            0 => Err(format!("{status:#}")),
            _ => Ok(status),
        }
    });
    let under_way =
        status["profiles"].as_array().unwrap().iter().filter(|profile| profile["attempt_under_way"] == true);
    assert_eq!(under_way.count(), 1, "{status:#}");
    rig.write("", &[FIRST, SECOND, super::ADMIN]);
    agent.reload();
    agent.wait_for_state("second", "fresh");
    agent.wait_for_state("admin", "fresh");
}
