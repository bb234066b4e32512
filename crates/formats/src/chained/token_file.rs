//! The path of a web identity token, as every AWS SDK reads it from a config: no blank, comment or quote begins in it.

use std::fmt;
use std::str::FromStr;

/// The absolute path of a file with a web identity token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFile(String);

/// The text is no path that stands alike in every AWS config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be the path of a token: it must begin with `/` and have visible ASCII characters only")]
pub struct TokenFileError(String);

impl TokenFile {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenFile {
    type Err = TokenFileError;

    fn from_str(text: &str) -> Result<Self, TokenFileError> {
        if text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text.into()))
        } else {
            Err(TokenFileError(text.into()))
        }
    }
}

impl fmt::Display for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

    #[test]
    fn a_token_is_at_a_plain_absolute_path() {
        for path in ["", "token", "/a b", "/a\n[default]", "/a # b", "/é", " /a"] {
            assert_eq!(path.parse::<TokenFile>(), Err(TokenFileError(path.into())));
        }
        assert_eq!(PATH.parse::<TokenFile>().unwrap().as_str(), PATH);
    }
}
