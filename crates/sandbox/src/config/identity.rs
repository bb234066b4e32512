//! What users and roles have in common: policies and tags.

use std::collections::BTreeMap;

use crate::policy::{Malformed, Policy};

/// The most tags that a user or role may have
/// ([quotas](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)).
const MOST_TAGS: usize = 50;

/// Reads `policies`: none stays none, which allows everything.
pub(super) fn policies(texts: Option<Vec<String>>) -> Result<Option<Vec<Policy>>, String> {
    let read = |(place, text): (usize, &String)| {
        Policy::identity(text).map_err(|Malformed(problem)| format!("policies: number {}: {problem}", place + 1))
    };
    texts.map(|texts| texts.iter().enumerate().map(read).collect()).transpose()
}

/// Checks `tags`, whose keys are the same in any case.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), String> {
    let mut keys: Vec<String> = tags.keys().map(|key| key.to_lowercase()).collect();
    keys.sort_unstable();
    if tags.len() > MOST_TAGS {
        return Err(format!("tags: there are {}, but 50 at most may be there", tags.len()));
    }
    if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("tags: {:?} is there twice, in another case", pair[0]));
    }
    let is_wrong =
        |(key, value): &(&String, &String)| !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256;
    match tags.iter().find(is_wrong) {
        Some((key, _)) => Err(format!("tags: {key:?} must have 1 to 128 characters, and its value 256 at most")),
        None => Ok(()),
    }
}
