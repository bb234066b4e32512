//! From flags and variables to settings, and what is refused before anything is done.

use super::*;
use crate::args::{Cli, Command};

const ROLE: (&str, &str) = ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/R:First");
const HOME: (&str, &str) = ("HOME", "/h");

fn made(line: &[&str], variables: &[(&str, &str)]) -> Result<AgentSettings, Failure> {
    let cli = Cli::of_line(&[&["agent"], line].concat()).unwrap();
    let Command::Agent(args) = cli.command else { unreachable!() };
    let machine = Machine { host: "host".into(), command: "/bin/rolecall".into(), seed: 7 };
    settings(&args, &Environment::from(variables), &machine)
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
    assert!(failure.message.contains("AWS_ROLE_1 is not set (aws_role_1 is not read"), "{failure:?}");
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
