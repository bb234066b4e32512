//! The friendly name of a role, which is also its AWS profile name.
//!
//! Promises that an alias can stand as it is in a section header, a file name, a URL path and a shell command of every
//! AWS SDK: the SDKs differ in what they allow, this is what all of them do.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// The longest alias, in characters.
const MAX: usize = 64;

/// The profile of AWS programs that are told of none.
const DEFAULT: &str = "default";

/// What stands between an alias and the number of a command that something is lent to.
const LENT: char = '~';

/// A profile name: 1 to 64 of `A-Z a-z 0-9 _ . @ + -`, starting with a letter, a digit or `_`; never
/// `default` in any case, nor `__proto__`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias(String);

/// Why a text is not an alias.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AliasError {
    /// Nothing is left of the name.
    #[error("the name {0:?} has no letter, digit or `_` to make a profile name from")]
    Empty(String),
    /// `default` would change what every other program on the machine uses; for botocore `DEFAULT` even lends its keys
    /// to every other profile.
    #[error("`default` cannot be the name of a role")]
    Default,
    /// The AWS SDK for JavaScript refuses every file that has a profile of this name.
    #[error("`__proto__` cannot be the name of a role: the AWS SDK for JavaScript refuses it")]
    Proto,
    /// More than 64 characters.
    #[error("the profile name {0:?} has {len} characters, over 64", len = .0.len())]
    Long(String),
    /// A character that some SDK does not take in a profile name. Only from [`Alias::from_str`].
    #[error("{0:?} is not a profile name: 1 to 64 of `A-Z a-z 0-9 _ . @ + -`, the first a letter, digit or `_`")]
    Character(String),
}

impl Alias {
    /// Makes the alias of a free name: every run of other characters becomes one `-`, the ends are trimmed, case is kept.
    ///
    /// # Errors
    /// When nothing is left, when it is a name with a meaning of its own (`default`, `__proto__`), or too long.
    pub fn from_name(name: &str) -> Result<Self, AliasError> {
        let mut alias = String::with_capacity(name.len());
        for c in name.chars() {
            if is_alias_char(c) {
                alias.push(c);
            } else if !alias.ends_with('-') {
                alias.push('-');
            }
        }
        let alias = alias.trim_start_matches(|c| !is_first_char(c)).trim_end_matches('-');
        match alias {
            "" => Err(AliasError::Empty(name.into())),
            "__proto__" => Err(AliasError::Proto),
            default if default.eq_ignore_ascii_case(DEFAULT) => Err(AliasError::Default),
            long if long.len() > MAX => Err(AliasError::Long(long.into())),
            alias => Ok(Self(alias.into())),
        }
    }

    /// The name of a profile in the AWS config as an alias: what [`Alias::from_str`] takes, and `default`, which is a profile
    /// there like any other.
    ///
    /// # Errors
    /// When some SDK or our own files could not have it.
    pub fn of_profile(name: &str) -> Result<Self, AliasError> {
        if name == DEFAULT { Ok(Self(name.into())) } else { name.parse() }
    }

    /// The name of what is lent to one command only: this alias, `~` and 8 hex digits. It names no profile, is written
    /// nowhere, and cannot be defined by anybody, since no alias has a `~`.
    #[must_use]
    pub fn lent(&self, tag: [u8; 4]) -> Self {
        Self(format!("{self}{LENT}{:08x}", u32::from_be_bytes(tag)))
    }

    /// Whether it is a name of [`Self::lent`].
    #[must_use]
    pub fn is_lent(&self) -> bool {
        self.0.contains(LENT)
    }

    /// The alias as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_alias_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_.@+-".contains(c)
}

fn is_first_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl FromStr for Alias {
    type Err = AliasError;

    /// Takes only what is an alias already.
    fn from_str(text: &str) -> Result<Self, AliasError> {
        let alias = Self::from_name(text)?;
        if alias.0 == text { Ok(alias) } else { Err(AliasError::Character(text.into())) }
    }
}

impl Borrow<str> for Alias {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_names_become_legal_profile_names() {
        for (name, alias) in [
            ("MyFirstAccount", "MyFirstAccount"),
            ("My  Account (prod)", "My-Account-prod"),
            ("a:b]c\nd", "a-b-c-d"),
            ("-x-", "x"),
            ("..hidden", "hidden"),
            ("Zürich", "Z-rich"),
            ("_a.b@c+d-e", "_a.b@c+d-e"),
        ] {
            assert_eq!(Alias::from_name(name).unwrap().as_str(), alias, "{name}");
        }
    }

    #[test]
    fn names_that_leave_nothing_are_refused() {
        for name in ["", "..", "/", "日本", "-+."] {
            assert_eq!(Alias::from_name(name), Err(AliasError::Empty(name.into())));
        }
        for name in ["default", "DEFAULT", "Default"] {
            assert_eq!(Alias::from_name(name), Err(AliasError::Default));
        }
        assert_eq!(Alias::from_name("__proto__"), Err(AliasError::Proto));
        assert_eq!(Alias::from_name(&"x".repeat(65)), Err(AliasError::Long("x".repeat(65))));
        assert!(Alias::from_name(&"x".repeat(64)).is_ok());
    }

    #[test]
    fn a_profile_of_the_aws_config_may_be_the_default() {
        assert_eq!(Alias::of_profile("default").unwrap().as_str(), "default");
        assert_eq!(Alias::of_profile("a.b").unwrap().as_str(), "a.b");
        for name in ["DEFAULT", "a b", "", "__proto__"] {
            assert!(Alias::of_profile(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_lent_has_a_name_that_nobody_can_define() {
        let alias: Alias = "prod".parse().unwrap();
        let lent = alias.lent([0, 0xab, 0, 1]);
        assert_eq!(lent.as_str(), "prod~00ab0001");
        assert!(lent.is_lent() && !alias.is_lent());
        assert!(lent.as_str().parse::<Alias>().is_err());
    }

    #[test]
    fn parsing_takes_aliases_only() {
        assert!("a.b".parse::<Alias>().is_ok());
        assert_eq!("a b".parse::<Alias>(), Err(AliasError::Character("a b".into())));
        assert_eq!("../x".parse::<Alias>(), Err(AliasError::Character("../x".into())));
    }
}
