//! The external id: what a trust policy may ask of whoever assumes the role, so that nobody is led to use a role on behalf
//! of somebody else ([confused deputy](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html)). No secret.

use std::fmt;
use std::str::FromStr;

/// The lengths that STS takes, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 2..=1224;

/// A legal `ExternalId` ([AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(String);

/// STS refuses an external id of this text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an external id: 2 to 1224 of `A-Z a-z 0-9 _ + = , . @ : / -`")]
pub struct ExternalIdError(String);

impl ExternalId {
    /// The external id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ExternalId {
    type Err = ExternalIdError;

    fn from_str(text: &str) -> Result<Self, ExternalIdError> {
        let is_legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
        if LENGTH.contains(&text.len()) && text.chars().all(is_legal) {
            Ok(Self(text.into()))
        } else {
            Err(ExternalIdError(text.into()))
        }
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing_takes_what_sts_takes() {
        for text in ["ab", "a1_+=,.@:/-", &"x".repeat(1224)] {
            assert_eq!(text.parse::<ExternalId>().unwrap().as_str(), text);
        }
        for text in ["", "a", "a b", "a\nb", "ü1", &"x".repeat(1225)] {
            assert_eq!(text.parse::<ExternalId>(), Err(ExternalIdError(text.into())));
        }
    }
}
