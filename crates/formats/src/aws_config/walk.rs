//! From a profile through its source profiles to the credentials at the end, as botocore's `AssumeRoleProvider` walks.
//!
//! The rules that surprise: a source profile with keys of its own is taken for its keys, whatever role it has; but a
//! walk that comes back to where it began is a loop even then, unless the profile names itself. A web identity comes
//! before everything else in its profile.

use std::collections::HashSet;

use super::{AwsConfig, Profile, ProfileSource, Why};

/// Where a walk ended without credentials.
#[derive(Debug)]
pub(super) struct Stop {
    /// The profile that was to come next.
    pub(super) next: Option<String>,
    pub(super) why: Why,
}

impl From<Why> for Stop {
    fn from(why: Why) -> Self {
        Self { next: None, why }
    }
}

/// Whether a profile is meant to assume a role.
pub(super) fn has_role(profile: &Profile) -> bool {
    profile.has("role_arn") || profile.has("web_identity_token_file")
}

/// The source of the first of `path`, which becomes the profiles that were walked through.
pub(super) fn source<'a>(config: &'a AwsConfig, path: &mut Vec<&'a Profile>) -> Result<ProfileSource, Stop> {
    let mut first = None;
    let mut at = path[0];
    let mut seen = HashSet::from([at.name.as_str()]);
    loop {
        match step(config, at, path, &seen)? {
            Step::End(source) => return Ok(first.unwrap_or(source)),
            Step::On(next) => {
                first.get_or_insert_with(|| ProfileSource::Role(next.name.clone()));
                path.push(next);
                seen.insert(&next.name);
                at = next;
            }
        }
    }
}

enum Step<'a> {
    /// The credentials are there.
    End(ProfileSource),
    /// Those of the next profile's role are the source.
    On(&'a Profile),
}

fn step<'a>(
    config: &'a AwsConfig,
    at: &'a Profile,
    path: &mut Vec<&'a Profile>,
    seen: &HashSet<&str>,
) -> Result<Step<'a>, Stop> {
    if text(at, "role_arn")?.is_none_or(str::is_empty) {
        return Err(Why::NoRoleArn.into());
    }
    text(at, "role_session_name")?;
    match text(at, "web_identity_token_file")? {
        Some("") => return Err(Why::NoTokenFile.into()),
        Some(path) => return Ok(Step::End(ProfileSource::WebIdentity { token_file: path.into() })),
        None => {}
    }
    for key in ["external_id", "duration_seconds"] {
        text(at, key)?;
    }
    let next = match (text(at, "source_profile")?, text(at, "credential_source")?) {
        (Some(_), Some(_)) => return Err(Why::TwoSources.into()),
        (None, None) => return Err(Why::NoSource.into()),
        (None, Some(source)) => {
            let source = named(source).ok_or(Why::UnknownSource)?;
            return if at.has("mfa_serial") { Err(Why::Mfa.into()) } else { Ok(Step::End(source)) };
        }
        (Some(name), None) => {
            let missing = || Stop { next: Some(name.into()), why: Why::Missing };
            config.get(name).ok_or_else(missing)?
        }
    };
    let itself = next.name == at.name;
    if seen.contains(next.name.as_str()) && !(itself && has_keys(next)) {
        return Err(Stop { next: Some(next.name.clone()), why: Why::Loop });
    }
    if at.has("mfa_serial") {
        return Err(Why::Mfa.into());
    }
    let token = next.key("web_identity_token_file");
    let by_token = token.is_some_and(|token| token.text() != Some(""));
    if !by_token && (has_keys(next) || token.is_some() || !next.has("role_arn")) {
        if !itself {
            path.push(next);
        }
        return if has_credentials(next) {
            Ok(Step::End(ProfileSource::Profile(next.name.clone())))
        } else {
            Err(Why::NoCredentials.into())
        };
    }
    Ok(Step::On(next))
}

fn named(source: &str) -> Option<ProfileSource> {
    match source {
        "Environment" => Some(ProfileSource::Environment),
        "EcsContainer" => Some(ProfileSource::EcsContainer),
        "Ec2InstanceMetadata" => Some(ProfileSource::Ec2InstanceMetadata),
        _ => None,
    }
}

/// What botocore calls static credentials: one of the two is enough to be taken for them.
fn has_keys(profile: &Profile) -> bool {
    profile.has("aws_access_key_id") || profile.has("aws_secret_access_key")
}

/// Whether one of botocore's providers for a profile would answer.
fn has_credentials(profile: &Profile) -> bool {
    let signs = ["aws_access_key_id", "credential_process", "login_session", "sso_account_id", "sso_role_name"];
    signs.iter().any(|key| profile.has(key))
}

/// The value of a key that must be a text.
pub(super) fn text<'a>(profile: &'a Profile, key: &'static str) -> Result<Option<&'a str>, Why> {
    profile.key(key).map(|found| found.text().ok_or(Why::Nested(key))).transpose()
}

/// A path of more than one profile, to stand before what is wrong with its last.
pub(super) fn shown(path: &[String]) -> String {
    let Some((last, [_, ..])) = path.split_last() else { return String::new() };
    format!("{}: at {last:?}, ", path.join(" -> "))
}
