//! The ARN of an IAM role, parsed.
//!
//! Promises that the parts keep to the grammar of the
//! [IAM reference](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html), so that none has white
//! space or control characters. A path may hold any other sign, quotes and `;` too: whoever writes an ARN into a shell
//! line or a file quotes it. Whether the role exists is left to STS.

use std::fmt;
use std::str::FromStr;

/// The ARN of an IAM role, such as `arn:aws:iam::123456789012:role/team/Admin`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn {
    partition: String,
    account: String,
    path: String,
    name: String,
}

/// Why a text is not the ARN of a role, and where in the text it stops being one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ArnError {
    /// The byte in the text, from 0, at which the first wrong part starts.
    pub at: usize,
    /// What is wrong with that part.
    pub problem: ArnProblem,
}

/// The ways in which a text can fail to be the ARN of a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnProblem {
    /// The text does not start with `arn:`.
    #[error("not an ARN: it must start with `arn:`")]
    Prefix,
    /// The partition is none that AWS could have.
    #[error("{0:?} is not a partition (such as `aws`, `aws-cn`, `aws-us-gov`)")]
    Partition(String),
    /// The service is not `iam`.
    #[error("the service is {0:?}, but roles belong to `iam`")]
    Service(String),
    /// A region was given; IAM is global.
    #[error("the ARN of a role has no region, but this one says {0:?}")]
    Region(String),
    /// The account id is not 12 digits.
    #[error("the account id {0:?} is not 12 digits")]
    Account(String),
    /// The resource is something else than `role/…`.
    #[error("the resource {0:?} is not `role/<name>`")]
    Resource(String),
    /// The path between `role/` and the name has a character that IAM forbids, or is too long.
    #[error("the role path {0:?} has a character that IAM does not allow, or over 512 characters")]
    Path(String),
    /// The role name is empty, too long, or has a character that IAM forbids.
    #[error("the role name {0:?} is not 1 to 64 letters, digits or `+=,.@_-`")]
    Name(String),
}

impl RoleArn {
    /// Parses the ARN at the start of `text` and returns it with what follows the colon behind it, if there is a colon.
    ///
    /// A role name has no colon, so the ARN ends at the first colon of its resource part.
    ///
    /// # Errors
    /// The first part that is wrong, with its place.
    pub fn parse_prefix(text: &str) -> Result<(Self, Option<&str>), ArnError> {
        let mut at = 0;
        let mut rest = Some(text);
        let mut part = || -> (usize, &str) {
            let here = rest.unwrap_or_default();
            let (head, tail) = here.split_once(':').map_or((here, None), |(head, tail)| (head, Some(tail)));
            let start = at;
            at = (at + head.len() + 1).min(text.len());
            rest = tail;
            (start, head)
        };
        let wrong = |at, problem| Err(ArnError { at, problem });

        let (start, prefix) = part();
        if prefix != "arn" {
            return wrong(start, ArnProblem::Prefix);
        }
        let (start, partition) = part();
        if !is_partition(partition) {
            return wrong(start, ArnProblem::Partition(partition.into()));
        }
        let (start, service) = part();
        if service != "iam" {
            return wrong(start, ArnProblem::Service(service.into()));
        }
        let (start, region) = part();
        if !region.is_empty() {
            return wrong(start, ArnProblem::Region(region.into()));
        }
        let (start, account) = part();
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return wrong(start, ArnProblem::Account(account.into()));
        }
        let (start, resource) = part();
        let Some(path_and_name) = resource.strip_prefix("role/") else {
            return wrong(start, ArnProblem::Resource(resource.into()));
        };
        let start = start + "role/".len();
        let (path, name) = path_and_name.rsplit_once('/').map_or(("", path_and_name), |(path, name)| (path, name));
        if path.len() > 510 || !path.bytes().all(|b| b.is_ascii_graphic()) || path_and_name.starts_with('/') {
            return wrong(start, ArnProblem::Path(path.into()));
        }
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_name_byte) {
            let at = if path_and_name.contains('/') { start + path.len() + 1 } else { start };
            return wrong(at, ArnProblem::Name(name.into()));
        }
        let arn = Self {
            partition: partition.into(),
            account: account.into(),
            path: if path.is_empty() { "/".into() } else { format!("/{path}/") },
            name: name.into(),
        };
        Ok((arn, rest))
    }

    /// The partition, such as `aws` or `aws-cn`.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The account id: 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The path of the role, with a slash at both ends; `/` when it has none.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The name of the role, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// `aws`, or `aws-` and more words of lower-case letters and digits: AWS adds partitions now and then.
fn is_partition(text: &str) -> bool {
    let mut words = text.split('-');
    words.next() == Some("aws")
        && words.all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte)
}

impl FromStr for RoleArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        match Self::parse_prefix(text)? {
            (arn, None) => Ok(arn),
            (_, Some(rest)) => {
                let at = text.len() - rest.len();
                Err(ArnError { at, problem: ArnProblem::Name(rest.into()) })
            }
        }
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, account, path, name } = self;
        write!(f, "arn:{partition}:iam::{account}:role{path}{name}")
    }
}

impl fmt::Debug for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_survives_the_round_trip() {
        for text in [
            "arn:aws:iam::123456789012:role/MyFirstRole",
            "arn:aws-cn:iam::123456789012:role/team/a/Admin",
            "arn:aws-us-gov:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x+=,.@_-1",
        ] {
            assert_eq!(text.parse::<RoleArn>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_follows_the_arn_may_hold_colons_itself() {
        let (arn, rest) = RoleArn::parse_prefix("arn:aws:iam::123456789012:role/p/R:My: Account").unwrap();
        assert_eq!((arn.path(), arn.name(), rest), ("/p/", "R", Some("My: Account")));
    }

    #[test]
    fn each_wrong_part_is_named_with_its_place() {
        for (text, at, problem) in [
            ("", 0, ArnProblem::Prefix),
            ("am:aws", 0, ArnProblem::Prefix),
            ("arn:gcp:iam", 4, ArnProblem::Partition("gcp".into())),
            ("arn:aws-:iam", 4, ArnProblem::Partition("aws-".into())),
            ("arn:aws:sts::1", 8, ArnProblem::Service("sts".into())),
            ("arn:aws:iam:eu-west-1:1", 12, ArnProblem::Region("eu-west-1".into())),
            ("arn:aws:iam::1234:role/R", 13, ArnProblem::Account("1234".into())),
            ("arn:aws:iam::123456789012", 25, ArnProblem::Resource(String::new())),
            ("arn:aws:iam::123456789012:user/U", 26, ArnProblem::Resource("user/U".into())),
            ("arn:aws:iam::123456789012:role/", 31, ArnProblem::Name(String::new())),
            ("arn:aws:iam::123456789012:role//R", 31, ArnProblem::Path(String::new())),
            ("arn:aws:iam::123456789012:role/a b/R", 31, ArnProblem::Path("a b".into())),
            ("arn:aws:iam::123456789012:role/p/R R", 33, ArnProblem::Name("R R".into())),
            ("arn:aws:iam::123456789012:role/R:x", 33, ArnProblem::Name("x".into())),
        ] {
            assert_eq!(text.parse::<RoleArn>(), Err(ArnError { at, problem }), "{text}");
        }
    }
}
