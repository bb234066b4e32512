//! `roles.json` in the state directory: what an agent was told, without a secret, for commands that run when no agent
//! does.
//!
//! Written whole by each agent at its start. Readers ignore fields that they do not know and refuse a later version by
//! name. Times are in seconds, paths absolute.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rolecall_core::chain::{self, ChainError};
use rolecall_core::rotation::Lead;
use rolecall_core::source::SourceName;
use rolecall_core::{Alias, Role, SessionPolicy, SessionTags, Source};
use serde::{Deserialize, Serialize};

use crate::publish::files::{self, Access, FileError};
use crate::settings::AgentSettings;
use crate::settings::group::Group;

/// The version that is written.
pub const VERSION: u32 = 1;
/// The name of the file in the state directory.
pub(crate) const FILE: &str = "roles.json";
/// Who wrote it: tells our file from one that happens to have the name.
const WRITTEN_BY: &str = "rolecall";

/// What an agent was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions {
    /// The roles, in the order in which they are shown.
    pub roles: Vec<Role>,
    /// The role that the profile `default` is for.
    pub default: Option<Alias>,
    /// Whether sessions may be kept in the store.
    pub store: bool,
    /// How long before its end a session is refreshed.
    pub refresh_before: Lead,
    /// The profile that the base credentials come from: the agent's `AWS_PROFILE`.
    pub base_profile: Option<String>,
    /// The user's AWS config file.
    pub config_file: PathBuf,
    /// The user's AWS credentials file.
    pub credentials_file: PathBuf,
    /// The group that the state directory is shared with.
    pub socket_group: Option<Group>,
}

/// Why there are no definitions, although there is a file.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionsError {
    /// It could not be read.
    #[error("{0}; make it readable for this user")]
    Unreadable(FileError),
    /// A later rolecall wrote it.
    #[error(
        "read {path}: it has version {version}, and this rolecall knows up to {VERSION}; use the version of rolecall that \
         the agent had",
        path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// It is not what an agent writes.
    #[error("read {path}: {what}; start the agent once more, which writes it anew", path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// The file as it is spelt.
#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    written_by: String,
    default: Option<String>,
    store: bool,
    refresh_before: String,
    base_profile: Option<String>,
    config_file: PathBuf,
    credentials_file: PathBuf,
    #[serde(default)]
    socket_group: Option<u32>,
    roles: Vec<RoleDocument>,
}

#[derive(Serialize, Deserialize)]
struct RoleDocument {
    alias: String,
    name: String,
    arn: String,
    region: Option<String>,
    source: String,
    duration_seconds: u64,
    session_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transitive_tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_identity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    policy_arns: Vec<String>,
}

impl Definitions {
    /// What these settings define.
    #[must_use]
    pub fn of(settings: &AgentSettings) -> Self {
        Self {
            roles: settings.roles.clone(),
            default: settings.default.clone(),
            store: settings.store,
            refresh_before: settings.policy.refresh_before,
            base_profile: settings.base_profile.clone(),
            config_file: absolute(&settings.config_file),
            credentials_file: absolute(&settings.credentials_file),
            socket_group: settings.socket_group,
        }
    }

    /// What the newest agent of this state directory was told; none when there was none.
    ///
    /// # Errors
    /// When the file cannot be read, has a later version or is broken.
    pub fn read(state_dir: &Path) -> Result<Option<Self>, DefinitionsError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let path = state_dir.join(FILE);
        let text = files::read(&path).map_err(DefinitionsError::Unreadable)?;
        if text.is_empty() {
            return Ok(None);
        }
        let broken = |what: String| DefinitionsError::Broken { path: path.clone(), what };
        let Versioned { version } = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        if version > VERSION {
            return Err(DefinitionsError::Newer { path, version });
        }
        let document: Document = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        document.read().map(Some).map_err(broken)
    }

    /// Who may read what they define.
    pub(crate) fn access(&self) -> Access {
        Access::of(self.socket_group)
    }

    /// Writes them into a state directory, whole.
    ///
    /// # Errors
    /// When the directory takes no file, or a path is no text.
    pub(crate) fn write(&self, state_dir: &Path) -> Result<(), FileError> {
        let path = state_dir.join(FILE);
        let mut text = serde_json::to_string_pretty(&Document::of(self))
            .map_err(|error| FileError::Write { path: path.clone(), source: error.into() })?;
        text.push('\n');
        files::replace_private(&path, text.as_bytes(), self.access())
    }
}

/// Whether a text is such a file, of whatever version.
pub(crate) fn is_ours(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Mark {
        written_by: String,
    }
    serde_json::from_str::<Mark>(text).is_ok_and(|mark| mark.written_by == WRITTEN_BY)
}

/// The path as it is meant in this process. One that cannot be made absolute stays as it is.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl Document {
    fn of(definitions: &Definitions) -> Self {
        let Definitions {
            roles,
            default,
            store,
            refresh_before,
            base_profile,
            config_file,
            credentials_file,
            socket_group,
        } = definitions;
        Self {
            version: VERSION,
            written_by: WRITTEN_BY.into(),
            default: default.as_ref().map(ToString::to_string),
            store: *store,
            refresh_before: refresh_before.to_string(),
            base_profile: base_profile.clone(),
            config_file: config_file.clone(),
            credentials_file: credentials_file.clone(),
            socket_group: socket_group.map(Group::id),
            roles: roles.iter().map(RoleDocument::of).collect(),
        }
    }

    /// What the file says, or what is wrong with it.
    fn read(self) -> Result<Definitions, String> {
        let roles = self.roles.into_iter().map(RoleDocument::read).collect::<Result<_, _>>()?;
        let whole =
            |(alias, role): (Alias, Result<Role, ChainError>)| role.map_err(|error| format!("{alias}: {error}"));
        Ok(Definitions {
            roles: chain::link(roles).into_iter().map(whole).collect::<Result<_, _>>()?,
            default: self.default.map(|alias| parsed("default", &alias)).transpose()?,
            store: self.store,
            refresh_before: parsed("refresh_before", &self.refresh_before)?,
            base_profile: self.base_profile,
            config_file: self.config_file,
            credentials_file: self.credentials_file,
            socket_group: self.socket_group.and_then(Group::new),
        })
    }
}

impl RoleDocument {
    fn of(role: &Role) -> Self {
        let Role {
            alias,
            name,
            arn,
            region,
            source,
            duration,
            session_name,
            external_id,
            tags,
            source_identity,
            session_policy,
        } = role;
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Self {
            alias: alias.to_string(),
            name: name.clone(),
            arn: arn.to_string(),
            region: region.as_ref().map(ToString::to_string),
            source: source.to_string(),
            duration_seconds: duration.as_secs(),
            session_name: session_name.to_string(),
            external_id: external_id.as_ref().map(ToString::to_string),
            tags: tags.iter().map(owned).collect(),
            transitive_tags: tags.transitive().map(str::to_owned).collect(),
            source_identity: source_identity.as_ref().map(ToString::to_string),
            policy: session_policy.document().map(str::to_owned),
            policy_arns: session_policy.arns().iter().map(ToString::to_string).collect(),
        }
    }

    /// The role, and the source that it names.
    fn read(self) -> Result<(Role, SourceName), String> {
        let arns: Result<_, _> = self.policy_arns.iter().map(|arn| parsed("policy_arns", arn)).collect();
        let policy = SessionPolicy::new(self.policy.as_deref(), arns?);
        let role = Role {
            alias: Alias::of_profile(&self.alias).map_err(|error| format!("alias: {error}"))?,
            name: self.name,
            arn: parsed("arn", &self.arn)?,
            region: self.region.map(|region| parsed("region", &region)).transpose()?,
            source: Source::Base,
            duration: Duration::from_secs(self.duration_seconds),
            session_name: parsed("session_name", &self.session_name)?,
            external_id: self.external_id.map(|id| parsed("external_id", &id)).transpose()?,
            tags: SessionTags::new(self.tags, self.transitive_tags).map_err(|error| format!("tags: {error}"))?,
            source_identity: self.source_identity.map(|identity| parsed("source_identity", &identity)).transpose()?,
            session_policy: policy.map_err(|error| format!("policy: {error}"))?,
        };
        Ok((role, parsed("source", &self.source)?))
    }
}

fn parsed<T: std::str::FromStr>(key: &str, text: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| format!("{key}: {error}"))
}

#[cfg(test)]
mod tests;
