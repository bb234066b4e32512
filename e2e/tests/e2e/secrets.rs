//! What STS issued is where it belongs and nowhere else: in no log, error, table or answer but that of `credentials`,
//! and in files that only their owner can read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use e2e::{Agent, Home, Sandbox, Secrets, finish, seed_environment, until};
use rustix::process::Signal;
use serde_json::{Value, json};

mod crash;
mod processes;

const STORE: &str = ".local/state/rolecall/credentials";

/// Lives through everything that is worth a log line, in a form of publishing and of the log, and leaves what was issued
/// meanwhile in nothing but `expected`.
#[track_caller]
fn they_are_only_in(expected: &[&str], form: &str, level: &str, format: &str) {
    let home = Home::new();
    let (secrets, printed) = an_eventful_life(&home, expected, form, level, format);
    assert!(secrets.count() >= 12, "{}", secrets.count());
    for (what, text) in printed {
        assert_ne!(text, "", "{what} is empty");
        secrets.assert_absent(&what, &text);
        // The base's own secret is printed by the sandbox alone, on purpose.
        assert!(what.contains("sandbox") || !text.contains(Sandbox::SECRET), "the base's secret leaked into {what}");
        if what == "the log" && format == "json" {
            let object = |line: &str| serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object());
            assert!(text.lines().all(object), "{text}");
        }
    }
    assert_eq!(secrets.files_with_them(&home), expected, "after the end");
    for file in expected {
        assert_eq!(home.mode(file), 0o600, "{file}");
        let folder = Path::new(file).parent().unwrap().to_str().unwrap();
        assert_eq!(home.mode(folder), 0o700, "{folder}");
    }
}

fn an_eventful_life(
    home: &Home,
    expected: &[&str],
    form: &str,
    level: &str,
    format: &str,
) -> (Secrets, Vec<(String, String)>) {
    let sandbox = Sandbox::start(home);
    let mut printed = Vec::new();
    let mut secrets = Secrets::default();
    sandbox.session_seconds(6);
    let mut environment = seed_environment(sandbox.environment());
    let own = [("ROLECALL_LOG", level), ("ROLECALL_LOG_FORMAT", format), ("AWS_ROLE_3", "nonsense")];
    environment.extend(own.map(|(name, value)| (name.into(), value.into())));
    let agent = Agent::start(home, environment, &["--publish", form]);
    for alias in ["MyFirstAccount", "MySecondAccount"] {
        agent.wait_for_state(alias, "fresh");
        let first = agent.credentials(alias);
        secrets.add(&first);
        secrets.add(&agent.wait_for_rotation(alias, &first));
    }
    let ask = |printed: &mut Vec<(String, String)>| {
        for args in [&["status"][..], &["status", "--output", "json"], &["profiles"], &["profiles", "--output", "json"]]
        {
            let told = finish(&mut home.rolecall(args));
            printed.push((format!("{args:?}"), told.output()));
        }
    };
    ask(&mut printed);
    sandbox.faults(&json!({"session_seconds": 6, "outage": "unavailable"}));
    agent.wait_for_fault("MyFirstAccount", "unreachable");
    ask(&mut printed);
    agent.wait_for_state("MyFirstAccount", "expired");
    ask(&mut printed);
    let refused = finish(&mut home.rolecall(&["credentials", "MyFirstAccount"])).code(4);
    printed.push(("a refused `credentials`".into(), refused.output()));
    sandbox.session_seconds(600);
    agent.wait_for_state("MyFirstAccount", "fresh");
    agent.wait_for_state("MySecondAccount", "fresh");
    secrets.add(&agent.credentials("MyFirstAccount"));
    secrets.add(&agent.credentials("MySecondAccount"));
    // A session is there a moment before the files are.
    until("the files", Duration::from_secs(10), || {
        let files = secrets.files_with_them(home);
        if files == expected { Ok(()) } else { Err(format!("{files:?}")) }
    });
    printed.push(("the log".into(), agent.stop(Signal::TERM).output()));
    printed.push(("the sandbox's output".into(), sandbox.output()));
    printed.push(("the sandbox's call log".into(), format!("{:?}", sandbox.calls())));
    (secrets, printed)
}

#[test]
fn published_as_a_process_they_are_in_the_store_only() {
    they_are_only_in(&[STORE], "process", "trace", "text");
}

#[test]
fn published_as_keys_they_are_in_the_two_files_only() {
    they_are_only_in(&[".aws/credentials", STORE], "file", "trace", "json");
}

#[test]
fn published_as_documents_they_are_in_those_and_the_store_only() {
    let document = |alias: &str| format!(".local/state/rolecall/json/{alias}.json");
    they_are_only_in(&[STORE, &document("MyFirstAccount"), &document("MySecondAccount")], "cat", "debug", "text");
}

#[test]
fn published_nowhere_they_are_in_the_store_only() {
    they_are_only_in(&[STORE], "none", "info", "json");
}

#[test]
fn everything_of_the_state_directory_is_private_while_it_runs() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    let state = ".local/state/rolecall";
    assert!(home.state().join("agent.sock").exists());
    for path in home.everything().iter().filter(|path| path.starts_with(state)) {
        let expected = if home.at(path).is_dir() { 0o700 } else { 0o600 };
        assert_eq!(home.mode(path), expected, "{path}");
    }
}

#[test]
fn keys_in_a_file_that_others_can_read_are_told() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    // The mode of a file of the user's is the user's own, as its bytes are.
    home.write(".aws/credentials", "# readable by all, as some editor left it\n");
    fs::set_permissions(home.at(".aws/credentials"), fs::Permissions::from_mode(0o644)).unwrap();
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "file"]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    let log = agent.output();
    assert!(log.contains(".aws/credentials") && log.contains("chmod"), "{log}");
}
