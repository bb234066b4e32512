//! A role as somebody defined it, and the key that tells whether two definitions would get the same session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::source::Source;
use crate::{Alias, ExternalId, Region, RoleArn, SessionName, SessionPolicy, SessionTags, SourceIdentity};

/// The session length that is asked for unless somebody says otherwise: one hour, the most that a role session may ask
/// for when it assumes another role ([role chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html)).
pub const DEFAULT_DURATION: Duration = Duration::from_secs(3600);

/// An IAM role to be kept assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The profile name.
    pub alias: Alias,
    /// The friendly name as the user wrote it; the alias is made from it.
    pub name: String,
    /// Which role.
    pub arn: RoleArn,
    /// The Region of the profile and of the STS endpoint; none when nobody said one.
    pub region: Option<Region>,
    /// Where it is assumed from.
    pub source: Source,
    /// The session length to ask for; STS takes 15 minutes to 12 hours.
    pub duration: Duration,
    /// What CloudTrail will show.
    pub session_name: SessionName,
    /// What the trust policy asks for, if it does.
    pub external_id: Option<ExternalId>,
    /// What the session says of itself to policies.
    pub tags: SessionTags,
    /// Who stands behind the session.
    pub source_identity: Option<SourceIdentity>,
    /// What the session may do at most.
    pub session_policy: SessionPolicy,
}

/// A digest of everything about a role that changes what STS would answer. Equal keys may share a session; an ARN alone
/// never says that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleKey([u8; 32]);

/// A role has a session policy, and another one cannot narrow it further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} has a session policy of its own, and AWS would let a second one add to it")]
pub struct AlreadyNarrowed(pub Alias);

impl Role {
    /// The role as it is assumed on `host` when nobody says more about it.
    #[must_use]
    pub fn new(alias: Alias, arn: RoleArn, host: &str) -> Self {
        Self {
            session_name: SessionName::new(&alias, host),
            name: alias.to_string(),
            alias,
            arn,
            region: None,
            source: Source::Base,
            duration: DEFAULT_DURATION,
            external_id: None,
            tags: SessionTags::default(),
            source_identity: None,
            session_policy: SessionPolicy::default(),
        }
    }

    /// The role with what its sessions may do narrowed to `policy`, too; as it is when that narrows nothing.
    ///
    /// # Errors
    /// When it is narrowed already: AWS allows a session what any of its session policies allows, so a second one would
    /// widen the first.
    pub fn narrowed(self, policy: SessionPolicy) -> Result<Self, AlreadyNarrowed> {
        match (self.session_policy.is_empty(), policy.is_empty()) {
            (_, true) => Ok(self),
            (true, false) => Ok(Self { session_policy: policy, ..self }),
            (false, false) => Err(AlreadyNarrowed(self.alias)),
        }
    }

    /// The role and those that have to be assumed before it, up to the first of its chain.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |role| role.source.parent().map(Arc::as_ref))
    }

    /// The key of this definition. Alias and name are not in it: they change where a session goes, not what it is.
    #[must_use]
    pub fn key(&self) -> RoleKey {
        let Self {
            alias: _,
            name: _,
            arn,
            region,
            source,
            duration,
            session_name,
            external_id,
            tags,
            source_identity,
            session_policy,
        } = self;
        let mut digest = Sha256::new();
        let mut field = |text: &str| {
            // Length first, so that no two lists of fields spell the same bytes.
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        };
        field("rolecall role 1");
        field(&arn.to_string());
        field(region.as_ref().map_or("", Region::as_str));
        match source {
            // By what the parent is, not by what it is called.
            Source::Role(parent) => field(&parent.key().whole()),
            other => field(&other.to_string()),
        }
        field(&duration.as_secs().to_string());
        field(session_name.as_str());
        // What nobody said adds nothing, so that the keys in a store from before it could be said are still right.
        if let Some(id) = external_id {
            field("external id");
            field(id.as_str());
        }
        if !tags.is_empty() {
            field("tags");
            tags.iter().for_each(|(key, value)| [key, value].into_iter().for_each(&mut field));
            field("transitive");
            tags.transitive().for_each(&mut field);
        }
        if let Some(identity) = source_identity {
            field("source identity");
            field(identity.as_str());
        }
        if !session_policy.is_empty() {
            field("session policy");
            field(session_policy.document().unwrap_or_default());
            session_policy.arns().iter().for_each(|arn| field(arn.as_str()));
        }
        RoleKey(digest.finalize().into())
    }
}

impl RoleKey {
    /// All of it, in hex.
    fn whole(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for RoleKey {
    /// The first 16 hex digits: enough to tell definitions apart in a file or a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..8].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicyArn;
    use crate::source::Parent;

    fn role() -> Role {
        Role::new("prod".parse().unwrap(), "arn:aws:iam::123456789012:role/R".parse().unwrap(), "host")
    }

    fn tags(keys: &[&str], transitive: &[&str]) -> SessionTags {
        let tags = keys.iter().map(|key| (key.to_string(), "x".to_owned()));
        SessionTags::new(tags, transitive.iter().map(ToString::to_string)).unwrap()
    }

    #[test]
    fn the_key_changes_with_whatever_changes_the_answer_of_sts() {
        let key = role().key();
        let others = [
            Role { arn: "arn:aws:iam::123456789012:role/S".parse().unwrap(), ..role() },
            Role { region: Some("eu-west-1".parse().unwrap()), ..role() },
            Role { duration: Duration::from_secs(900), ..role() },
            Role { session_name: SessionName::new(&role().alias, "other"), ..role() },
            Role { external_id: Some("id-1".parse().unwrap()), ..role() },
            Role { source: Source::WebIdentity("/token".parse().unwrap()), ..role() },
            Role { source: Source::Profile("p".parse().unwrap()), ..role() },
            Role { source: Source::Role(Parent::new(Arc::new(role()))), ..role() },
            Role { tags: tags(&["team"], &[]), ..role() },
            Role { tags: tags(&["team"], &["team"]), ..role() },
            Role { source_identity: Some("me".parse().unwrap()), ..role() },
            Role { session_policy: SessionPolicy::new(Some(r#"{"Statement":[]}"#), vec![]).unwrap(), ..role() },
            Role { session_policy: SessionPolicy::new(None, vec![PolicyArn::of_aws("aws", "P")]).unwrap(), ..role() },
        ];
        for (at, other) in others.iter().enumerate() {
            assert_ne!(other.key(), key, "{other:?}");
            assert!(others[..at].iter().all(|earlier| earlier.key() != other.key()), "{other:?}");
        }
    }

    #[test]
    fn a_session_is_narrowed_once() {
        let policy = |name: &str| SessionPolicy::new(None, vec![PolicyArn::of_aws("aws", name)]).unwrap();
        let narrowed = role().narrowed(policy("A")).unwrap();
        assert_eq!(narrowed.session_policy, policy("A"));
        assert_eq!(narrowed.clone().narrowed(SessionPolicy::default()), Ok(narrowed.clone()));
        assert_eq!(narrowed.narrowed(policy("B")), Err(AlreadyNarrowed(role().alias)));
    }

    #[test]
    fn the_key_does_not_change_with_the_name() {
        let renamed = Role { alias: "p2".parse().unwrap(), name: "P 2".into(), ..role() };
        assert_eq!(renamed.key(), role().key());
        let child = |parent: Role| Role { source: Source::Role(Parent::new(Arc::new(parent))), ..role() };
        assert_eq!(child(renamed).key(), child(role()).key());
        let other = Role { external_id: Some("id".parse().unwrap()), ..role() };
        assert_ne!(child(other).key(), child(role()).key(), "a parent that changes is another source");
    }
}
