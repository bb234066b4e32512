//! The roles of the file: `[role.<alias>]`, and what becomes of all that the file defines.
//!
//! Promises that a role which is wrong hurts no other one but those that are assumed from it, that one which was right
//! before stays what it was, and that no alias means two roles.

use std::path::Path;

use rolecall_core::alias::AliasError;
use rolecall_core::arn::{ArnError, ArnProblem};
use rolecall_core::source::SourceName;
use rolecall_core::{Alias, Fault, FaultKind, Role, RoleArn};

use super::details::{self, Details, Reader};
use super::value::{Entry, Wrong, entries};
use crate::settings::SettingsError;
use crate::settings::env_roles::{EnvRoles, RoleDefaults, arn_fix};
use crate::settings::problem::Problem;

/// A role as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRole {
    /// The profile name.
    pub alias: Alias,
    /// File and line.
    pub origin: String,
    /// Which role.
    pub arn: RoleArn,
    /// All the rest.
    pub details: Details,
}

/// A role that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongRole {
    /// Its profile name, if that is right.
    pub alias: Option<Alias>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Reads all tables.
pub(super) fn read(entry: &Entry<'_>) -> Result<Vec<Result<FileRole, WrongRole>>, Wrong> {
    Ok(entries(entry.file, entry.table()?).iter().map(role).collect())
}

fn role(entry: &Entry<'_>) -> Result<FileRole, WrongRole> {
    let mut problems = Vec::new();
    let mut note = |wrong: Wrong| problems.push(wrong.shortened());
    let alias = alias(entry).map_err(&mut note).ok();
    let (mut arn, mut has_arn, mut reader) = (None, false, Reader::default());
    let table = entry.table().map(|table| entries(entry.file, table)).map_err(&mut note);
    for key in table.iter().flatten() {
        let read = if key.key == "arn" {
            has_arn = true;
            self::arn(key).map(|read| arn = Some(read))
        } else {
            reader.take(key).unwrap_or_else(|| Err(key.unknown(&[&["arn"][..], &details::KEYS[..]].concat())))
        };
        let _ = read.map_err(&mut note);
    }
    if table.is_ok() && !has_arn {
        let action = "add `arn = \"arn:aws:iam::<account id>:role/<role>\"`";
        note(entry.wrong(&entry.key_span, "the role has no arn", action));
    }
    let details = reader.finish(entry).map_err(&mut note);
    match (alias, arn, details) {
        (Some(alias), Some(arn), Ok(details)) if problems.is_empty() => {
            Ok(FileRole { alias, origin: entry.file.origin(&entry.key_span), arn, details })
        }
        (alias, ..) => Err(WrongRole { alias, problems }),
    }
}

fn alias(entry: &Entry<'_>) -> Result<Alias, Wrong> {
    entry.key.parse().map_err(|error: AliasError| {
        let action = match Alias::from_name(entry.key) {
            Ok(alias) => format!("write [role.{:?}]", alias.as_str()),
            Err(_) => {
                "choose a name of 1 to 64 letters, digits, `_`, `.`, `@`, `+` or `-`, other than `default`".into()
            }
        };
        entry.wrong(&entry.key_span, &error.to_string(), &action)
    })
}

fn arn(entry: &Entry<'_>) -> Result<RoleArn, Wrong> {
    let text = entry.text()?;
    text.parse().map_err(|error: ArnError| {
        let span = entry.value.span();
        // The place within the text is the one in the file where nothing is escaped.
        let is_plain = span.len() == text.len() + 2;
        let start = span.start + if is_plain { 1 + error.at } else { 0 };
        let action = match &error.problem {
            ArnProblem::Path(_) | ArnProblem::Name(_) => {
                "copy the role ARN from the IAM console; no name follows it here".into()
            }
            problem => arn_fix("arn = \"arn:aws:iam::<account id>:role/<role>\"", text, problem),
        };
        entry.wrong(&(start..span.end), &error.problem.to_string(), &action)
    })
}

/// Adds the roles of a file to those of the environment. `policy` gives the text of a policy file. A role that is wrong and
/// that is in `before`, stays what it was.
///
/// # Errors
/// When an alias means one role in the environment and another one in the file.
pub fn add(
    file: &[Result<FileRole, WrongRole>],
    defaults: &RoleDefaults,
    policy: &dyn Fn(&Path) -> Result<String, String>,
    before: &[Role],
    found: &mut EnvRoles,
) -> Result<(), SettingsError> {
    for role in file {
        let right = role.as_ref().map_err(Clone::clone).and_then(|role| finished(role, defaults, policy));
        let (role, source, origin) = match right {
            Ok(right) => right,
            Err(WrongRole { alias, problems }) => {
                let stays = before.iter().find(|role| Some(&role.alias) == alias.as_ref());
                let known = found.roles.iter().any(|role| Some(&role.alias) == alias.as_ref());
                let origin = problems.first().map_or_else(String::new, |problem| problem.origin.clone());
                if let (Some(alias), Some(problem)) = (alias, problems.first()) {
                    found.unusable.insert(alias, problem.clone());
                }
                found.problems.extend(problems);
                match stays {
                    Some(role) if !known => (role.clone(), role.source.name(), origin),
                    _ => continue,
                }
            }
        };
        match found.roles.iter().find(|known| known.alias == role.alias) {
            Some(known) if known.key() == role.key() && found.source(&role.alias) == source => {
                let first = found.origins.get(&role.alias).cloned().unwrap_or_default();
                found.notes.push(format!("{origin} says the same as {first}"));
            }
            Some(_) => {
                let first = found.origins.get(&role.alias).cloned().unwrap_or_default();
                return Err(SettingsError::TwoRoles { alias: role.alias, first, second: origin });
            }
            None => found.define(role, source, origin),
        }
    }
    Ok(())
}

/// The role with what it does not say itself, its source, and where it stands.
fn finished(
    role: &FileRole,
    defaults: &RoleDefaults,
    policy: &dyn Fn(&Path) -> Result<String, String>,
) -> Result<(Role, SourceName, String), WrongRole> {
    let FileRole { alias, origin, arn, details } = role;
    let wrong = |origin: &str, message: String, action: &str| {
        let fault = Fault::new(FaultKind::Misconfigured, message, action);
        let problem = Problem { origin: origin.into(), column: None, value: None, fault };
        WrongRole { alias: Some(alias.clone()), problems: vec![problem] }
    };
    let plain = Role::new(alias.clone(), arn.clone(), &defaults.host);
    let (role, source) =
        details.complete(plain, defaults).map_err(|message| wrong(origin, message, "write a longer session_name"))?;
    let session_policy = match &details.policy_file {
        None => details.policy(None),
        Some((path, _)) => policy(path).and_then(|text| details.policy(Some(&text))),
    };
    let session_policy = session_policy.map_err(|message| match &details.policy_file {
        Some((path, origin)) => {
            let action = "make it a readable file with an IAM policy in JSON";
            wrong(origin, format!("the policy in {}: {message}", path.display()), action)
        }
        None => wrong(origin, message, "narrow the session by fewer policies"),
    })?;
    Ok((Role { session_policy, ..role }, source, origin.clone()))
}
