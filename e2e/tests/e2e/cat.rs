//! `--publish cat`: profiles that print a file of the agent's, so that no rolecall is needed where programs run.

use std::process::Command;
use std::time::Duration;

use e2e::{Agent, Home, Sandbox, finish, seed_environment, until};
use rustix::process::Signal;
use serde_json::{Value, json};

const FIRST: &str = "MyFirstAccount";
const STATE: &str = ".local/state/rolecall";

/// What the command of a profile prints, started by a shell as most AWS SDKs do; null when the profile or the file is not
/// there.
fn printed(home: &Home, alias: &str) -> Value {
    let config = home.read(".aws/config");
    let Some((_, profile)) = config.split_once(&format!("[profile {alias}]\n")) else { return Value::Null };
    let command = profile.lines().find_map(|line| line.strip_prefix("credential_process = ")).unwrap();
    assert!(command.starts_with("cat "), "{command}");
    let output = finish(Command::new("sh").args(["-c", command]));
    serde_json::from_str(&output.stdout).unwrap_or(Value::Null)
}

#[test]
fn a_profile_prints_the_newest_session_and_its_true_end() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "cat"]);
    let profile = agent.wait_for_state(FIRST, "fresh");
    agent.wait_for_state("MySecondAccount", "fresh");
    let document = until("a profile that prints", Duration::from_secs(10), || {
        let document = printed(&home, FIRST);
        if document.is_null() { Err(home.read(".aws/config")) } else { Ok(document) }
    });
    assert_eq!((&document["Version"], &document["AccountId"]), (&json!(1), &json!("123456789012")));
    assert_eq!(document["Expiration"], profile["expires_at"], "the true one");
    let answered = agent.credentials(FIRST);
    assert_eq!(document["SecretAccessKey"], answered["SecretAccessKey"]);
    assert_ne!(document["Expiration"], answered["Expiration"], "which the agent says early");
    assert_eq!(agent.status()["agent"]["publish"], "cat");
    for (path, mode) in [("json", 0o700), ("json/MyFirstAccount.json", 0o600)] {
        assert_eq!(home.mode(&format!("{STATE}/{path}")), mode, "{path}");
    }
    agent.stop(Signal::TERM).code(0);
    assert_eq!(printed(&home, FIRST), document, "what was published stays");

    // Another form leaves nothing of this one.
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "process"]);
    agent.wait_for_state(FIRST, "fresh");
    until("no documents", Duration::from_secs(10), || {
        (!home.at(STATE).join("json").exists()).then_some(()).ok_or_else(|| home.everything().join(" "))
    });
    assert!(!home.read(".aws/config").contains("= cat "));
}

#[test]
fn profile_and_file_go_with_the_session_and_come_back() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(4);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", "cat"]);
    agent.wait_for_state(FIRST, "fresh");
    sandbox.faults(&json!({"outage": "unavailable", "session_seconds": 4}));
    agent.wait_for_state(FIRST, "expired");
    let is_there = || {
        let profile = home.read(".aws/config").contains(&format!("[profile {FIRST}]"));
        (profile, home.at(STATE).join(format!("json/{FIRST}.json")).exists())
    };
    let wait = |what: &str, wanted| {
        until(what, Duration::from_secs(40), || {
            let seen = is_there();
            (seen == wanted).then_some(()).ok_or_else(|| format!("{seen:?}"))
        });
    };
    wait("neither profile nor file", (false, false));
    assert_eq!(agent.profile(FIRST)["published"], false);
    sandbox.mend();
    wait("both again", (true, true));
    assert!(!printed(&home, FIRST).is_null());
    let log = agent.output();
    assert!(log.contains("session withdrawn") && log.contains("no longer unreachable"), "{log}");
}

#[test]
fn a_home_with_blanks_and_quotes_is_no_hindrance() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let state = home.at("it's my $tate");
    let args = ["--publish", "cat", "--once", "--state-dir", state.to_str().unwrap()];
    finish(Agent::command(&home, &args).envs(seed_environment(sandbox.environment()))).code(0);
    assert!(!printed(&home, FIRST).is_null(), "{}", home.read(".aws/config"));
}

/// With keys in files, too: nothing that is valid goes away at a restart, and nothing is asked for.
#[test]
fn a_restart_goes_on_with_what_is_published() {
    for form in ["cat", "file"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        let start = || Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", form]);
        let read = || {
            let state = home.read(&format!("{STATE}/json/{FIRST}.json"));
            (home.read(".aws/config"), home.read(".aws/credentials"), state)
        };
        let agent = start();
        agent.wait_for_state(FIRST, "fresh");
        agent.wait_for_state("MySecondAccount", "fresh");
        agent.stop(Signal::TERM).code(0);
        let (before, calls) = (read(), sandbox.calls().len());
        assert!(home.read(&format!("{STATE}/credentials")).contains("x_rolecall_key = "));

        sandbox.faults(&json!({"outage": "unavailable"}));
        let agent = start();
        assert_eq!(agent.profile(FIRST)["state"], "fresh");
        agent.wait_for_state("MySecondAccount", "fresh");
        assert_eq!(agent.status()["profiles"][0]["reason"], "Adopted");
        agent.stop(Signal::TERM).code(0);
        assert!(read() == before && sandbox.calls().len() == calls, "{form}");

        // A session that was made for another definition is not this role's.
        let store = home.read(&format!("{STATE}/credentials"));
        let (head, tail) = store.split_once("x_rolecall_key = ").unwrap();
        home.write(&format!("{STATE}/credentials"), &format!("{head}x_rolecall_key = 0{}", &tail[1..]));
        let agent = start();
        agent.wait_for_fault(FIRST, "unreachable");
        assert_eq!(agent.profile("MySecondAccount")["state"], "fresh", "{form}");
        let (config, credentials, _) = read();
        assert!(!config.contains(FIRST) && !credentials.contains(FIRST), "{form}");
    }
}
