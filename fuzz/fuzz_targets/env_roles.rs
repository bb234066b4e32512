//! Whatever the environment holds: every variable that is meant as a role is a role or is told, in text that a terminal
//! can show.
//!
//! The input is a variable a line, `NAME=VALUE`; `\n` in a value stands for a line end.

#![no_main]

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use libfuzzer_sys::fuzz_target;
use rolecall_agent::settings::env_roles::{RoleDefaults, env_roles};
use rolecall_core::role::DEFAULT_DURATION;

/// Far above any message: a value is shown in a few lines.
const MESSAGE: usize = 2500;

fuzz_target!(|input: &[u8]| {
    let variables: Vec<(Vec<u8>, Vec<u8>)> = input.split(|byte| *byte == b'\n').filter_map(variable).collect();
    let defaults = RoleDefaults { region: None, duration: DEFAULT_DURATION, host: "host".into() };
    let environment = variables.iter().cloned();
    let environment = environment.map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value)));
    let found = env_roles(environment, &defaults);

    let aliases: HashSet<&str> = found.roles.iter().map(|role| role.alias.as_str()).collect();
    assert_eq!(aliases.len(), found.roles.len(), "two roles with one name");
    let meant = variables.iter().filter(|(name, _)| is_role(name)).count();
    let repeated = found.notes.iter().filter(|note| note.contains("says the same as")).count();
    let refused = found.problems.iter().filter(|problem| is_role(problem.origin.as_bytes())).count();
    // The name of a problem is shortened when nobody could read it.
    let unreadable = variables.iter().filter(|(name, _)| is_role(name) && name.len() > 300).count();
    assert!(found.roles.len() + repeated + refused + unreadable >= meant, "a variable is lost: {found:#?}");
    for text in found.problems.iter().map(ToString::to_string).chain(found.notes) {
        assert!(text.chars().count() < MESSAGE, "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
});

fn variable(line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    let mut value = Vec::new();
    let mut bytes = line[at + 1..].iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let line_end = byte == b'\\' && bytes.next_if_eq(&b'n').is_some();
        value.push(if line_end { b'\n' } else { byte });
    }
    Some((line[..at].to_vec(), value))
}

/// `AWS_ROLE_<number from 1>`.
fn is_role(name: &[u8]) -> bool {
    name.strip_prefix(b"AWS_ROLE_")
        .is_some_and(|number| matches!(number.first(), Some(b'1'..=b'9')) && number.iter().all(u8::is_ascii_digit))
}
