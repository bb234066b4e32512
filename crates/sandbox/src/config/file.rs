//! Reads the TOML of a [`Config`].

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use rolecall_core::RoleArn;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Config, ConfigError, User};
use crate::mint::SESSION_KEY_PREFIX;

/// The bounds of a role's `MaxSessionDuration`
/// ([CreateRole](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html)).
const MAX_SESSION: std::ops::RangeInclusive<Duration> = Duration::from_secs(3600)..=Duration::from_secs(43_200);

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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserTable {
    access_key_id: String,
    secret_access_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleTable {
    #[serde(default = "slash")]
    path: String,
    #[serde(default = "an_hour")]
    max_session: String,
}

fn aws() -> String {
    "aws".into()
}

fn slash() -> String {
    "/".into()
}

fn an_hour() -> String {
    "1h".into()
}

pub(super) fn read(text: &str) -> Result<Config, ConfigError> {
    let Version { version } = parse(text)?;
    if version != 1 {
        return Err(ConfigError::Version(version));
    }
    let file: File = parse(text)?;
    let mut config = Config { seed: file.seed, users: BTreeMap::new(), roles: BTreeMap::new() };
    for (account, Account { partition, user, role }) in file.account {
        for (name, table) in role {
            let (arn, max_session) = read_role(&partition, &account, &name, &table)?;
            config.roles.insert(arn, max_session);
        }
        for (name, table) in user {
            let user = read_user(&partition, &account, &name, table)?;
            if let Some(other) = config.users.insert(user.access_key_id.clone(), user) {
                return Err(ConfigError::KeyTwice(other.access_key_id));
            }
        }
    }
    Ok(config)
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        // Not the whole error: it would show the line, and with it a secret.
        ConfigError::Toml { line: before.matches('\n').count() + 1, message: error.message().into() }
    })
}

fn read_role(
    partition: &str,
    account: &str,
    name: &str,
    table: &RoleTable,
) -> Result<(RoleArn, Duration), ConfigError> {
    let RoleTable { path, max_session } = table;
    let arn: RoleArn = format!("arn:{partition}:iam::{account}:role{path}{name}")
        .parse()
        .map_err(|problem| ConfigError::Role { account: account.into(), role: name.into(), problem })?;
    let seconds = max_session.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    match seconds {
        Some(duration) if MAX_SESSION.contains(&duration) && duration.subsec_nanos() == 0 => Ok((arn, duration)),
        _ => Err(ConfigError::MaxSession { role: arn, value: max_session.clone() }),
    }
}

fn read_user(partition: &str, account: &str, name: &str, table: UserTable) -> Result<User, ConfigError> {
    let UserTable { access_key_id, secret_access_key } = table;
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
        });
    };
    Err(ConfigError::User { account: account.into(), user: name.into(), problem })
}
