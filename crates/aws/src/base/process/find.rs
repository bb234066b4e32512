//! Which `credential_process` the default chain comes to in the user's profiles: pure.
//!
//! Follows the SDK for Rust: from the selected profile along `source_profile`, whose keys count more than its other
//! settings; within one profile, a process counts more than keys and less than everything else.

use aws_runtime::env_config::section::{EnvConfigSections, Profile};

/// Settings of a profile that count more than its `credential_process`.
const BEFORE: [&str; 8] = [
    "credential_source",
    "web_identity_token_file",
    "sso_account_id",
    "sso_region",
    "sso_role_name",
    "sso_session",
    "sso_start_url",
    "login_session",
];

/// A process that gives credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Process {
    /// The profile that it stands in.
    pub(in super::super) profile: String,
    /// The profile whose role is assumed with its answer, if there is one in between.
    pub(in super::super) role_profile: Option<String>,
    /// The shell command.
    pub(in super::super) command: String,
}

/// The process that the chain would run, if it would run one.
pub(in super::super) fn find(profiles: &EnvConfigSections) -> Option<Process> {
    let path = path(profiles)?;
    let (last, before) = path.split_last()?;
    if !before.is_empty() && has_keys(last) {
        return None;
    }
    // A profile that is its own source has a role and the process for it.
    let role_profile = if source_profile(last).is_some() { Some(last) } else { before.last() };
    process(last, role_profile.map(|profile| profile.name().to_owned()))
}

/// The profiles that the chain goes through, from the selected one to that which has the credentials; none when it does
/// not get to an end.
pub(in super::super) fn path(profiles: &EnvConfigSections) -> Option<Vec<&Profile>> {
    let mut path: Vec<&Profile> = vec![];
    let mut name = profiles.selected_profile();
    loop {
        let profile = profiles.get_profile(name).filter(|_| path.iter().all(|seen| seen.name() != name))?;
        let is_end = !path.is_empty() && has_keys(profile);
        path.push(profile);
        match source_profile(profile) {
            Some(source) if !is_end && source != name => name = source,
            _ => return Some(path),
        }
    }
}

/// The profile whose credentials assume this one's role, if that is how it gets its own.
fn source_profile(profile: &Profile) -> Option<&str> {
    let has = |key| profile.get(key).is_some();
    let is_role = has("role_arn") && !has("web_identity_token_file") && !has("credential_source");
    profile.get("source_profile").filter(|_| is_role)
}

fn has_keys(profile: &Profile) -> bool {
    ["aws_access_key_id", "aws_secret_access_key"].iter().all(|key| profile.get(key).is_some())
}

fn process(profile: &Profile, role_profile: Option<String>) -> Option<Process> {
    let is_role_itself = profile.get("role_arn").is_some() && role_profile.as_deref() != Some(profile.name());
    if is_role_itself || BEFORE.iter().any(|key| profile.get(key).is_some()) {
        return None;
    }
    let command = profile.get("credential_process")?.to_owned();
    Some(Process { profile: profile.name().to_owned(), role_profile, command })
}

#[cfg(test)]
mod tests;
