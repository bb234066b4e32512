//! An AWS config with which the SDKs in a pod, a container or on an instance assume the roles themselves; no secret is
//! in it.
//!
//! What is written reads back through [`aws_config`](crate::aws_config) as the same profiles, and is read alike by
//! every AWS SDK: no name, ARN or path can open a second section. What a role has and an AWS config cannot say comes
//! back as [`Unsaid`], one for each role and thing. Whether the roles may be assumed at all is not looked at.
//!
//! Keys: [AWS](https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html).

use std::time::Duration;

use rolecall_core::role::DEFAULT_DURATION;
use rolecall_core::source::Provider;
use rolecall_core::{Alias, ExternalId, Region, RoleArn, SessionName};

use crate::ini;

mod check;
mod token_file;

pub use check::ChainError;
pub use token_file::{TokenFile, TokenFileError};

/// The profile of programs that are told of none.
const DEFAULT: &str = "default";

/// The longest session that STS gives to who is in a role already.
const CHAINED: Duration = Duration::from_secs(3600);

/// Whose credentials the SDKs begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A pod's service account (IRSA). The role becomes the profile `default`.
    WebIdentity {
        /// The role that the token assumes.
        role: RoleArn,
        /// Where the token is.
        token_file: TokenFile,
    },
    /// The container's endpoint: Pod Identity, ECS.
    Container,
    /// The instance's role.
    Instance,
    /// Environment variables.
    Environment,
}

/// Whose credentials assume a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The base's.
    Base,
    /// One provider's.
    Provider(Provider),
    /// Another role's.
    Role(Alias),
    /// A token in a file.
    WebIdentity(TokenFile),
}

/// A role as its profile will have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chained {
    /// The profile's name.
    pub alias: Alias,
    /// The role.
    pub arn: RoleArn,
    /// Who assumes it.
    pub origin: Origin,
    /// Its Region.
    pub region: Option<Region>,
    /// What the role's trust policy may ask for.
    pub external_id: Option<ExternalId>,
    /// The session's name; without one every SDK makes its own.
    pub session_name: Option<SessionName>,
    /// How long a session is to last.
    pub duration: Duration,
    /// Whether it has a session policy.
    pub session_policy: bool,
    /// Whether it has session tags.
    pub tags: bool,
    /// Whether it has a source identity.
    pub source_identity: bool,
}

/// An AWS config, and what it could not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text of the file: visible ASCII characters, spaces and `\n`.
    pub text: String,
    /// In the order of the roles.
    pub unsaid: Vec<Unsaid>,
}

/// What an AWS config does not say of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{alias}: {what}")]
pub struct Unsaid {
    /// The role.
    pub alias: Alias,
    /// What.
    pub what: Beyond,
}

/// What an AWS config has no key for, or not for every role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Beyond {
    /// `Policy` and `PolicyArns`.
    #[error("an AWS config has no key for its session policy, so its sessions may do all that the role may")]
    SessionPolicy,
    /// `Tags` and `TransitiveTagKeys`.
    #[error("an AWS config has no key for its session tags, so its sessions have none")]
    Tags,
    /// `SourceIdentity`.
    #[error("an AWS config has no key for its source identity, so its sessions have none")]
    SourceIdentity,
    /// A web identity takes none.
    #[error("its external id is left out: STS takes none with a web identity")]
    ExternalId,
    /// The SDKs pass it over.
    #[error("its duration is left out: with a web identity the AWS CLI and boto3 pass it over, and it is an hour")]
    TokenDuration,
    /// More than an hour.
    #[error("its duration is an hour: STS gives no more to who is in a role already")]
    Hour,
}

/// The config file for `roles`, in their order; that of a web identity's base begins with `[default]`.
///
/// # Errors
/// Two roles of one name, a role with that of the base, a source that is none of them, or a chain that comes back to where it began.
pub fn config(base: &Base, roles: &[Chained]) -> Result<Rendered, ChainError> {
    check::check(roles)?;
    if matches!(base, Base::WebIdentity { .. }) && roles.iter().any(|role| role.alias.as_str() == DEFAULT) {
        return Err(ChainError::Default);
    }
    let mut text = String::new();
    if let Base::WebIdentity { role, token_file } = base {
        ini::header(&mut text, DEFAULT);
        ini::key(&mut text, "role_arn", &role.to_string());
        ini::key(&mut text, "web_identity_token_file", token_file.as_str());
    }
    let mut unsaid = Vec::new();
    for role in roles {
        if !text.is_empty() {
            text.push('\n');
        }
        section(&mut text, base, role);
        unsaid.extend(beyond(base, role).map(|what| Unsaid { alias: role.alias.clone(), what }));
    }
    Ok(Rendered { text, unsaid })
}

fn section(text: &mut String, base: &Base, role: &Chained) {
    match role.alias.as_str() {
        DEFAULT => ini::header(text, DEFAULT),
        alias => ini::header(text, &format!("profile {alias}")),
    }
    let mut key = |name, value: &str| ini::key(text, name, value);
    key("role_arn", &role.arn.to_string());
    match (&role.origin, base) {
        (Origin::WebIdentity(token_file), _) => key("web_identity_token_file", token_file.as_str()),
        (Origin::Role(alias), _) => key("source_profile", alias.as_str()),
        (Origin::Provider(provider), _) => key("credential_source", provider.credential_source()),
        (Origin::Base, Base::WebIdentity { .. }) => key("source_profile", DEFAULT),
        (Origin::Base, Base::Container) => key("credential_source", Provider::Container.credential_source()),
        (Origin::Base, Base::Instance) => key("credential_source", Provider::Instance.credential_source()),
        (Origin::Base, Base::Environment) => key("credential_source", Provider::Environment.credential_source()),
    }
    let by_token = matches!(role.origin, Origin::WebIdentity(_));
    if let Some(id) = role.external_id.as_ref().filter(|_| !by_token) {
        key("external_id", id.as_str());
    }
    if let Some(name) = &role.session_name {
        key("role_session_name", name.as_str());
    }
    let duration = if is_chained(base, role) { role.duration.min(CHAINED) } else { role.duration };
    if duration != DEFAULT_DURATION && !by_token {
        key("duration_seconds", &duration.as_secs().to_string());
    }
    if let Some(region) = &role.region {
        key("region", region.as_str());
    }
}

/// Whether who assumes the role is in a role. Keys in the environment may be a user's.
fn is_chained(base: &Base, role: &Chained) -> bool {
    match role.origin {
        Origin::Base => *base != Base::Environment,
        Origin::Provider(provider) => provider != Provider::Environment,
        Origin::Role(_) => true,
        Origin::WebIdentity(_) => false,
    }
}

fn beyond(base: &Base, role: &Chained) -> impl Iterator<Item = Beyond> {
    let by_token = matches!(role.origin, Origin::WebIdentity(_));
    let found = [
        (role.session_policy, Beyond::SessionPolicy),
        (role.tags, Beyond::Tags),
        (role.source_identity, Beyond::SourceIdentity),
        (by_token && role.external_id.is_some(), Beyond::ExternalId),
        (by_token && role.duration != DEFAULT_DURATION, Beyond::TokenDuration),
        (is_chained(base, role) && role.duration > CHAINED, Beyond::Hour),
    ];
    found.into_iter().filter_map(|(is, what)| is.then_some(what))
}

#[cfg(test)]
mod tests;
