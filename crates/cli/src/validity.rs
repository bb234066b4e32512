//! How long the sessions of roles are still valid, for the commands that let a script depend on it. Pure.

use std::time::Duration;

use jiff::Timestamp;
use rolecall_agent::serve::wire::{ProfileStatus, StatusDocument};
use rolecall_core::Alias;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output::duration;

/// Keeps the roles that are named, in the order of their definition; all when none is.
///
/// # Errors
/// The first name that no role has, with those that there are.
pub(crate) fn select(document: &mut StatusDocument, aliases: &[Alias]) -> Result<(), Failure> {
    if aliases.is_empty() {
        return Ok(());
    }
    let names = || document.profiles.iter().map(|status| status.profile.alias.as_str());
    if let Some(unknown) = aliases.iter().find(|alias| names().all(|name| name != alias.as_str())) {
        return Err(self::unknown(unknown, names()));
    }
    let named = |status: &ProfileStatus| aliases.iter().any(|alias| alias.as_str() == status.profile.alias);
    document.profiles.retain(named);
    // What is wrong with the settings is wrong with other roles.
    document.problems.clear();
    Ok(())
}

/// That the agent has no role of this name, with those that it has.
pub(crate) fn unknown<'a>(alias: &Alias, known: impl Iterator<Item = &'a str>) -> Failure {
    let known: Vec<&str> = known.collect();
    let action = if known.is_empty() { "it has no role".into() } else { format!("use one of {}", known.join(", ")) };
    Failure::new(ExitCode::UnknownAlias, format!("the agent has no role named {alias}"), action)
}

/// How long the session of a role is still valid; none when there is no valid one.
pub(crate) fn left(status: &ProfileStatus, now: Timestamp) -> Option<Duration> {
    let expires = duration::time(status.profile.expires_at.as_deref())?;
    Some(duration::until(now, expires)).filter(|left| !left.is_zero())
}

/// Why a role is not valid for as long as `least`; none when it is.
pub(crate) fn shortfall(status: &ProfileStatus, now: Timestamp, least: Duration) -> Option<String> {
    let left = left(status, now);
    if left.is_some_and(|left| left >= least) {
        return None;
    }
    let what = match left {
        Some(left) => {
            format!("valid for {} more, which is less than {}", duration::words(left), duration::words(least))
        }
        None => "no valid session".into(),
    };
    let why = match &status.profile.fault {
        Some(fault) if fault.action.is_empty() => format!(": {}", fault.message),
        Some(fault) => format!(": {}; {}", fault.message, fault.action),
        None if status.attempt_under_way => ": AWS is being asked".into(),
        None => String::new(),
    };
    Some(what + &why)
}

#[cfg(test)]
mod tests;
