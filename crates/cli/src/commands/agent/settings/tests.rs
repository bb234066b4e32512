//! From flags and variables to settings, and what is refused before anything is done.

use std::time::Duration;

use rolecall_core::rotation::{BudgetPolicy, Lead};

use super::*;
use crate::args::{Cli, Command};

const ROLE: (&str, &str) = ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/R:First");
const HOME: (&str, &str) = ("HOME", "/h");

fn made(line: &[&str], variables: &[(&str, &str)]) -> Result<AgentSettings, Failure> {
    all_made(line, variables).map(|made| made.agent)
}

fn all_made(line: &[&str], variables: &[(&str, &str)]) -> Result<Made, Failure> {
    let cli = Cli::of_line(&[&["agent"], line].concat()).unwrap();
    let Command::Agent(args) = cli.command else { unreachable!() };
    let machine = Machine { host: "host".into(), command: "/bin/rolecall".into(), seed: 7 };
    let environment = Environment::from(variables);
    let file = SettingsFile::find(args.args.config.as_deref(), &environment);
    Ok(settings(&args, &environment, &machine, file.as_ref(), &[])?)
}

#[test]
fn without_a_flag_there_are_good_defaults() {
    let made = made(&[], &[ROLE, HOME]).unwrap();
    assert_eq!(made.publish, Publish::Process);
    assert_eq!(made.policy, Policy { seed: 7, ..Policy::default() });
    assert_eq!(made.state_dir, PathBuf::from("/h/.local/state/rolecall"));
    assert_eq!(made.config_file, PathBuf::from("/h/.aws/config"));
    assert_eq!(made.credentials_file, PathBuf::from("/h/.aws/credentials"));
    assert_eq!(made.default, None);
    assert!(made.store && made.adopt && made.take_over.is_empty());
    assert_eq!((made.health_listen, made.base_profile, made.socket_group), (None, None, None));
    let role = &made.roles[0];
    assert_eq!((role.alias.as_str(), role.duration), ("First", Duration::from_secs(3600)));
    assert_eq!((role.session_name.as_str(), &role.region), ("First@host", &None));
}

#[test]
fn each_flag_reaches_its_setting() {
    let line = "--publish file --refresh-before 50% --duration 2h --default First --sts-in-flight 1 --sts-rate 2 \
                --sts-burst 3 --state-dir /s --socket-group 4242 --no-store --take-over First --health-listen 8080";
    let line: Vec<&str> = line.split_whitespace().collect();
    let made = made(&line, &[ROLE, HOME, ("AWS_DEFAULT_REGION", "eu-west-1"), ("AWS_PROFILE", "work")]).unwrap();
    assert_eq!(made.publish, Publish::File);
    assert!(!made.store);
    assert_eq!(made.take_over.iter().map(Alias::as_str).collect::<Vec<_>>(), ["First"]);
    assert_eq!(made.health_listen.unwrap().to_string(), "127.0.0.1:8080");
    assert_eq!(made.base_profile.as_deref(), Some("work"));
    assert_eq!(made.policy.refresh_before, Lead::Percent(50));
    assert_eq!(made.policy.budget, BudgetPolicy { in_flight: 1, per_second: 2, burst: 3 });
    assert_eq!(made.default.unwrap().as_str(), "First");
    assert_eq!((made.state_dir, made.socket_group), (PathBuf::from("/s"), Group::new(4242)));
    assert_eq!(made.roles[0].duration, Duration::from_secs(7200));
    assert_eq!(made.roles[0].region.as_ref().unwrap().as_str(), "eu-west-1");
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_done() {
    for line in [
        &["--publish", "paper"][..],
        &["--refresh-before", "60%"],
        &["--duration", "1m"],
        &["--sts-rate", "0"],
        &["--health-listen", "example.org:80"],
        &["--log-format", "yaml"],
        &["--store", "maybe"],
        &["surplus"],
    ] {
        assert!(Cli::of_line(&[&["agent"], line].concat()).is_err(), "{line:?}");
    }
    for (line, variables, part) in [
        (&[][..], &[ROLE][..], "HOME"),
        (&["--socket-group", "no such group"], &[ROLE, HOME], "\"no such group\" is no group of /etc/group"),
        (&["--default", "Second"], &[ROLE, HOME], "use one of First"),
        (&["--take-over", "Second"], &[ROLE, HOME], "--take-over: no role is named \"Second\"; use one of First"),
        (&["--take-over", "First", "--publish", "none"], &[ROLE, HOME], "there is no profile to put in the place"),
        (&["--no-store", "--publish", "cat"], &[ROLE, HOME], "--no-store: with `--publish cat`"),
        (&["--store", "false", "--publish", "cat"], &[ROLE, HOME], "--no-store: with `--publish cat`"),
        (&[], &[ROLE, HOME, ("AWS_REGION", "Frankfurt!")], "AWS_REGION"),
    ] {
        let failure = made(line, variables).unwrap_err();
        assert_eq!(failure.code, ExitCode::Usage);
        assert!(failure.message.contains(part), "{failure:?}");
    }
}

#[test]
fn an_empty_default_is_none() {
    assert_eq!(made(&["--default", ""], &[ROLE, HOME]).unwrap().default, None);
    assert_eq!(made(&["--take-over", ""], &[ROLE, HOME]).unwrap().take_over, Vec::new());
}

#[test]
fn the_store_is_kept_unless_somebody_says_otherwise() {
    for (line, kept) in [(&["--store", "true"][..], true), (&["--store", "no"], false), (&["--no-store"], false)] {
        assert_eq!(made(line, &[ROLE, HOME]).unwrap().store, kept, "{line:?}");
    }
}

#[test]
fn without_a_role_the_format_is_shown() {
    let failure = made(&[], &[HOME, ("aws_role_1", "x")]).unwrap_err();
    assert_eq!(failure.code, ExitCode::Usage);
    assert!(
        failure.message.contains("AWS_ROLE_1 is not set, and no settings file has one (aws_role_1 is not read"),
        "{failure:?}"
    );
    assert!(failure.action.contains("AWS_ROLE_1=arn:aws:iam::123456789012:role/"), "{failure:?}");
}

#[test]
fn all_wrong_variables_are_told_together() {
    let wrong = [HOME, ("AWS_ROLE_1", "arn:aws:iam::12:role/R:A"), ("AWS_ROLE_2", "nonsense")];
    let failure = made(&[], &wrong).unwrap_err();
    assert_eq!(failure.code, ExitCode::Usage);
    let one = failure.message.find("AWS_ROLE_1: ").unwrap();
    let caret = failure.message.find("               ^").unwrap();
    let two = failure.message.find("AWS_ROLE_2: ").unwrap();
    assert!(one < caret && caret < two, "{}", failure.message);
}

#[test]
fn a_good_variable_runs_beside_a_wrong_one() {
    let made = made(&[], &[HOME, ROLE, ("AWS_ROLE_2", "nonsense")]).unwrap();
    assert_eq!((made.roles.len(), made.problems.len()), (1, 1));
}

/// What is made of a command line beside a settings file.
fn made_with_file(text: &str, line: &[&str], variables: &[(&str, &str)]) -> Result<Made, Failure> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("rolecall.toml");
    std::fs::write(&path, format!("version = 1\n{text}")).unwrap();
    let named = ["--config", path.to_str().unwrap()];
    all_made(&[&named[..], line].concat(), variables)
}

#[test]
fn what_is_given_wins_over_the_file_and_the_file_over_the_default() {
    type Shown = fn(&Made) -> String;
    let rows: [(&str, &str, Shown, [&str; 3]); 12] = [
        ("publish = 'file'", "--publish cat", |made| made.agent.publish.to_string(), ["process", "file", "cat"]),
        ("store = false", "--store true", |made| made.agent.store.to_string(), ["true", "false", "true"]),
        ("store = true", "--no-store", |made| made.agent.store.to_string(), ["true", "true", "false"]),
        (
            "refresh_before = '20m'",
            "--refresh-before 50%",
            |made| made.agent.policy.refresh_before.to_string(),
            ["10m", "20m", "50%"],
        ),
        (
            "duration = '2h'",
            "--duration 3h",
            |made| format!("{:?}", made.agent.roles[0].duration),
            ["3600s", "7200s", "10800s"],
        ),
        (
            "sts_in_flight = 2",
            "--sts-in-flight 3",
            |made| made.agent.policy.budget.in_flight.to_string(),
            ["64", "2", "3"],
        ),
        ("sts_rate = 2", "--sts-rate 3", |made| made.agent.policy.budget.per_second.to_string(), ["200", "2", "3"]),
        ("sts_burst = 2", "--sts-burst 3", |made| made.agent.policy.budget.burst.to_string(), ["200", "2", "3"]),
        ("log_format = 'json'", "--log-format text", |made| made.log_format.to_string(), ["text", "json", "text"]),
        (
            "health_listen = '1'",
            "--health-listen 2",
            |made| format!("{:?}", made.agent.health_listen),
            ["None", "Some(127.0.0.1:1)", "Some(127.0.0.1:2)"],
        ),
        (
            "ready_file = '/a'",
            "--ready-file /b",
            |made| format!("{:?}", made.ready_file),
            ["None", "Some(\"/a\")", "Some(\"/b\")"],
        ),
        (
            "default = 'Second'",
            "--default First",
            |made| format!("{:?}", made.agent.default),
            ["None", "Some(\"Second\")", "Some(\"First\")"],
        ),
    ];
    let second = "\n[role.Second]\narn = 'arn:aws:iam::123456789012:role/S'";
    for (key, flag, shown, expected) in rows {
        let flag: Vec<&str> = flag.split(' ').collect();
        let found = [("", &[][..]), (key, &[]), (key, &flag)]
            .map(|(key, flag)| shown(&made_with_file(&format!("{key}{second}"), flag, &[ROLE, HOME]).unwrap()));
        assert_eq!(found, expected, "{key}");
    }
}

#[test]
fn what_is_given_empty_is_none_whatever_the_file_says() {
    let text = "default = 'First'\ntake_over = ['First']";
    let made = made_with_file(text, &[], &[ROLE, HOME]).unwrap().agent;
    assert_eq!((made.default.is_some(), made.take_over.len()), (true, 1));
    let made = made_with_file(text, &["--default", "", "--take-over", ""], &[ROLE, HOME]).unwrap().agent;
    assert_eq!((made.default, made.take_over), (None, Vec::new()));
}

#[test]
fn roles_of_both_places_stand_in_one_list() {
    let text = "duration = '2h'\n[role.Second]\narn = 'arn:aws:iam::123456789012:role/S'\n[role.bad]\narn = 'x'";
    let made = made_with_file(text, &[], &[ROLE, HOME, ("AWS_REGION", "eu-west-1")]).unwrap().agent;
    let shown: Vec<_> = made.roles.iter().map(|role| (role.alias.as_str(), role.region.is_some())).collect();
    assert_eq!(shown, [("First", true), ("Second", true)]);
    assert!(made.roles.iter().all(|role| role.duration == Duration::from_secs(7200)));
    let origins: Vec<_> = made.origins.values().map(|origin| origin.rsplit('/').next().unwrap()).collect();
    assert_eq!(origins, ["AWS_ROLE_1", "rolecall.toml:3"]);
    assert!(made.problems[0].origin.ends_with("/rolecall.toml:6"), "{:?}", made.problems);
    // And with nothing in the environment.
    assert_eq!(made_with_file(text, &[], &[HOME]).unwrap().agent.roles.len(), 1);
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_every_place() {
    for (text, parts) in [
        (
            "stor = 1\nduration = '1s'",
            &["rolecall.toml:2: stor: ", "fix: use one of version, ", "rolecall.toml:3: duration"][..],
        ),
        ("[role.bad]\narn = 'x'", &["none of the roles can be used", "rolecall.toml:3: arn: "]),
        ("", &["no role is defined"]),
        (
            "default = 'Third'\n[role.Second]\narn = 'arn:aws:iam::123456789012:role/S'",
            &["default in the settings file: no role is named \"Third\"; use one of Second"],
        ),
        ("[role.First]\narn = 'arn:aws:iam::123456789012:role/S'", &["First is defined twice", "AWS_ROLE_1 and /"]),
    ] {
        let variables: &[_] = if text.starts_with("[role.First]") { &[HOME, ROLE] } else { &[HOME] };
        let failure = made_with_file(text, &[], variables).unwrap_err();
        assert_eq!(failure.code, ExitCode::Usage);
        let all = format!("{}{}", failure.message, failure.action);
        assert!(parts.iter().all(|part| all.contains(part)), "{all}");
    }
}

#[test]
fn a_file_that_is_named_has_to_be_there_and_one_of_the_home_need_not() {
    let failure = made(&["--config", "/nonexistent/rolecall.toml"], &[ROLE, HOME]).unwrap_err();
    assert!(failure.message.starts_with("read the settings file /nonexistent/rolecall.toml: "), "{failure:?}");
    let failure = made(&["--config", "/dev/null"], &[ROLE, HOME]).unwrap_err();
    assert!(failure.message.contains("not a regular file"), "{failure:?}");
    let home = tempfile::tempdir().unwrap();
    let variables = [ROLE, ("HOME", home.path().to_str().unwrap())];
    assert_eq!(made(&[], &variables).unwrap().file, None);
    let path = home.path().join(".config/rolecall/rolecall.toml");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "version = 1\npublish = 'file'\n").unwrap();
    let found = made(&[], &variables).unwrap();
    assert_eq!((found.file, found.publish), (Some(path), Publish::File));
}

#[test]
fn what_counts_at_the_start_only_stays_and_is_named() {
    let began = || all_made(&["--socket-group", "1"], &[ROLE, HOME]).unwrap();
    let other = all_made(&["--socket-group", "2", "--log-format", "json", "--publish", "file"], &[ROLE, HOME]).unwrap();
    let (after, later) = other.after(&began());
    assert_eq!((after.log_format, after.agent.socket_group), (LogFormat::Text, Group::new(1)));
    assert_eq!((after.agent.publish, later), (Publish::File, vec!["log_format", "socket_group"]));
    assert_eq!(began().after(&began()).1, [""; 0]);
}
