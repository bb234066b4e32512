//! The session name: what CloudTrail shows as the doer of everything done with a session.
//!
//! Promises a name that STS takes: 2 to 64 of `[\w+=,.@-]`
//! ([AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)).

use std::fmt;
use std::str::FromStr;

use crate::Alias;

/// The longest session name, in characters.
const MAX: usize = 64;
/// The template of the name that is used when nobody says one.
pub const DEFAULT_TEMPLATE: &str = "{alias}@{hostname}";
/// What stands for the machine when it has no name.
const NO_HOST: &str = "rolecall";

/// A legal `RoleSessionName`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(String);

/// STS refuses a session name of this text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a session name: 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -`")]
pub struct SessionNameError(String);

/// No session name can be made of this template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Braces with something else in them than what can be filled in, or only one of them.
    #[error("{0:?} has braces that are neither `{{alias}}` nor `{{hostname}}`")]
    Placeholder(String),
    /// STS takes no name of one character.
    #[error("{0:?} makes a session name of less than 2 characters")]
    Short(String),
}

impl SessionName {
    /// `alias@host`, the default. What STS forbids becomes `-`; a host that does not fit is cut, the alias never is.
    #[must_use]
    pub fn new(alias: &Alias, host: &str) -> Self {
        Self(filled(DEFAULT_TEMPLATE, alias, host))
    }

    /// The name of a template with `{alias}` and `{hostname}` filled in. What STS forbids becomes `-`; what does not fit is
    /// cut: the host first, then the end.
    ///
    /// # Errors
    /// When the template has other braces, or the name is too short.
    pub fn from_template(template: &str, alias: &Alias, host: &str) -> Result<Self, TemplateError> {
        if template.replace("{alias}", "").replace("{hostname}", "").contains(['{', '}']) {
            return Err(TemplateError::Placeholder(template.into()));
        }
        let name = filled(template, alias, host);
        if name.len() < 2 { Err(TemplateError::Short(template.into())) } else { Ok(Self(name)) }
    }

    /// The session name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn filled(template: &str, alias: &Alias, host: &str) -> String {
    let mapped = |text: &str| -> String { text.chars().map(|c| if is_legal(c) { c } else { '-' }).collect() };
    // The alias has no braces, nor has a host once it is mapped.
    let parts: Vec<String> = template.replace("{alias}", alias.as_str()).split("{hostname}").map(mapped).collect();
    let room = MAX.saturating_sub(parts.iter().map(String::len).sum());
    let mut host = mapped(if host.is_empty() { NO_HOST } else { host });
    host.truncate(room / (parts.len() - 1).max(1));
    let mut name = parts.join(&host);
    name.truncate(MAX);
    name
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
    fn a_template_says_where_role_and_machine_stand() {
        let name = |template: &str, host: &str| SessionName::from_template(template, &"prod".parse().unwrap(), host);
        for (template, host, made) in [
            (DEFAULT_TEMPLATE, "web 1", "prod@web-1".to_owned()),
            ("{hostname}/{alias}", "web", "web-prod".into()),
            ("fixed", "web", "fixed".into()),
            ("{alias}{alias}", "web", "prodprod".into()),
            ("{hostname}.{alias}", &"h".repeat(80), format!("{}.prod", "h".repeat(59))),
            ("{hostname}+{hostname}", &"h".repeat(80), format!("{0}+{0}", "h".repeat(31))),
            (&"x".repeat(80), "web", "x".repeat(64)),
            ("bü{alias}", "", "b-prod".into()),
        ] {
            assert_eq!(name(template, host).unwrap().as_str(), made, "{template}");
        }
        for template in ["{role}", "{alias", "}", "{}", "{ alias }"] {
            assert_eq!(name(template, "web"), Err(TemplateError::Placeholder(template.into())));
        }
        for template in ["", "x"] {
            assert_eq!(name(template, "web"), Err(TemplateError::Short(template.into())));
        }
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
