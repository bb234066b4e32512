//! The roles of the file: `[role.<alias>]`.
//!
//! Promises that a role which is wrong hurts no other one, that one which was right before stays what it was, and that no
//! alias means two roles.

use std::time::Duration;

use rolecall_core::alias::AliasError;
use rolecall_core::arn::{ArnError, ArnProblem};
use rolecall_core::{Alias, ExternalId, Fault, FaultKind, Region, Role, RoleArn, SessionName};

use super::value::{Entry, Wrong, entries};
use crate::settings::env_roles::{EnvRoles, RoleDefaults, arn_fix};
use crate::settings::problem::Problem;
use crate::settings::{SettingsError, parse_session_duration};

const KEYS: [&str; 5] = ["arn", "region", "duration", "session_name", "external_id"];

/// A role as it is written. None where the defaults count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRole {
    /// The profile name.
    pub alias: Alias,
    /// File and line.
    pub origin: String,
    /// Which role.
    pub arn: RoleArn,
    /// The Region of the profile and of the STS endpoint.
    pub region: Option<Region>,
    /// The session length to ask for.
    pub duration: Option<Duration>,
    /// The template of the session name.
    pub session_name: Option<String>,
    /// What the trust policy asks for.
    pub external_id: Option<ExternalId>,
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
    let (mut arn, mut region, mut duration, mut session_name, mut external_id) = (None, None, None, None, None);
    let mut has_arn = false;
    let table = entry.table().map(|table| entries(entry.file, table)).map_err(&mut note);
    for entry in table.iter().flatten() {
        let read = match entry.key {
            "arn" => {
                has_arn = true;
                self::arn(entry).map(|read| arn = Some(read))
            }
            "region" => entry.parsed().map(|read| region = Some(read)),
            "duration" => entry.read(parse_session_duration).map(|read| duration = Some(read)),
            "session_name" => template(entry).map(|read| session_name = Some(read)),
            "external_id" => entry.parsed().map(|read| external_id = Some(read)),
            _ => Err(entry.unknown(&KEYS)),
        };
        let _ = read.map_err(&mut note);
    }
    if table.is_ok() && !has_arn {
        let action = "add `arn = \"arn:aws:iam::<account id>:role/<role>\"`";
        note(entry.wrong(&entry.key_span, "the role has no arn", action));
    }
    match (alias, arn) {
        (Some(alias), Some(arn)) if problems.is_empty() => {
            let origin = entry.file.origin(&entry.key_span);
            Ok(FileRole { alias, origin, arn, region, duration, session_name, external_id })
        }
        (alias, _) => Err(WrongRole { alias, problems }),
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

fn template(entry: &Entry<'_>) -> Result<String, Wrong> {
    let any: Alias = "any".parse().map_err(|error: AliasError| entry.wrong(&entry.key_span, &error.to_string(), ""))?;
    entry.read(|text| SessionName::from_template(text, &any, "").map(|_| text.to_owned()))
}

/// Adds the roles of a file to those of the environment. One that is wrong and that is in `before`, stays what it was.
///
/// # Errors
/// When an alias means one role in the environment and another one in the file.
pub fn add(
    file: &[Result<FileRole, WrongRole>],
    defaults: &RoleDefaults,
    before: &[Role],
    found: &mut EnvRoles,
) -> Result<(), SettingsError> {
    for role in file {
        let (role, origin) = match role.as_ref().map_err(Clone::clone).and_then(|role| finished(role, defaults)) {
            Ok(right) => right,
            Err(WrongRole { alias, problems }) => {
                let stays = before.iter().find(|role| Some(&role.alias) == alias.as_ref());
                let known = found.roles.iter().any(|role| Some(&role.alias) == alias.as_ref());
                let origin = problems.first().map_or_else(String::new, |problem| problem.origin.clone());
                found.problems.extend(problems);
                match stays {
                    Some(role) if !known => (role.clone(), origin),
                    _ => continue,
                }
            }
        };
        match found.roles.iter().find(|known| known.alias == role.alias) {
            Some(known) if known.key() == role.key() => {
                let first = found.origins.get(&role.alias).cloned().unwrap_or_default();
                found.notes.push(format!("{origin} says the same as {first}"));
            }
            Some(_) => {
                let first = found.origins.get(&role.alias).cloned().unwrap_or_default();
                return Err(SettingsError::TwoRoles { alias: role.alias, first, second: origin });
            }
            None => {
                found.origins.insert(role.alias.clone(), origin);
                found.roles.push(role);
            }
        }
    }
    Ok(())
}

/// The role with what it does not say itself, and where it stands.
fn finished(role: &FileRole, defaults: &RoleDefaults) -> Result<(Role, String), WrongRole> {
    let FileRole { alias, origin, arn, region, duration, session_name, external_id } = role.clone();
    let plain = Role::new(alias.clone(), arn, &defaults.host);
    let session_name = match session_name {
        None => plain.session_name.clone(),
        Some(template) => SessionName::from_template(&template, &alias, &defaults.host).map_err(|error| {
            let fault = Fault::new(FaultKind::Misconfigured, error.to_string(), "write a longer session_name");
            let problem = Problem { origin: origin.clone(), column: None, value: None, fault };
            WrongRole { alias: Some(alias), problems: vec![problem] }
        })?,
    };
    let role = Role {
        region: region.or_else(|| defaults.region.clone()),
        duration: duration.unwrap_or(defaults.duration),
        session_name,
        external_id,
        ..plain
    };
    Ok((role, origin))
}
