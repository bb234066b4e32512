//! Whatever stands in a settings file: it is taken as a whole or told with a place that is in it, in text that a terminal
//! can show, and no alias means two roles.
//!
//! The input is the file.

#![no_main]

use std::collections::HashSet;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use rolecall_agent::settings::env_roles::{EnvRoles, RoleDefaults};
use rolecall_agent::settings::file::{FileSettings, roles};
use rolecall_agent::settings::problem::Problem;
use rolecall_core::role::DEFAULT_DURATION;

/// Far above any message: a value is shown in a few lines.
const MESSAGE: usize = 2500;

fuzz_target!(|text: &str| {
    let settings = match FileSettings::read("f", text) {
        Ok(settings) => settings,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            return problems.iter().for_each(|problem| check(problem, text));
        }
    };
    let more = format!("{text}\n# a comment\n");
    assert_eq!(FileSettings::read("f", &more).as_ref(), Ok(&settings), "a comment changes it");

    let defaults = RoleDefaults { region: None, duration: DEFAULT_DURATION, host: "host".into() };
    let mut found = EnvRoles::default();
    let policy = |_: &Path| Ok::<_, String>(r#"{"Statement":[]}"#.to_owned());
    if roles::add(&settings.roles, &defaults, &policy, &[], &mut found).is_err() {
        // A role and a fleet, or two fleets, have one name: told as a whole.
        return;
    }
    let defined = found.roles.len();
    found.link();
    found.problems.iter().for_each(|problem| check(problem, text));
    let aliases: HashSet<&str> = found.roles.iter().map(|role| role.alias.as_str()).collect();
    assert_eq!(aliases.len(), found.roles.len(), "two roles with one name");
    assert!(found.roles.iter().all(|role| found.origins.contains_key(&role.alias)));
    let wrong = settings.roles.iter().filter(|role| role.is_err()).count();
    assert!(defined + wrong <= settings.roles.len(), "a role comes from nowhere");
    assert!(found.roles.len() + found.problems.len() >= settings.roles.len(), "a role is lost");
    // Nothing is wrong any more when it is read beside what it was.
    let before = found.roles.clone();
    let mut again = EnvRoles::default();
    roles::add(&settings.roles, &defaults, &policy, &before, &mut again).expect("it was right before");
    again.link();
    assert_eq!(again.roles, before);
});

fn check(problem: &Problem, text: &str) {
    let line: usize = problem.origin.strip_prefix("f:").and_then(|line| line.parse().ok()).expect("file and line");
    assert!(line >= 1 && line <= text.matches('\n').count() + 1, "{problem:?}");
    if let (Some(value), Some(column)) = (&problem.value, problem.column) {
        assert!(column >= 1 && column <= value.chars().count() + 2, "{problem:?}");
    }
    let shown = problem.to_string();
    assert!(shown.chars().count() < MESSAGE, "{shown}");
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}
