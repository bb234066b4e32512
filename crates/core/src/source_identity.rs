//! The source identity: who stands behind a session, for CloudTrail and for policies; it stays with every session that is
//! assumed with it ([source identity](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html)).

use std::fmt;
use std::str::FromStr;

/// The lengths that STS takes, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 2..=64;

/// A legal `SourceIdentity` ([AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceIdentity(String);

/// STS refuses a source identity of this text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a source identity: 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`, not beginning with `aws:`")]
pub struct SourceIdentityError(String);

impl SourceIdentity {
    /// The source identity as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SourceIdentity {
    type Err = SourceIdentityError;

    fn from_str(text: &str) -> Result<Self, SourceIdentityError> {
        let is_legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if LENGTH.contains(&text.len()) && text.chars().all(is_legal) {
            Ok(Self(text.into()))
        } else {
            Err(SourceIdentityError(text.into()))
        }
    }
}

impl fmt::Display for SourceIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing_takes_what_sts_takes() {
        for text in ["me", "jane.doe@example.com", &"x".repeat(64)] {
            assert_eq!(text.parse::<SourceIdentity>().unwrap().as_str(), text);
        }
        for text in ["", "a", "a b", "aws:me", "a/b", &"x".repeat(65)] {
            assert_eq!(text.parse::<SourceIdentity>(), Err(SourceIdentityError(text.into())));
        }
    }
}
