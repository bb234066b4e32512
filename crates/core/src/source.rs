//! Where a role is assumed from.
//!
//! Promises that a [`Source`] is whole: one that is another role holds that role with its own source, up to the first of the
//! chain. So a chain without a loop is all that can be built; how names become chains is in [`crate::chain`].

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::role::{Role, RoleKey};
use crate::{Alias, alias::AliasError};

/// Where a role is assumed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The credentials that the default AWS chain gives this process.
    Base,
    /// The one provider of that chain.
    Provider(Provider),
    /// A profile of the user's AWS files.
    Profile(ProfileName),
    /// The web identity token in this file, which is read again at each exchange.
    WebIdentity(TokenFile),
    /// The session of another role.
    Role(Parent),
}

/// A provider of credentials, as `credential_source` names them
/// ([assume role settings](https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// `Environment`: the variables of this process.
    Environment,
    /// `EcsContainer`: the container credentials endpoint, of ECS or EKS Pod Identity.
    Container,
    /// `Ec2InstanceMetadata`: the role of the EC2 instance.
    Instance,
}

/// The name of a profile: one line, not empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileName(String);

/// The path of a file with a web identity token: absolute, one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenFile(String);

/// The role that another one is assumed from.
#[derive(Clone)]
pub struct Parent {
    role: Arc<Role>,
    key: RoleKey,
}

/// A source as it is written in settings: another role is named and not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceName {
    /// `base`.
    #[default]
    Base,
    /// `environment`, `container` or `instance`.
    Provider(Provider),
    /// `profile:<name>`.
    Profile(ProfileName),
    /// `web-identity:<path>`.
    WebIdentity(TokenFile),
    /// `role:<alias>`.
    Role(Alias),
}

/// The text names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// None of the forms.
    #[error(
        "{0:?} is no source: `base`, `role:<alias>`, `profile:<name>`, `web-identity:<path>`, `environment`, `container` or \
         `instance`"
    )]
    Form(String),
    /// No alias behind `role:`.
    #[error("{0}")]
    Alias(#[from] AliasError),
    /// No name behind `profile:`.
    #[error("{0:?} is not the name of a profile: it is empty, or has a line break or another control character")]
    Profile(String),
    /// No absolute path behind `web-identity:`.
    #[error("{0:?} is not the absolute path of a token file")]
    TokenFile(String),
}

impl Provider {
    /// The provider as settings name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Container => "container",
            Self::Instance => "instance",
        }
    }

    /// The provider as `credential_source` names it.
    #[must_use]
    pub fn credential_source(self) -> &'static str {
        match self {
            Self::Environment => "Environment",
            Self::Container => "EcsContainer",
            Self::Instance => "Ec2InstanceMetadata",
        }
    }

    /// All of them.
    pub const ALL: [Self; 3] = [Self::Environment, Self::Container, Self::Instance];
}

impl ProfileName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProfileName {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let is_name = !text.trim().is_empty() && !text.contains(char::is_control);
        if is_name { Ok(Self(text.into())) } else { Err(SourceError::Profile(text.into())) }
    }
}

impl TokenFile {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenFile {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let is_path = text.starts_with('/') && !text.contains(char::is_control);
        if is_path { Ok(Self(text.into())) } else { Err(SourceError::TokenFile(text.into())) }
    }
}

impl Parent {
    /// This role as the parent of another.
    #[must_use]
    pub fn new(role: Arc<Role>) -> Self {
        let key = role.key();
        Self { role, key }
    }

    /// The role.
    #[must_use]
    pub fn role(&self) -> &Arc<Role> {
        &self.role
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> RoleKey {
        self.key
    }
}

impl fmt::Debug for Parent {
    /// Without all that is before it: a chain would be told once for each of its roles.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.role.alias, self.key)
    }
}

impl PartialEq for Parent {
    /// By what decides: its name, and what STS would answer.
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.role.alias == other.role.alias
    }
}

impl Eq for Parent {}

impl Source {
    /// The role that has to be assumed first, if one has.
    #[must_use]
    pub fn parent(&self) -> Option<&Arc<Role>> {
        match self {
            Self::Role(parent) => Some(&parent.role),
            Self::Base | Self::Provider(_) | Self::Profile(_) | Self::WebIdentity(_) => None,
        }
    }

    /// The source as settings name it.
    #[must_use]
    pub fn name(&self) -> SourceName {
        match self {
            Self::Base => SourceName::Base,
            Self::Provider(provider) => SourceName::Provider(*provider),
            Self::Profile(name) => SourceName::Profile(name.clone()),
            Self::WebIdentity(file) => SourceName::WebIdentity(file.clone()),
            Self::Role(parent) => SourceName::Role(parent.role.alias.clone()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.pad("base"),
            Self::Provider(provider) => f.pad(provider.as_str()),
            Self::Profile(ProfileName(name)) => f.pad(&format!("profile:{name}")),
            Self::WebIdentity(TokenFile(path)) => f.pad(&format!("web-identity:{path}")),
            Self::Role(alias) => f.pad(&format!("role:{alias}")),
        }
    }
}

impl FromStr for SourceName {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        if text == "base" {
            return Ok(Self::Base);
        }
        if let Some(provider) = Provider::ALL.into_iter().find(|provider| provider.as_str() == text) {
            return Ok(Self::Provider(provider));
        }
        match text.split_once(':') {
            Some(("role", alias)) => Ok(Self::Role(Alias::of_profile(alias)?)),
            Some(("profile", name)) => name.parse().map(Self::Profile),
            Some(("web-identity", path)) => path.parse().map(Self::WebIdentity),
            _ => Err(SourceError::Form(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_survives_the_round_trip() {
        for text in [
            "base",
            "environment",
            "container",
            "instance",
            "role:a",
            "role:default",
            "profile:my prod",
            "web-identity:/t",
        ] {
            assert_eq!(text.parse::<SourceName>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_source_is_told_by_what_is_wrong_with_it() {
        for text in ["", "Base", "role", "file:/x"] {
            assert_eq!(text.parse::<SourceName>(), Err(SourceError::Form(text.into())), "{text:?}");
        }
        assert!(matches!("role:a b".parse::<SourceName>(), Err(SourceError::Alias(_))));
        for name in ["", " ", "a\nb"] {
            assert_eq!(format!("profile:{name}").parse::<SourceName>(), Err(SourceError::Profile(name.into())));
        }
        for path in ["", "token", "/a\nb"] {
            assert_eq!(format!("web-identity:{path}").parse::<SourceName>(), Err(SourceError::TokenFile(path.into())));
        }
    }
}
