//! The end of an agent: quick, with nothing half written, and nothing of use taken away.

use std::time::Duration;

use e2e::{Agent, Home, Sandbox, elapsed, seed_environment};
use rustix::process::Signal;
use serde_json::json;

#[test]
fn a_signal_ends_it_in_under_a_second() {
    for signal in [Signal::TERM, Signal::INT] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "file"]);
        agent.wait_for_state("MyFirstAccount", "fresh");
        agent.wait_for_state("MySecondAccount", "fresh");
        let (time, ended) = elapsed(|| agent.stop(signal));
        ended.code(0);
        assert!(time < Duration::from_secs(1), "{time:?}");
        // The profiles stay, whole; the socket and temporary files do not.
        let keys = home.read(".aws/credentials");
        assert!(keys.ends_with('\n') && keys.contains("[MySecondAccount]"), "{}", keys.len());
        assert!(!home.state().join("agent.sock").exists());
        let leftovers: Vec<_> = home.everything().into_iter().filter(|path| path.contains("tmp")).collect();
        assert_eq!(leftovers, Vec::<String>::new());
    }
}

#[test]
fn a_call_under_way_does_not_hold_it_up() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"latency_ms": 20_000}));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    let (time, ended) = elapsed(|| agent.stop(Signal::TERM));
    ended.code(0);
    assert!(time < Duration::from_secs(1), "{time:?}");
}

#[test]
fn files_are_whole_whenever_it_is_killed() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(2);
    for round in 0..5 {
        let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "file"]);
        agent.wait_for_state("MySecondAccount", "fresh");
        std::thread::sleep(Duration::from_millis(137 * round));
        agent.stop(Signal::KILL);
        for file in [".aws/credentials", ".aws/config", ".local/state/rolecall/credentials"] {
            let text = home.read(file);
            assert!(text.is_empty() || text.ends_with('\n'), "{file} after kill {round}");
            assert_eq!(text.matches("# >>> rolecall").count(), text.matches("# <<< rolecall").count(), "{file}");
            if file.ends_with("credentials") {
                let sections = text.lines().filter(|line| line.starts_with('[')).count();
                for key in ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"] {
                    assert_eq!(text.matches(key).count(), sections, "{key} in {file} after kill {round}");
                }
            }
        }
    }
    // And the lock of a killed agent is no lock.
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "file"]);
    agent.wait_for_state("MyFirstAccount", "fresh");
}
