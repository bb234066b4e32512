//! The world of a sandbox: its accounts, users and roles, from TOML.
//!
//! Promises a consistent world: every name fits AWS's grammar, no access key id is there twice. Trust policies are not
//! part of it yet. Errors name the table and never a secret.

mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rolecall_core::RoleArn;
use rolecall_core::arn::ArnError;

/// The accounts, users and roles of a sandbox.
///
/// ```toml
/// version = 1
/// seed = "any text"                        # same seed, same keys; optional
///
/// [account.123456789012]
/// partition = "aws"                        # the default
///
/// [account.123456789012.user.alice]
/// access_key_id = "SANDBOXKEYOFALICE"
/// secret_access_key = "not a secret"
///
/// [account.123456789012.role.Admin]
/// path = "/team/"                          # the default is "/"
/// max_session = "12h"                      # 1h to 12h; the default is "1h"
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) seed: String,
    /// By access key id.
    pub(crate) users: BTreeMap<String, User>,
    /// The longest session of each role.
    pub(crate) roles: BTreeMap<RoleArn, Duration>,
}

/// A user with a long-lived access key.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Such as `aws`.
    pub partition: String,
    /// 12 digits.
    pub account: String,
    /// The user's name.
    pub name: String,
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
}

/// Why a text does not describe a world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML, or a key that is unknown, missing or of another type.
    #[error("line {line} of the sandbox's configuration: {message}")]
    Toml {
        /// From 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// Written for another, probably newer, sandbox.
    #[error("the sandbox's configuration has version {0}, and this rolecall reads version 1; use a newer one")]
    Version(i64),
    /// A role, or the account that it is in, has an illegal name.
    #[error("[account.{account}.role.{role}] is not the role of an account: {problem}")]
    Role {
        /// The key of the account.
        account: String,
        /// The key of the role.
        role: String,
        /// What is wrong with the ARN that they make.
        problem: ArnError,
    },
    /// The longest session of a role is no duration, or out of bounds.
    #[error("max_session of {role} is {value:?}, but must be a whole number of seconds from \"1h\" to \"12h\"")]
    MaxSession {
        /// The role.
        role: RoleArn,
        /// As written.
        value: String,
    },
    /// A user, or the account that it is in, has an illegal name or key.
    #[error("[account.{account}.user.{user}]: {problem}")]
    User {
        /// The key of the account.
        account: String,
        /// The key of the user.
        user: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Two users have one access key id.
    #[error("the access key id {0:?} belongs to two users; give one of them another")]
    KeyTwice(String),
}

/// The text of the default world, to start a file of one's own with.
pub const DEFAULT_WORLD: &str = include_str!("config/default.toml");

impl Config {
    /// Reads a world.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        file::read(text)
    }

    /// The users, by access key id.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// The roles, by ARN.
    pub fn roles(&self) -> impl Iterator<Item = &RoleArn> {
        self.roles.keys()
    }
}

impl Default for Config {
    /// [`DEFAULT_WORLD`].
    fn default() -> Self {
        Self::from_toml(DEFAULT_WORLD).expect("the default world is tested to be readable")
    }
}

impl User {
    /// The ARN of the user.
    #[must_use]
    pub fn arn(&self) -> String {
        format!("arn:{}:iam::{}:user/{}", self.partition, self.account, self.name)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({}, {}, redacted)", self.arn(), self.access_key_id)
    }
}
