//! What a role may say beside its ARN: the keys that `[role.…]` and `[fleet.…]` share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use rolecall_core::source::SourceName;
use rolecall_core::{
    Alias, ExternalId, PolicyArn, Region, Role, SessionName, SessionPolicy, SessionTags, SourceIdentity,
};

use super::value::{Entry, Wrong, entries};
use crate::settings::env_roles::RoleDefaults;
use crate::settings::parse_session_duration;

/// The keys of this file.
pub(super) const KEYS: [&str; 10] = [
    "region",
    "source",
    "duration",
    "session_name",
    "external_id",
    "source_identity",
    "tags",
    "transitive_tags",
    "policy_arns",
    "policy_file",
];

/// What is said, and none where the defaults count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The Region of the profile and of the STS endpoint.
    pub region: Option<Region>,
    /// Where it is assumed from.
    pub source: SourceName,
    /// The session length to ask for.
    pub duration: Option<Duration>,
    /// The template of the session name.
    pub session_name: Option<String>,
    /// What the trust policy asks for.
    pub external_id: Option<ExternalId>,
    /// Who stands behind the session.
    pub source_identity: Option<SourceIdentity>,
    /// What the session says of itself to policies.
    pub tags: SessionTags,
    /// The managed policies that the session is narrowed to.
    pub policy_arns: Vec<PolicyArn>,
    /// The file with the policy that the session is narrowed to, and the place where it is named.
    pub policy_file: Option<(PathBuf, String)>,
}

/// What has been read so far, key by key.
#[derive(Default)]
pub(super) struct Reader {
    details: Details,
    tags: BTreeMap<String, String>,
    transitive: Vec<String>,
}

impl Reader {
    /// Takes one key over; none when it is not one of [`KEYS`].
    pub(super) fn take(&mut self, entry: &Entry<'_>) -> Option<Result<(), Wrong>> {
        Some(match entry.key {
            "region" => entry.parsed().map(|read| self.details.region = Some(read)),
            "source" => entry.parsed().map(|read| self.details.source = read),
            "duration" => entry.read(parse_session_duration).map(|read| self.details.duration = Some(read)),
            "session_name" => template(entry).map(|read| self.details.session_name = Some(read)),
            "external_id" => entry.parsed().map(|read| self.details.external_id = Some(read)),
            "source_identity" => entry.parsed().map(|read| self.details.source_identity = Some(read)),
            "tags" => tags(entry).map(|read| self.tags = read),
            "transitive_tags" => entry.texts().map(|read| self.transitive = read),
            "policy_arns" => arns(entry).map(|read| self.details.policy_arns = read),
            "policy_file" => entry.text().map(|path| {
                self.details.policy_file = Some((path.into(), entry.file.origin(&entry.key_span)));
            }),
            _ => return None,
        })
    }

    /// All of it, once no key is left. `whole` is what the keys stand in.
    pub(super) fn finish(self, whole: &Entry<'_>) -> Result<Details, Wrong> {
        let tags = SessionTags::new(self.tags, self.transitive).map_err(|error| {
            whole.wrong(&whole.key_span, &format!("tags: {error}"), "correct the tags; AWS says what they may be")
        })?;
        Ok(Details { tags, ..self.details })
    }
}

impl Details {
    /// The role, but for the policy in its file, and its source.
    pub(super) fn complete(&self, plain: Role, defaults: &RoleDefaults) -> Result<(Role, SourceName), String> {
        let session_name = match &self.session_name {
            None => plain.session_name.clone(),
            Some(template) => {
                SessionName::from_template(template, &plain.alias, &defaults.host).map_err(|error| error.to_string())?
            }
        };
        let role = Role {
            region: self.region.clone().or_else(|| defaults.region.clone()),
            duration: self.duration.unwrap_or(defaults.duration),
            session_name,
            external_id: self.external_id.clone(),
            tags: self.tags.clone(),
            source_identity: self.source_identity.clone(),
            ..plain
        };
        Ok((role, self.source.clone()))
    }

    /// What a session is narrowed to, with the text of the policy file if there is one.
    pub(super) fn policy(&self, text: Option<&str>) -> Result<SessionPolicy, String> {
        SessionPolicy::new(text, self.policy_arns.clone()).map_err(|error| error.to_string())
    }
}

fn template(entry: &Entry<'_>) -> Result<String, Wrong> {
    let any: Alias = "any".parse().map_err(|error| {
        let error: rolecall_core::alias::AliasError = error;
        entry.wrong(&entry.key_span, &error.to_string(), "")
    })?;
    entry.read(|text| SessionName::from_template(text, &any, "").map(|_| text.to_owned()))
}

fn tags(entry: &Entry<'_>) -> Result<BTreeMap<String, String>, Wrong> {
    let tags = entries(entry.file, entry.table()?);
    tags.iter().map(|tag| Ok((tag.key.to_owned(), tag.text()?.to_owned()))).collect()
}

fn arns(entry: &Entry<'_>) -> Result<Vec<PolicyArn>, Wrong> {
    let arns: Result<Vec<_>, _> = entry.texts()?.iter().map(|arn| arn.parse::<PolicyArn>()).collect();
    arns.and_then(|arns| SessionPolicy::new(None, arns.clone()).map(|_| arns)).map_err(|error| {
        entry.wrong(&entry.value.span(), &error.to_string(), "correct the list; without the key nothing is narrowed")
    })
}
