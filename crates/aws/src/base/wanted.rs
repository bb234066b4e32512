//! Whose credentials a load is for: those of the whole default chain, or of one part of it.
//!
//! A part is the chain in an environment that leads nowhere else, so that each part is found as the chain finds it.

use rolecall_core::Source;
use rolecall_core::source::{ProfileName, Provider};

use crate::environment::Environment;

/// The variables of keys, which the chain takes before all else; the SDK for Rust knows two of the secret.
const KEYS: [&str; 4] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
const WEB_IDENTITY: [&str; 2] = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"];
const CONTAINER: [&str; 2] = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
const PROFILE: &str = "AWS_PROFILE";
const NO_INSTANCE: &str = "AWS_EC2_METADATA_DISABLED";

/// Whose credentials are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    /// Those of the default chain.
    Chain,
    /// Those of one provider.
    Provider(Provider),
    /// Those of a profile.
    Profile(ProfileName),
    /// Nobody's: the settings alone, for a call that is signed with something else, or not at all.
    Nobody,
}

impl Wanted {
    /// What a role of this source is assumed with.
    pub(crate) fn by(source: &Source) -> Self {
        match source {
            Source::Base => Self::Chain,
            Source::Provider(provider) => Self::Provider(*provider),
            Source::Profile(name) => Self::Profile(name.clone()),
            Source::WebIdentity(_) | Source::Role(_) => Self::Nobody,
        }
    }

    /// The environment in which the chain finds these credentials and no others.
    pub(super) fn environment(&self, whole: &Environment) -> Environment {
        let without = |groups: &[&[&str]]| whole.without(&groups.concat());
        match self {
            Self::Chain | Self::Nobody => whole.clone(),
            Self::Profile(name) => {
                let only = without(&[&KEYS, &WEB_IDENTITY, &CONTAINER, &[PROFILE, NO_INSTANCE]]);
                only.with(PROFILE, name.as_str()).with(NO_INSTANCE, "true")
            }
            Self::Provider(Provider::Environment) => {
                without(&[&WEB_IDENTITY, &CONTAINER, &[NO_INSTANCE]]).with(NO_INSTANCE, "true")
            }
            Self::Provider(Provider::Container) => {
                without(&[&KEYS, &WEB_IDENTITY, &[NO_INSTANCE]]).with(NO_INSTANCE, "true")
            }
            Self::Provider(Provider::Instance) => without(&[&KEYS, &WEB_IDENTITY, &CONTAINER]),
        }
    }

    /// The same, for whoever looks for credentials and not for settings: no profile counts then.
    pub(super) fn apart_from_profiles(&self, environment: &Environment) -> Option<Environment> {
        matches!(self, Self::Provider(_)).then(|| environment.without(&[PROFILE]))
    }
}
