//! Settings and roles from a file: where it is found, what wins over it, and how its mistakes are told.

use e2e::{Agent, Home, REGION, Sandbox, finish, seed_environment};
use rustix::process::Signal;
use serde_json::Value;

const FILE: &str = ".config/rolecall/rolecall.toml";
const ROLE: &str = "\n[role.one]\narn = \"arn:aws:iam::123456789012:role/MyFirstRole\"\n";

/// What a user sets when the roles are in a file.
fn environment(sandbox: &Sandbox) -> Vec<(String, String)> {
    sandbox.environment().into_iter().chain([("AWS_REGION".into(), REGION.into())]).collect()
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    home.write(FILE, &format!("version = 1\npublish = \"file\"\nrefresh_before = \"20m\"\n{ROLE}"));
    for (variable, args, publish) in [
        (None, &[][..], "file"),
        (Some("cat"), &[], "cat"),
        (Some(""), &[], "file"),
        (Some("cat"), &["--publish", "process"], "process"),
    ] {
        let variables = variable.map(|form| ("ROLECALL_PUBLISH".to_owned(), form.to_owned()));
        let agent = Agent::start(&home, environment(&sandbox).into_iter().chain(variables), args);
        assert_eq!(agent.status()["agent"]["publish"], publish, "{variable:?} {args:?}");
        agent.stop(Signal::TERM);
        assert!(home.read(".local/state/rolecall/roles.json").contains("\"refresh_before\": \"20m\""));
    }
}

#[test]
fn help_shows_what_counts_when_nobody_says_anything() {
    let help = finish(&mut Home::new().rolecall(&["agent", "--help"])).ok();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for default in ["process", "10m", "1h", "text", "64", "200"] {
        assert!(help.contains(&format!("[default: {default}]")), "{default}: {help}");
    }
}

#[test]
fn the_file_is_found_where_it_belongs() {
    let sandbox_home = Home::new();
    let sandbox = Sandbox::start(&sandbox_home);
    for (place, variable, value) in [
        (FILE, "UNUSED", String::new()),
        ("xdg/rolecall/rolecall.toml", "XDG_CONFIG_HOME", "xdg".into()),
        ("elsewhere/own.toml", "ROLECALL_CONFIG", "elsewhere/own.toml".into()),
    ] {
        let home = Home::new();
        home.write(place, &format!("version = 1\n{ROLE}"));
        let value = if value.is_empty() { value } else { home.at(&value).display().to_string() };
        let agent = Agent::start(&home, environment(&sandbox).into_iter().chain([(variable.into(), value)]), &[]);
        agent.wait_for_state("one", "fresh");
        let status = agent.status();
        let path = home.at(place).display().to_string();
        assert_eq!(status["agent"]["settings_file"], path);
        assert_eq!(status["profiles"][0]["origin"], format!("{path}:3"));
        assert!(status["agent"]["settings_read_at"].as_str().unwrap().ends_with('Z'), "{status:#}");
    }
}

#[test]
fn what_a_role_says_of_itself_reaches_sts() {
    let home = Home::new();
    home.write(
        "world.toml",
        &format!(
            "version = 1\n[account.123456789012.user.rolecall]\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
             [account.123456789012.role.Guarded]\nexternal_id = \"hand/shake:1\"\n",
            Sandbox::KEY,
            Sandbox::SECRET
        ),
    );
    let sandbox = Sandbox::with_world(&home, &home.at("world.toml"));
    let arn = "arn = \"arn:aws:iam::123456789012:role/Guarded\"";
    home.write(
        FILE,
        &format!(
            "version = 1\nduration = \"30m\"\n[role.right]\n{arn}\nexternal_id = \"hand/shake:1\"\n\
             session_name = \"agent of {{alias}}\"\nregion = \"us-east-1\"\nduration = \"20m\"\n[role.wrong]\n{arn}\n"
        ),
    );
    let agent = Agent::start(&home, environment(&sandbox), &[]);
    let right = agent.wait_for_state("right", "fresh");
    assert_eq!(right["region"], "us-east-1");
    agent.wait_for_fault("wrong", "denied");
    let calls = sandbox.calls();
    let told = |call: &Value| (call["session_name"].clone(), call["duration_seconds"].clone(), call["outcome"] == "ok");
    let told: Vec<_> = calls.iter().map(told).collect();
    assert!(told.contains(&("agent-of-right".into(), 1200.into(), true)), "{calls:#?}");
    assert!(told.iter().any(|(_, duration, ok)| *duration == 1800 && !ok), "{calls:#?}");
}

#[test]
fn a_file_that_means_nothing_stops_the_start_and_a_wrong_role_does_not() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let once = |text: &str| {
        home.write(FILE, text);
        finish(Agent::command(&home, &["--once"]).envs(seed_environment(sandbox.environment())))
    };
    for (text, part) in [
        ("version = 1\nstor = true\n", "rolecall.toml:2: stor: this key is not known here\n  stor = true\n  ^\n"),
        ("version = 2\n", "has version 2, and this rolecall knows up to 1"),
        ("publish = \"file\"\n", "write `version = 1`"),
        ("version = 1\nduration = \"1s\"\n", "rolecall.toml:2: duration: "),
        (
            "version = 1\n[role.MyFirstAccount]\narn = \"arn:aws:iam::123456789012:role/Other\"\n",
            "MyFirstAccount is defined twice and not the same: AWS_ROLE_1 and ",
        ),
    ] {
        let failed = once(text).code(2);
        assert!(failed.stderr.contains(part), "{failed:#?}");
        assert!(sandbox.calls().is_empty() && !home.state().exists());
    }
    let failed = once("version = 1\n[role.bad]\narn = \"arn:aws:iam::12:role/R\"\n").code(3);
    assert!(failed.stderr.contains("rolecall.toml:3: arn: the account id \"12\" is not 12 digits"), "{failed:#?}");
    assert!(home.read(".aws/config").contains("[profile MySecondAccount]"));
    let missing = ["--once", "--config", "/nonexistent.toml"];
    let failed = finish(Agent::command(&home, &missing).envs(seed_environment(sandbox.environment()))).code(2);
    assert!(failed.stderr.contains("read the settings file /nonexistent.toml: "), "{failed:#?}");
}
