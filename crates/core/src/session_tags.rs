//! Session tags: what a session says of itself to policies
//! ([passing session tags](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html)). No secret.
//!
//! Promises tags within the limits of
//! [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). How large they are packed together
//! with session policies is left to STS.

use std::collections::{BTreeMap, BTreeSet};

/// The most tags of one session.
const MOST: usize = 50;
/// The longest key and the longest value, in characters.
const KEY: usize = 128;
const VALUE: usize = 256;
/// What only AWS sets.
const RESERVED: &str = "aws:";

/// The tags of a session and which of them go on to the sessions that are assumed with it. The default has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SessionTags {
    tags: BTreeMap<String, String>,
    transitive: BTreeSet<String>,
}

/// Why a session cannot have these tags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionTagsError {
    /// More than STS takes.
    #[error("{0} tags, and STS takes {MOST}")]
    TooMany(usize),
    /// No key.
    #[error(
        "{0:?} is not the key of a tag: 1 to {KEY} letters, digits, spaces or `_.:/=+-@`, not beginning with `{RESERVED}`"
    )]
    Key(String),
    /// No value.
    #[error("{value:?}, the value of {key}, is not at most {VALUE} letters, digits, spaces or `_.:/=+-@`")]
    Value {
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
    /// STS takes keys that differ in case alone for one.
    #[error("{0} and {1} are one key to AWS, which does not tell their case")]
    Twice(String, String),
    /// Only what is a tag can be handed on.
    #[error("{0:?} is to be transitive, but is none of the tags")]
    NotATag(String),
}

impl SessionTags {
    /// These tags, of which those with the keys `transitive` are handed on along a role chain.
    ///
    /// # Errors
    /// When STS would refuse them by their form or number.
    pub fn new(
        tags: impl IntoIterator<Item = (String, String)>,
        transitive: impl IntoIterator<Item = String>,
    ) -> Result<Self, SessionTagsError> {
        let tags: BTreeMap<String, String> = tags.into_iter().collect();
        if tags.len() > MOST {
            return Err(SessionTagsError::TooMany(tags.len()));
        }
        let mut seen = BTreeMap::new();
        for (key, value) in &tags {
            let length = key.chars().count();
            let is_aws = key.get(..RESERVED.len()).is_some_and(|head| head.eq_ignore_ascii_case(RESERVED));
            if !(1..=KEY).contains(&length) || !key.chars().all(is_legal) || is_aws {
                return Err(SessionTagsError::Key(key.clone()));
            }
            if value.chars().count() > VALUE || !value.chars().all(is_legal) {
                return Err(SessionTagsError::Value { key: key.clone(), value: value.clone() });
            }
            if let Some(other) = seen.insert(key.to_lowercase(), key) {
                return Err(SessionTagsError::Twice(other.clone(), key.clone()));
            }
        }
        let transitive: BTreeSet<String> = transitive.into_iter().collect();
        match transitive.iter().find(|key| !tags.contains_key(*key)) {
            Some(key) => Err(SessionTagsError::NotATag(key.clone())),
            None => Ok(Self { tags, transitive }),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// The tags, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The keys of those that are handed on, in order.
    pub fn transitive(&self) -> impl Iterator<Item = &str> {
        self.transitive.iter().map(String::as_str)
    }
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, as the API reference has it.
fn is_legal(character: char) -> bool {
    character.is_alphanumeric()
        || (character.is_whitespace() && !character.is_control())
        || "_.:/=+-@".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[(&str, &str)], transitive: &[&str]) -> Result<SessionTags, SessionTagsError> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        SessionTags::new(tags.iter().map(owned), transitive.iter().map(ToString::to_string))
    }

    #[test]
    fn tags_are_kept_by_key_with_those_that_go_on() {
        let tags = tags(&[("team", "x y"), ("Cost center", ""), ("ünit", "1/2=3")], &["team"]).unwrap();
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("Cost center", ""), ("team", "x y"), ("ünit", "1/2=3")]);
        assert_eq!(tags.transitive().collect::<Vec<_>>(), ["team"]);
        assert!(SessionTags::default().is_empty());
    }

    #[test]
    fn what_sts_would_refuse_is_refused() {
        for key in ["", "a\nb", "a;b", "aws:x", "AWS:x", &"k".repeat(129)] {
            assert_eq!(tags(&[(key, "v")], &[]), Err(SessionTagsError::Key(key.into())), "{key:?}");
        }
        for value in ["a\tb", "a*", &"v".repeat(257)] {
            assert!(matches!(tags(&[("k", value)], &[]), Err(SessionTagsError::Value { .. })), "{value:?}");
        }
        assert_eq!(
            tags(&[("Team", "a"), ("team", "b")], &[]),
            Err(SessionTagsError::Twice("Team".into(), "team".into()))
        );
        assert_eq!(tags(&[("a", "b")], &["b"]), Err(SessionTagsError::NotATag("b".into())));
        let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(|key| (key.as_str(), "")).collect();
        assert!(tags(&many[..50], &[]).is_ok());
        assert_eq!(tags(&many, &[]), Err(SessionTagsError::TooMany(51)));
    }
}
