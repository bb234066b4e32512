//! What a session carries besides its role: session tags and a source identity.
//!
//! Follows [session tags](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html) and
//! [source identity](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html).
//! The form of keys and values is checked by [`crate::constraints`]; who may set them is left to [`crate::trust`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::StsError;
use crate::query::Parameters;

/// How much of policies and tags fits into a session, in bytes. AWS packs them in a form of its own that nobody else
/// knows; this counts the texts as they are.
const PACKED: usize = 4096;

/// The tags and the source identity of a session, or those that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Carried {
    /// No two keys differ in case only.
    pub(crate) tags: Vec<SessionTag>,
    /// Who was there at the beginning of the chain.
    pub(crate) source_identity: Option<String>,
}

/// One tag of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionTag {
    pub(crate) key: String,
    pub(crate) value: String,
    /// Whether the sessions that this one assumes have it, too.
    pub(crate) transitive: bool,
}

impl Carried {
    /// Reads what `AssumeRole` is asked for.
    pub(crate) fn read(parameters: &Parameters<'_>) -> Result<Self, StsError> {
        let mut members: BTreeMap<&str, (Option<&str>, &str)> = BTreeMap::new();
        for (rest, text) in parameters.below("Tags.member.") {
            match rest.split_once('.') {
                Some((number, "Key")) => members.entry(number).or_default().0 = Some(text),
                Some((number, "Value")) => members.entry(number).or_default().1 = text,
                _ => {}
            }
        }
        let mut tags: Vec<SessionTag> = Vec::with_capacity(members.len());
        for (key, value) in members.into_values().filter_map(|(key, value)| Some((key?, value))) {
            if has(&tags, key) {
                return Err(StsError::invalid_parameter_value(
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                ));
            }
            tags.push(SessionTag { key: key.into(), value: value.into(), transitive: false });
        }
        for (_, key) in parameters.below("TransitiveTagKeys.member.") {
            let Some(tag) = tags.iter_mut().find(|tag| same(&tag.key, key)) else {
                return Err(StsError::invalid_parameter_value(
                    "The specified transitive tag key must be included in the requested tags.",
                ));
            };
            tag.transitive = true;
        }
        Ok(Self { tags, source_identity: parameters.get("SourceIdentity").map(str::to_owned) })
    }

    /// What a session has that is assumed from one that carries `self`, and asks for `asked`: also the transitive tags,
    /// which cannot be set anew, and the source identity.
    pub(crate) fn pass_on(&self, asked: &Self) -> Result<Self, StsError> {
        let inherited = self.tags.iter().filter(|tag| tag.transitive);
        if inherited.clone().any(|tag| has(&asked.tags, &tag.key)) {
            return Err(StsError::invalid_parameter_value(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from \
                 the calling session.",
            ));
        }
        Ok(Self {
            tags: asked.tags.iter().chain(inherited).cloned().collect(),
            source_identity: self.source_identity.as_ref().or(asked.source_identity.as_ref()).cloned(),
        })
    }

    /// How much of a session is full of `policies`, in bytes, and of what this carries, in percent, rounded up; none
    /// when there is nothing.
    pub(crate) fn packed_percent(&self, policies: usize) -> Option<usize> {
        let tags: usize = self.tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum();
        let bytes = policies + tags;
        (bytes > 0).then(|| (bytes * 100).div_ceil(PACKED))
    }
}

fn has(tags: &[SessionTag], key: &str) -> bool {
    tags.iter().any(|tag| same(&tag.key, key))
}

/// Keys of tags are the same in any case.
fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str) -> Result<Carried, String> {
        let parameters = Parameters::parse([form.as_bytes()]).unwrap();
        Carried::read(&parameters).map_err(|error| format!("{}: {}", error.code, error.message))
    }

    fn tag(key: &str, value: &str, transitive: bool) -> SessionTag {
        SessionTag { key: key.into(), value: value.into(), transitive }
    }

    const TAGS: &str = "Tags.member.2.Value=x&Tags.member.1.Key=Team&Tags.member.1.Value=a&Tags.member.2.Key=Cost";

    #[test]
    fn tags_are_read_by_their_number() {
        let carried = read(&format!("{TAGS}&TransitiveTagKeys.member.1=cost&SourceIdentity=alice")).unwrap();
        assert_eq!(carried.tags, [tag("Team", "a", false), tag("Cost", "x", true)]);
        assert_eq!(carried.source_identity.as_deref(), Some("alice"));
        assert_eq!(read("").unwrap(), Carried::default());
    }

    #[test]
    fn keys_that_are_said_twice_or_of_no_tag_are_refused() {
        assert_eq!(
            read(&format!("{TAGS}&Tags.member.3.Key=TEAM")).unwrap_err(),
            "InvalidParameterValue: Duplicate tag keys found. Please note that Tag keys are case insensitive."
        );
        assert_eq!(
            read(&format!("{TAGS}&TransitiveTagKeys.member.1=Other")).unwrap_err(),
            "InvalidParameterValue: The specified transitive tag key must be included in the requested tags."
        );
    }

    #[test]
    fn transitive_tags_and_the_source_identity_are_passed_on() {
        let carried = Carried {
            tags: vec![tag("Team", "a", true), tag("Own", "b", false)],
            source_identity: Some("alice".into()),
        };
        let asked = Carried { tags: vec![tag("Own", "c", false)], source_identity: None };
        let passed = carried.pass_on(&asked).unwrap();
        assert_eq!(passed.tags, [tag("Own", "c", false), tag("Team", "a", true)]);
        assert_eq!(passed.source_identity.as_deref(), Some("alice"));
        assert_eq!(passed.pass_on(&Carried::default()).unwrap().tags, [tag("Team", "a", true)]);

        let asked = Carried { tags: vec![tag("TEAM", "b", false)], source_identity: None };
        let error = carried.pass_on(&asked).unwrap_err();
        assert_eq!(error.code, "InvalidParameterValue");
        assert!(error.message.ends_with("conflicts with a transitive tag key from the calling session."), "{error:?}");
    }

    #[test]
    fn what_is_packed_is_a_share_of_the_room_for_it() {
        let carried = Carried { tags: vec![tag("k", "vv", false)], source_identity: Some("alice".into()) };
        assert_eq!((carried.packed_percent(0), carried.packed_percent(PACKED)), (Some(1), Some(101)));
        assert_eq!(Carried::default().packed_percent(0), None);
    }
}
