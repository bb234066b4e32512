//! `docs/errors.md` is true: it has every kind of fault, and the words of every setting that is refused.
//!
//! The words of the faults are compared where the faults are made, in [`super::told`].

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use e2e::{Agent, Home, Sandbox, finish};

use super::told::{documented, one_role, with_keys};

const ERRORS_MD: &str = include_str!("../../../../docs/errors.md");

#[test]
fn every_kind_of_fault_has_its_heading_and_no_other_has() {
    let source = include_str!("../../../../crates/core/src/fault.rs");
    let (_, kinds) = source.split_once("pub fn as_str").unwrap();
    let (kinds, _) = kinds.split_once("impl fmt::Display").unwrap();
    let mut known: Vec<&str> = kinds.split('"').skip(1).step_by(2).collect();
    let (faults, _) = ERRORS_MD.split_once("\n# Settings").unwrap();
    let headings = faults.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`'));
    let mut described: Vec<&str> = headings.collect();
    known.sort_unstable();
    described.sort_unstable();
    assert_eq!(described, known);
}

/// The agent does not start with these, and says why in words that are documented.
#[track_caller]
fn refused(home: &Home, variables: &[(&str, &str)], args: &[&str]) {
    let refused = finish(Agent::command(home, args).envs(one_role(variables))).code(2);
    let (_, told) = refused.stderr.split_once("error: ").unwrap_or_else(|| unreachable!("{refused:#?}"));
    let mut lines = told.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    // Of the longest path only what does not hang on the name of the temporary directory.
    documented(home, first.rsplit_once("bytes, ").map_or(first, |(_, rest)| rest));
    for fix in lines.filter_map(|line| line.strip_prefix("fix: ")) {
        documented(home, fix);
    }
}

#[test]
fn every_setting_that_stops_the_agent_is_documented() {
    let home = Home::new();
    home.write("file", "");
    home.write("open/x", "");
    fs::set_permissions(home.at("open"), fs::Permissions::from_mode(0o777)).unwrap();
    let (file, open) = (home.at("file"), home.at("open"));
    let long = home.at(&"long".repeat(30));
    for (variables, args) in [
        (&[("AWS_ROLE_1", "")][..], &[][..]),
        (&[("AWS_REGION", "Frankfurt")], &[]),
        (&[("ROLECALL_DEFAULT", "nobody")], &[]),
        (&[("ROLECALL_PUBLISH", "paper")], &[]),
        (&[("ROLECALL_DURATION", "13h")], &[]),
        (&[("ROLECALL_DURATION", "an hour")], &[]),
        (&[("ROLECALL_REFRESH_BEFORE", "60%")], &[]),
        (&[("AWS_PROFILE", "MyFirstAccount")], &[]),
        (&[("HOME", "")], &[]),
        (&[], &["--state-dir", "/"]),
        (&[], &["--state-dir", file.to_str().unwrap()]),
        (&[], &["--state-dir", open.to_str().unwrap()]),
        (&[], &["--state-dir", long.to_str().unwrap()]),
    ] {
        refused(&home, variables, args);
    }
}

#[test]
fn a_second_agent_is_documented() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let _agent = Agent::start(&home, with_keys(&sandbox.url(), &[]), &[]);
    let second = finish(Agent::command(&home, &[]).envs(one_role(&[]))).code(8);
    assert!(second.stderr.contains("uses the state directory"), "{second:#?}");
    documented(&home, "uses the state directory /home/me/.local/state/rolecall; stop it or name another directory");
}

#[test]
fn every_role_that_cannot_be_used_is_documented() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let bad = [
        ("AWS_ROLE_2", "arn:aws:iam::1234:role/Short:Short"),
        ("AWS_ROLE_3", "nonsense"),
        ("AWS_ROLE_4", "arn:aws:iam::123456789012:role/NoName"),
        ("AWS_ROLE_5", "arn:aws:iam::123456789012:user/Me:Me"),
        ("AWS_ROLE_6", "arn:aws:iam::123456789012:role/D:default"),
        ("AWS_ROLE_7", "arn:aws:iam::123456789012:role/Twice:MyFirstAccount"),
        ("AWS_ROLE_08", "arn:aws:iam::123456789012:role/R:Number"),
    ];
    let agent = Agent::start(&home, with_keys(&sandbox.url(), &bad), &[]);
    super::told::is_well(&agent, super::told::ALIAS);
    let status = agent.status();
    let problems = status["problems"].as_array().unwrap();
    assert_eq!(problems.len(), bad.len(), "{status:#}");
    for problem in problems {
        for part in ["message", "action"] {
            documented(&home, problem[part].as_str().unwrap());
        }
    }
}
