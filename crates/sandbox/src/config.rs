//! The world of a sandbox: its accounts, users and roles, from TOML.
//!
//! Promises a consistent world: every name fits AWS's grammar, no access key id is there twice, the identity providers
//! that roles name are there. Errors name the table and never a secret.

mod file;
mod identity;
mod instance;
mod role;
#[cfg(test)]
mod tests;
mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use rolecall_core::arn::ArnError;
use rolecall_core::{Region, RoleArn};

use crate::identity::{Caller, Holder};
use crate::mint::Mint;
use crate::policy::Policy;
use crate::session::Carried;
use crate::trust::{Request, lacks};

/// For whom the tokens of a provider are when nobody says; what EKS and all AWS documents use.
pub(crate) const AUDIENCE: &str = "sts.amazonaws.com";

/// The accounts, users, roles and identity providers of a sandbox.
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
/// secret_access_key = "not-a-secret"
/// tags = { team = "blue" }                 # aws:PrincipalTag/team; roles can have tags, too
/// # What the user may do, as identity policies; roles can have them, too. The default is everything.
/// policies = ['''{"Version": "2012-10-17", "Statement": {
///   "Effect": "Allow", "Action": ["sts:*", "iam:GetRole"], "Resource": "arn:aws:iam::*:role/team/*"}}''']
///
/// [account.123456789012.role.Admin]
/// path = "/team/"                          # the default is "/"
/// max_session = "12h"                      # 1h to 12h; the default is "1h"
/// trusts = ["arn:aws:iam::123456789012:user/alice"]   # the default is everybody
/// external_id = "handshake"                # what AssumeRole must say; the default is nothing
///
/// [account.123456789012.role.Admin.web_identity]      # AssumeRoleWithWebIdentity; the default is nobody
/// issuer = "https://oidc.example.com/prod" # one of this account
/// sub = "system:serviceaccount:prod:*"     # `*` and `?` as in StringLike
/// aud = "sts.amazonaws.com"                # the default is each of the issuer's audiences
///
/// [account.123456789012.role.Written]      # a trust policy in the place of the short forms
/// trust_policy = '''{"Version": "2012-10-17", "Statement": {
///   "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
///   "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
///   "Condition": {"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}}}'''
///
/// [account.123456789012.issuer."https://oidc.example.com/prod"]
/// audiences = ["sts.amazonaws.com"]        # the default
/// jwks = '''{"keys": []}'''                # its public keys; the default is that the sandbox plays this provider
///
/// [instance]                               # whose metadata is served; the default is none
/// role = "arn:aws:iam::123456789012:role/team/Admin"
/// region = "us-east-1"                     # the default
/// ```
///
/// `trusts`, `external_id` and `web_identity` stand for a trust policy that allows `sts:AssumeRole`, `sts:TagSession` and
/// `sts:SetSourceIdentity`, and `sts:AssumeRoleWithWebIdentity`. A user or role without `policies` may do everything that
/// others let it do; with an empty list it has no policy, and may do what a trust policy of its own account lets it do by
/// name. Permissions boundaries, service control policies and the effect of session policies are left out.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) seed: String,
    /// By access key id.
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) roles: BTreeMap<RoleArn, Role>,
    /// By account, then by URL.
    pub(crate) issuers: BTreeMap<String, BTreeMap<String, Issuer>>,
    /// Whose metadata is served.
    pub(crate) instance: Option<Instance>,
}

/// An instance (EC2).
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    /// The role of its instance profile; one of the world's.
    pub(crate) role: RoleArn,
    /// Where it runs.
    pub(crate) region: Region,
}

/// A role, and who may have a session of it.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// The longest session.
    pub(crate) max_session: Duration,
    /// Who may assume it.
    pub(crate) trust: Policy,
    /// What its sessions may do; none: everything.
    pub(crate) policies: Option<Vec<Policy>>,
    /// The principal tags of its sessions.
    pub(crate) tags: BTreeMap<String, String>,
    /// Whose tokens open it, when the short form says so; the trust policy says it, too.
    pub(crate) web_identity: Option<WebIdentity>,
}

/// The web identities that a role takes.
#[derive(Clone, Debug)]
pub(crate) struct WebIdentity {
    /// The URL of an issuer of the role's account.
    pub(crate) issuer: String,
    /// A pattern of the subject.
    pub(crate) sub: String,
    /// The audience; none: any of the issuer's.
    pub(crate) aud: Option<String>,
}

/// An identity provider of an account.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    /// For whom its tokens may be; one at least.
    pub(crate) audiences: Vec<String>,
    /// Its public keys; none: the sandbox plays this provider, with its own key.
    pub(crate) keys: Option<JwkSet>,
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
    /// What it may do; none: everything.
    pub(crate) policies: Option<Vec<Policy>>,
    /// Its principal tags.
    pub(crate) tags: BTreeMap<String, String>,
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
        problem: String,
    },
    /// What a role says of those whom it trusts, or of what it may do, has no meaning.
    #[error("{role}: {problem}")]
    Trust {
        /// The role.
        role: RoleArn,
        /// What is wrong.
        problem: String,
    },
    /// An identity provider is none, or its keys cannot be read.
    #[error("[account.{account}.issuer.{issuer:?}]: {problem}")]
    Issuer {
        /// The key of the account.
        account: String,
        /// The key of the issuer.
        issuer: String,
        /// What is wrong.
        problem: String,
    },
    /// The instance has no role that is there, or no Region.
    #[error("[instance]: {0}")]
    Instance(String),
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

    /// The roles that `user` may assume without saying more than their ARN, by ARN.
    pub fn roles_open_to(&self, user: &User) -> impl Iterator<Item = &RoleArn> {
        let caller = Caller::user(user, &Mint::new(&self.seed));
        let opens = move |(arn, role): &(&RoleArn, &Role)| {
            let (asked, granted) = (&Carried::default(), &Carried::default());
            let request = Request { now: None, session_name: None, external_id: None, asked, granted };
            lacks(self, &caller, arn, &role.trust, request).is_none()
        };
        self.roles.iter().filter(opens).map(|(arn, _)| arn)
    }

    /// The roles that say with `web_identity` that tokens of an identity provider open them which the sandbox plays, each
    /// with the pattern of their subjects; by ARN.
    pub fn roles_open_to_tokens(&self) -> impl Iterator<Item = (&RoleArn, &str)> {
        self.roles.iter().filter_map(|(arn, role)| {
            let WebIdentity { issuer, sub, .. } = role.web_identity.as_ref()?;
            self.issuer(arn.account(), issuer)?.keys.is_none().then_some((arn, sub.as_str()))
        })
    }

    /// The URLs of the identity providers that the sandbox plays, whose tokens it can make. In order, each once.
    pub fn played_issuers(&self) -> impl Iterator<Item = &str> {
        self.played().map(|(url, _)| url).collect::<BTreeSet<_>>().into_iter()
    }

    /// The audience of a token of a provider that the sandbox plays when nobody says another; none when it plays none of
    /// that URL.
    pub(crate) fn default_audience(&self, issuer: &str) -> Option<&str> {
        let (_, issuer) = self.played().find(|(url, _)| *url == issuer)?;
        issuer.audiences.first().map(String::as_str)
    }

    /// The policies of a caller; none when it may do everything.
    pub(crate) fn policies_of(&self, caller: &Caller) -> Option<&[Policy]> {
        match &caller.holder {
            Holder::User { access_key_id, .. } => self.users.get(access_key_id)?.policies.as_deref(),
            Holder::Session { role, .. } => self.roles.get(role)?.policies.as_deref(),
        }
    }

    /// The tags of a caller's user or role.
    pub(crate) fn tags_of(&self, caller: &Caller) -> impl Iterator<Item = (&String, &String)> {
        let tags = match &caller.holder {
            Holder::User { access_key_id, .. } => self.users.get(access_key_id).map(|user| &user.tags),
            Holder::Session { role, .. } => self.roles.get(role).map(|role| &role.tags),
        };
        tags.into_iter().flatten()
    }

    /// A provider of an account.
    pub(crate) fn issuer(&self, account: &str, url: &str) -> Option<&Issuer> {
        self.issuers.get(account)?.get(url)
    }

    fn played(&self) -> impl Iterator<Item = (&str, &Issuer)> {
        let all = self.issuers.values().flatten().map(|(url, issuer)| (url.as_str(), issuer));
        all.filter(|(_, issuer)| issuer.keys.is_none())
    }
}

impl Issuer {
    /// The first of the audiences of a token that this provider serves.
    pub(crate) fn known_audience(&self, audiences: Vec<String>) -> Option<String> {
        audiences.into_iter().find(|audience| self.audiences.contains(audience))
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
