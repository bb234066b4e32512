//! The name of an AWS Region, checked for shape only: AWS adds Regions, and STS knows which exist.

use std::fmt;
use std::str::FromStr;

/// A Region such as `eu-central-1`: one DNS label in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

/// The text is not a DNS label, so no endpoint could be made of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an AWS Region such as `eu-central-1`")]
pub struct RegionError(String);

impl Region {
    /// The Region as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let label = (1..=63).contains(&text.len()) && text.bytes().all(inner);
        if label && !text.starts_with('-') && !text.ends_with('-') {
            Ok(Self(text.into()))
        } else {
            Err(RegionError(text.into()))
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_one_dns_label() {
        for good in ["eu-central-1", "us-gov-west-1", "x"] {
            assert_eq!(good.parse::<Region>().unwrap().as_str(), good);
        }
        for bad in ["", "EU", "a.b", "evil.example/", "-a", "a-", "a\nb", &"x".repeat(64)] {
            assert!(bad.parse::<Region>().is_err(), "{bad:?}");
        }
    }
}
