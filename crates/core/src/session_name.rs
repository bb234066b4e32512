//! The session name: what CloudTrail shows as the doer of everything done with a session.
//!
//! Promises a name that STS takes: 2 to 64 of `[\w+=,.@-]`
//! ([AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)).

use std::fmt;
use std::str::FromStr;

use crate::Alias;

/// The longest session name, in characters.
const MAX: usize = 64;

/// A legal `RoleSessionName`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(String);

/// STS refuses a session name of this text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a session name: 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`")]
pub struct SessionNameError(String);

impl SessionName {
    /// `alias@host`, the default. What STS forbids becomes `-`; a host that does not fit is cut, the alias never is.
    #[must_use]
    pub fn new(alias: &Alias, host: &str) -> Self {
        let host: String = host.chars().map(|c| if is_legal(c) { c } else { '-' }).collect();
        let mut name = if host.is_empty() { format!("{alias}@rolecall") } else { format!("{alias}@{host}") };
        name.truncate(MAX);
        Self(name)
    }

    /// The session name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

impl FromStr for SessionName {
    type Err = SessionNameError;

    /// Takes only what STS takes as it is.
    fn from_str(text: &str) -> Result<Self, SessionNameError> {
        if (2..=MAX).contains(&text.len()) && text.chars().all(is_legal) {
            Ok(Self(text.into()))
        } else {
            Err(SessionNameError(text.into()))
        }
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(alias: &str, host: &str) -> String {
        SessionName::new(&alias.parse().unwrap(), host).as_str().into()
    }

    #[test]
    fn it_names_the_role_and_the_machine() {
        assert_eq!(name("prod", "web-1.example.org"), "prod@web-1.example.org");
        assert_eq!(name("prod", "büro pc"), "prod@b-ro-pc");
        assert_eq!(name("a", ""), "a@rolecall");
    }

    #[test]
    fn it_fits_and_keeps_the_alias() {
        let long = "a".repeat(64);
        assert_eq!(name(&long, "host"), long);
        assert_eq!(name("prod", &"h".repeat(100)).len(), 64);
    }

    #[test]
    fn parsing_takes_what_sts_takes() {
        for text in ["a@b", "_+=,.@-", &"x".repeat(64)] {
            assert_eq!(text.parse::<SessionName>().unwrap().as_str(), text);
        }
        for text in ["", "a", "a b", "a/b", "ü@host", &"x".repeat(65)] {
            assert_eq!(text.parse::<SessionName>(), Err(SessionNameError(text.into())));
        }
    }
}
