//! Reads the TOML of a [`Config`].

use std::collections::BTreeMap;

use rolecall_core::RoleArn;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::instance::InstanceTable;
use super::role::RoleTable;
use super::{AUDIENCE, Config, ConfigError, Issuer, User, identity};
use crate::mint::SESSION_KEY_PREFIX;

/// Read first, so that a newer file is called newer, not wrong.
#[derive(Deserialize)]
struct Version {
    version: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "version")]
    _version: i64,
    #[serde(default)]
    seed: String,
    #[serde(default)]
    account: BTreeMap<String, Account>,
    instance: Option<InstanceTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    #[serde(default = "aws")]
    partition: String,
    #[serde(default)]
    user: BTreeMap<String, UserTable>,
    #[serde(default)]
    role: BTreeMap<String, RoleTable>,
    #[serde(default)]
    issuer: BTreeMap<String, IssuerTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssuerTable {
    #[serde(default = "sts")]
    audiences: Vec<String>,
    jwks: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserTable {
    access_key_id: String,
    secret_access_key: String,
    policies: Option<Vec<String>>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

fn aws() -> String {
    "aws".into()
}

fn sts() -> Vec<String> {
    vec![AUDIENCE.into()]
}

pub(super) fn read(text: &str) -> Result<Config, ConfigError> {
    let Version { version } = parse(text)?;
    if version != 1 {
        return Err(ConfigError::Version(version));
    }
    let file: File = parse(text)?;
    let mut config = Config {
        seed: file.seed,
        users: BTreeMap::new(),
        roles: BTreeMap::new(),
        issuers: BTreeMap::new(),
        instance: None,
    };
    for (account, Account { partition, user, role, issuer }) in file.account {
        let mut issuers = BTreeMap::new();
        for (url, table) in issuer {
            let read = read_issuer(&url, table);
            let read =
                read.map_err(|problem| ConfigError::Issuer { account: account.clone(), issuer: url.clone(), problem })?;
            issuers.insert(url, read);
        }
        for (name, table) in role {
            let (arn, role) = table.read(&partition, &account, &name, &issuers)?;
            config.roles.insert(arn, role);
        }
        config.issuers.insert(account.clone(), issuers);
        for (name, table) in user {
            let user = read_user(&partition, &account, &name, table)?;
            if let Some(other) = config.users.insert(user.access_key_id.clone(), user) {
                return Err(ConfigError::KeyTwice(other.access_key_id));
            }
        }
    }
    config.instance = file.instance.map(|table| table.read(&config.roles)).transpose()?;
    Ok(config)
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        // Not the whole error: it would show the line, and with it a secret.
        ConfigError::Toml { line: before.matches('\n').count() + 1, message: error.message().into() }
    })
}

fn read_issuer(url: &str, table: IssuerTable) -> Result<Issuer, String> {
    let IssuerTable { audiences, jwks } = table;
    if !url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic()))
    {
        return Err("the issuer of tokens is an https:// URL".into());
    }
    if audiences.is_empty() {
        return Err("audiences must name one or more".into());
    }
    let keys = jwks.map(|text| serde_json::from_str(&text)).transpose();
    let keys = keys.map_err(|error| format!("jwks is not a JSON Web Key Set: {error}"))?;
    Ok(Issuer { audiences, keys })
}

fn read_user(partition: &str, account: &str, name: &str, table: UserTable) -> Result<User, ConfigError> {
    let UserTable { access_key_id, secret_access_key, policies, tags } = table;
    let wrong = |problem: String| ConfigError::User { account: account.into(), user: name.into(), problem };
    let policies = identity::policies(policies).map_err(wrong)?;
    identity::check_tags(&tags).map_err(wrong)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let problem = if format!("arn:{partition}:iam::{account}:role/any").parse::<RoleArn>().is_err() {
        "the account is not 12 digits in a partition such as `aws`"
    } else if !(1..=64).contains(&name.len()) || !name.chars().all(is_name) {
        "the name of a user is 1 to 64 letters, digits or `+=,.@_-`"
    } else if !(16..=128).contains(&access_key_id.len()) || !access_key_id.chars().all(is_key) {
        "access_key_id must be 16 to 128 letters, digits or `_`"
    } else if access_key_id.starts_with(SESSION_KEY_PREFIX) {
        "access_key_id must not begin as those of the sandbox's sessions do"
    } else if secret_access_key.is_empty() || !secret_access_key.chars().all(|c| c.is_ascii_graphic()) {
        "secret_access_key must be one or more visible ASCII characters"
    } else {
        return Ok(User {
            partition: partition.into(),
            account: account.into(),
            name: name.into(),
            access_key_id,
            secret_access_key,
            policies,
            tags,
        });
    };
    Err(wrong(problem.into()))
}
