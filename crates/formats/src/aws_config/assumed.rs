//! Which profiles assume a role, what they say of it, and which are left out and why.
//!
//! Values stay the texts that they are: what is a legal ARN, external id or session name is for the caller's types to
//! say.

use super::walk::{self, text};
use super::{AwsConfig, Place, Profile};

/// The profiles that assume a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assumed {
    /// Those that can be kept. Each [`ProfileSource::Role`] among them names another of them.
    pub roles: Vec<AssumedProfile>,
    /// The others.
    pub left_out: Vec<LeftOut>,
}

/// A profile that assumes a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedProfile {
    /// The profile's name.
    pub name: String,
    /// Its header.
    pub at: Place,
    /// `role_arn`; never empty.
    pub role_arn: String,
    /// Whose credentials assume it.
    pub source: ProfileSource,
    /// `external_id`; none with a web identity, which STS takes without one.
    pub external_id: Option<String>,
    /// `role_session_name`, unless it is empty.
    pub role_session_name: Option<String>,
    /// `duration_seconds`; none if it is no number, or with a web identity: botocore passes it over then.
    pub duration_seconds: Option<u64>,
    /// `region`, of this profile alone.
    pub region: Option<String>,
    /// `sts_regional_endpoints`: `regional` or `legacy`.
    pub sts_regional_endpoints: Option<String>,
}

/// Whose credentials assume a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileSource {
    /// The session of another profile that assumes a role.
    Role(String),
    /// The credentials of a profile: keys, a command, a login. It may be the profile itself, with keys of its own.
    Profile(String),
    /// The environment variables of the process.
    Environment,
    /// The container's endpoint: ECS, Pod Identity.
    EcsContainer,
    /// The instance's role.
    Ec2InstanceMetadata,
    /// A token in a file.
    WebIdentity {
        /// The file's path, as it stands.
        token_file: String,
    },
}

/// A profile with a role that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}; {}", self.message(), .why.action())]
pub struct LeftOut {
    /// The profile's name.
    pub name: String,
    /// Its header.
    pub at: Place,
    /// The profiles from this one to the one that stands in the way, each the source of the one before.
    pub path: Vec<String>,
    /// Why.
    pub why: Why,
}

/// What stands in the way of the last profile of a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Somebody has to type a code.
    #[error("it has `mfa_serial`, and nobody is there to type the code")]
    Mfa,
    /// No role.
    #[error("its `role_arn` is missing or empty")]
    NoRoleArn,
    /// A web identity without a token.
    #[error("its `web_identity_token_file` is empty")]
    NoTokenFile,
    /// Two sources.
    #[error("it has both `source_profile` and `credential_source`")]
    TwoSources,
    /// No source.
    #[error("it has neither `source_profile` nor `credential_source`")]
    NoSource,
    /// A source that nobody knows.
    #[error("its `credential_source` is none of `Environment`, `EcsContainer` and `Ec2InstanceMetadata`")]
    UnknownSource,
    /// The last of the path is not in the files.
    #[error("there is no profile of that name")]
    Missing,
    /// The last of the path is in it before.
    #[error("the chain comes back to a profile that is in it already")]
    Loop,
    /// A source with nothing to assume a role with.
    #[error("it has no credentials: no keys, no `credential_process`, no login and no role")]
    NoCredentials,
    /// Keys are nested where a text must be.
    #[error("its `{0}` has keys nested in it")]
    Nested(&'static str),
}

impl LeftOut {
    /// Which profile, and why.
    #[must_use]
    pub fn message(&self) -> String {
        let Self { name, at, path, why } = self;
        format!("the profile {name:?} ({at}) is left out: {}{why}", walk::shown(path))
    }
}

impl Why {
    /// What to do about it.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::Mfa => "assume it by hand, or take MFA off its trust policy",
            Self::NoRoleArn => "write the ARN of the role",
            Self::NoTokenFile => "write the path of the token, or take the key out",
            Self::TwoSources => "take one of them out",
            Self::NoSource => "write one of them",
            Self::UnknownSource => "write one of them as it stands here",
            Self::Missing => "add it, or correct `source_profile`",
            Self::Loop => "give one of them another source",
            Self::NoCredentials => "add them",
            Self::Nested(_) => "write the value in the line of its key",
        }
    }

    /// Whether the files are wrong; if not, the profile is merely nothing that can be kept.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        !matches!(self, Self::Mfa)
    }
}

impl AwsConfig {
    /// Every profile with a role, sorted into those that can be kept and the others, each in the order of
    /// [`profiles`](Self::profiles).
    #[must_use]
    pub fn assumed(&self) -> Assumed {
        let mut assumed = Assumed::default();
        for profile in self.profiles.iter().filter(|profile| walk::has_role(profile)) {
            let mut path = vec![profile];
            match walk::source(self, &mut path) {
                Ok(source) => assumed.roles.push(role(profile, source)),
                Err(stop) => {
                    let mut path: Vec<String> = path.iter().map(|profile| profile.name.clone()).collect();
                    path.extend(stop.next);
                    let (name, at, why) = (profile.name.clone(), profile.at, stop.why);
                    assumed.left_out.push(LeftOut { name, at, path, why });
                }
            }
        }
        assumed
    }
}

fn role(profile: &Profile, source: ProfileSource) -> AssumedProfile {
    // Where keys are nested in a value that a call needs, the walk has stopped.
    let value = |key| text(profile, key).ok().flatten();
    let owned = |key| value(key).map(str::to_owned);
    let web_identity = matches!(source, ProfileSource::WebIdentity { .. });
    AssumedProfile {
        name: profile.name.clone(),
        at: profile.at,
        role_arn: owned("role_arn").unwrap_or_default(),
        external_id: owned("external_id").filter(|_| !web_identity),
        role_session_name: owned("role_session_name").filter(|name| !name.is_empty()),
        duration_seconds: value("duration_seconds").and_then(seconds).filter(|_| !web_identity),
        region: owned("region"),
        sts_regional_endpoints: owned("sts_regional_endpoints"),
        source,
    }
}

/// A whole number of seconds. Python's `int` takes signs, blanks, underscores and other digits, too: AWS never has
/// them.
pub(super) fn seconds(value: &str) -> Option<u64> {
    Some(value).filter(|value| value.bytes().all(|b| b.is_ascii_digit())).and_then(|value| value.parse().ok())
}
