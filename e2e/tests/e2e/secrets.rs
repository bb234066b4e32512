//! What STS issued is where it belongs and nowhere else: in no log, error, table or answer but that of `credentials`,
//! and in files that only their owner can read.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use e2e::{Agent, Home, Sandbox, Secrets, finish, seed_environment};
use rustix::process::Signal;
use serde_json::json;

/// Lives through everything that is worth a log line, as chatty as it gets, and returns what was issued meanwhile.
fn an_eventful_life(home: &Home, form: &str) -> (Secrets, Vec<(String, String)>) {
    let sandbox = Sandbox::start(home);
    let mut printed = Vec::new();
    let mut secrets = Secrets::default();
    sandbox.session_seconds(6);
    let mut environment = seed_environment(sandbox.environment());
    environment.push(("ROLECALL_LOG".into(), "trace".into()));
    environment.push(("AWS_ROLE_3".into(), "nonsense".into()));
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
    printed.push(("the log".into(), agent.stop(Signal::TERM).output()));
    printed.push(("the sandbox's output".into(), sandbox.output()));
    printed.push(("the sandbox's call log".into(), format!("{:?}", sandbox.calls())));
    (secrets, printed)
}

#[test]
fn they_are_in_nothing_that_is_printed() {
    let home = Home::new();
    let (secrets, printed) = an_eventful_life(&home, "process");
    assert!(secrets.count() >= 12, "{}", secrets.count());
    for (what, text) in printed {
        assert_ne!(text, "", "{what} is empty");
        secrets.assert_absent(&what, &text);
        // The base's own secret is printed by the sandbox alone, on purpose.
        assert!(what.contains("sandbox") || !text.contains(Sandbox::SECRET), "the base's secret leaked into {what}");
    }
}

#[test]
fn they_are_in_their_files_only_and_those_are_private() {
    for (form, expected) in [
        ("process", &[".local/state/rolecall/credentials"][..]),
        ("file", &[".aws/credentials", ".local/state/rolecall/credentials"][..]),
    ] {
        let home = Home::new();
        let (secrets, _) = an_eventful_life(&home, form);
        assert_eq!(secrets.files_with_them(&home), expected, "{form}");
        for file in expected {
            assert_eq!(home.mode(file), 0o600, "{file}");
        }
        for folder in [".local/state/rolecall", ".aws"] {
            assert_eq!(home.mode(folder), 0o700, "{folder}");
        }
    }
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
