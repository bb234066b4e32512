//! Roles from the environment: `AWS_ROLE_1=<role ARN>:<friendly name>` and its siblings.
//!
//! Pure: the variables come in as values. Promises that a bad variable never hides a good one and that every one that is
//! not used is told, with its place and the fix. `AWS_ROLE_ARN` and `AWS_ROLE_SESSION_NAME` are AWS's own
//! ([environment variables](https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html)) and never
//! mentioned.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

use rolecall_core::arn::{ArnError, ArnProblem};
use rolecall_core::chain;
use rolecall_core::source::SourceName;
use rolecall_core::{Alias, Fault, FaultKind, Region, Role, RoleArn};

use crate::settings::problem::{Problem, shortened};

/// What the name of each variable, and so the origin of each of its problems, starts with.
pub const PREFIX: &str = "AWS_ROLE";
/// The two names of AWS that look like ours, without the prefix.
const OF_AWS: [&str; 2] = ["_ARN", "_SESSION_NAME"];

/// What a variable does not say of its role.
#[derive(Clone, Debug)]
pub struct RoleDefaults {
    /// The Region of every role; none when nobody said one.
    pub region: Option<Region>,
    /// The session length to ask for.
    pub duration: Duration,
    /// The machine, for the session name that CloudTrail shows.
    pub host: String,
}

/// What the environment says about roles.
#[derive(Clone, Debug, Default)]
pub struct EnvRoles {
    /// The roles, in the order of their numbers.
    pub roles: Vec<Role>,
    /// Where each of them was said: the name of the variable.
    pub origins: BTreeMap<Alias, String>,
    /// What they are assumed from, where that is not the base.
    pub sources: BTreeMap<Alias, SourceName>,
    /// Variables that are not used because their value, or their number, is wrong.
    pub problems: Vec<Problem>,
    /// Why a role that somebody named is none of the roles: one problem for each.
    pub unusable: BTreeMap<Alias, Problem>,
    /// What is unusual but harms nothing: a gap in the numbers, a repeated variable, a name that is not read or that no
    /// profile can have as it is.
    pub notes: Vec<String>,
}

impl EnvRoles {
    /// What a role says that it is assumed from.
    pub(crate) fn source(&self, alias: &Alias) -> SourceName {
        self.sources.get(alias).cloned().unwrap_or_default()
    }

    /// Adds a role that was said at `origin`.
    pub(super) fn define(&mut self, role: Role, source: SourceName, origin: String) {
        self.origins.insert(role.alias.clone(), origin);
        self.sources.insert(role.alias.clone(), source);
        self.roles.push(role);
    }

    /// Links each role to the source that it names. Those that cannot be linked are problems from here on.
    pub fn link(&mut self) {
        let roles = std::mem::take(&mut self.roles).into_iter().map(|role| {
            let source = self.source(&role.alias);
            (role, source)
        });
        for (alias, linked) in chain::link(roles.collect()) {
            match linked {
                Ok(role) => self.roles.push(role),
                Err(error) => {
                    let origin = self.origins.get(&alias).cloned().unwrap_or_default();
                    let fault = misconfigured(format!("{alias}: {error}"), error.action().into());
                    let problem = Problem { origin, column: None, value: None, fault }.shortened();
                    self.unusable.insert(alias, problem.clone());
                    self.problems.push(problem);
                }
            }
        }
    }
}

/// One variable that is a role, split from those that only look like it.
struct Variable {
    name: String,
    number: String,
    value: OsString,
}

/// Reads the roles from the variables of an environment.
pub fn env_roles(variables: impl IntoIterator<Item = (OsString, OsString)>, defaults: &RoleDefaults) -> EnvRoles {
    let mut found = EnvRoles::default();
    let mut candidates = Vec::new();
    let mut near_misses = Vec::new();
    for (name, value) in variables {
        let name = name.to_string_lossy().into_owned();
        match classify(&name) {
            Name::Role(number) => candidates.push(Variable { number: number.into(), name, value }),
            Name::WrongNumber => near_misses.push((name, true)),
            Name::NearMiss => near_misses.push((name, false)),
            Name::Other => {}
        }
    }
    candidates.sort_by(|a, b| by_number(&a.number, &b.number));
    near_misses.sort();

    found.notes.extend(gaps(&candidates));
    let mut taken: Vec<(String, String)> = Vec::new();
    for Variable { name, value, .. } in candidates {
        match role(&name, &value, defaults) {
            Ok(role) => add(&mut found, &mut taken, name, &value, role),
            Err(problem) => found.problems.push(*problem),
        }
    }
    for (name, wrong_number) in near_misses {
        if wrong_number {
            let number = match name.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_start_matches('0') {
                "" => "1",
                number => number,
            };
            let fault = misconfigured(
                "not read: the numbers of roles are 1, 2, 3 and so on, without leading zeros".into(),
                format!("rename it, for example to {PREFIX}_{number}"),
            );
            found.problems.push(Problem { origin: name, column: None, value: None, fault });
        } else {
            let name = Problem::printable(&name);
            found.notes.push(format!("{name} is not read: roles are {PREFIX}_1, {PREFIX}_2 and so on"));
        }
    }
    found.problems = found.problems.into_iter().map(Problem::shortened).collect();
    found.notes = found.notes.into_iter().map(shortened).collect();
    found
}

/// What the name of a variable says.
enum Name<'a> {
    /// A role with this number.
    Role(&'a str),
    /// Meant as a role: digits, but no number from 1.
    WrongNumber,
    /// Looks like it.
    NearMiss,
    /// Nothing of ours.
    Other,
}

fn classify(name: &str) -> Name<'_> {
    let (Some(head), Some(tail)) = (name.get(..PREFIX.len()), name.get(PREFIX.len()..)) else { return Name::Other };
    if !head.eq_ignore_ascii_case(PREFIX) || OF_AWS.iter().any(|own| tail.eq_ignore_ascii_case(own)) {
        return Name::Other;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match tail.strip_prefix('_') {
        Some(number) if head == PREFIX && digits(number) && !number.starts_with('0') => Name::Role(number),
        Some(number) if head == PREFIX && digits(number) => Name::WrongNumber,
        Some(_) => Name::NearMiss,
        None if digits(tail) => Name::NearMiss,
        None => Name::Other,
    }
}

/// The order of two numbers of any length without leading zeros.
fn by_number(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// The number after `number`.
fn successor(number: &str) -> String {
    let kept = number.trim_end_matches('9');
    let nines = number.len() - kept.len();
    let raised = match kept.char_indices().next_back() {
        Some((at, digit)) => format!("{}{}", &kept[..at], digit.to_digit(10).map_or(0, |d| d + 1)),
        None => "1".into(),
    };
    raised + &"0".repeat(nines)
}

/// A note for each hole in the numbers.
fn gaps(sorted: &[Variable]) -> Vec<String> {
    let mut expected = "1".to_owned();
    let mut notes = Vec::new();
    for Variable { number, name, .. } in sorted {
        if *number != expected {
            notes.push(format!("{PREFIX}_{expected} is not set; {name} and later are used"));
        }
        expected = successor(number);
    }
    notes
}

/// Adds a role unless its profile name is taken by an earlier variable.
fn add(found: &mut EnvRoles, taken: &mut Vec<(String, String)>, name: String, value: &OsStr, role: Role) {
    let value = value.to_string_lossy().trim().to_owned();
    let Some(at) = found.roles.iter().position(|earlier| earlier.alias == role.alias) else {
        if role.name != role.alias.as_str() {
            found.notes.push(format!("{name}: the profile of {:?} is called {}", role.name, role.alias));
        }
        found.origins.insert(role.alias.clone(), name.clone());
        taken.push((name, value));
        found.roles.push(role);
        return;
    };
    let (first, first_value) = &taken[at];
    if *first_value == value {
        found.notes.push(format!("{name} says the same as {first}"));
        return;
    }
    let fault = misconfigured(
        format!("its profile name {} is the one of {first} already; {first} is used", role.alias),
        format!("give {name} or {first} another name behind the role ARN"),
    );
    found.problems.push(Problem { origin: name, column: None, value: None, fault });
}

/// The role of one variable. The place of a problem counts from the first character of the value as it was set.
fn role(variable: &str, value: &OsStr, defaults: &RoleDefaults) -> Result<Role, Box<Problem>> {
    let lossy = value.to_string_lossy();
    let problem = |at: usize, message: String, action: String| {
        let column = lossy.get(..at).map_or(0, |before| before.chars().count()) + 1;
        let fault = misconfigured(message, action);
        let value = Some(Problem::printable(&lossy));
        Box::new(Problem { origin: variable.into(), column: Some(column), value, fault })
    };
    let Some(whole) = value.to_str() else {
        let at = lossy.find(char::REPLACEMENT_CHARACTER).unwrap_or_default();
        let action = "set it again in plain ASCII; the byte was probably pasted in another encoding";
        return Err(problem(at, "the value is not UTF-8".into(), action.into()));
    };
    let text = whole.trim();
    let start = whole.len() - whole.trim_start().len();
    if text.is_empty() {
        let action = format!("unset it, or set {}", example(variable));
        return Err(problem(0, "the value is empty".into(), action));
    }
    let (arn, name) = RoleArn::parse_prefix(text).map_err(|ArnError { at, problem: what }| {
        problem(start + at, what.to_string(), arn_fix(&example(variable), text, &what))
    })?;
    let name = name.map(str::trim).unwrap_or_default();
    if name.is_empty() {
        let message = "the friendly name is missing behind the role ARN";
        let action = format!("append `:<name>`, for example {variable}={arn}:{}", arn.name());
        return Err(problem(start + text.len(), message.into(), action));
    }
    let alias = Alias::from_name(name).map_err(|error| {
        let action =
            "choose a friendly name of 1 to 64 letters, digits, `_`, `.`, `@`, `+` or `-`, other than `default`";
        problem(start + text.len() - name.len(), error.to_string(), action.into())
    })?;
    Ok(Role {
        name: name.into(),
        region: defaults.region.clone(),
        duration: defaults.duration,
        ..Role::new(alias, arn, &defaults.host)
    })
}

fn misconfigured(message: String, action: String) -> Fault {
    Fault::new(FaultKind::Misconfigured, message, action)
}

fn example(variable: &str) -> String {
    format!("{variable}=arn:aws:iam::<account id>:role/<role>:<friendly name>")
}

/// What to do about a value that does not start with the ARN of a role; `example` is a right one.
pub(super) fn arn_fix(example: &str, text: &str, problem: &ArnProblem) -> String {
    match problem {
        ArnProblem::Prefix if text.starts_with(['"', '\'']) => {
            "take the quotes away: an env file keeps them as part of the value".into()
        }
        ArnProblem::Prefix => format!("set {example}"),
        ArnProblem::Partition(_) => "copy the role ARN from the IAM console, from its `arn:` on".into(),
        ArnProblem::Service(_) => {
            "use the ARN of the role itself, arn:aws:iam::<account id>:role/<role>, as the IAM console shows it".into()
        }
        ArnProblem::Region(_) => "leave the part between `iam:` and the account id empty: `iam::`".into(),
        ArnProblem::Account(_) => "write the 12 digits of the account id, leading zeros included, no dashes".into(),
        ArnProblem::Resource(_) => "name a role: `role/<role>` behind the account id".into(),
        ArnProblem::Path(_) | ArnProblem::Name(_) => {
            "copy the role ARN from the IAM console; the friendly name follows behind a colon".into()
        }
    }
}

#[cfg(test)]
mod tests;
