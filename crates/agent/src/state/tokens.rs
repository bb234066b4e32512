//! `tokens/<alias>` in the state directory: what a program shows to the loopback endpoint to get the credentials of that
//! alias, and of no other.
//!
//! Each agent makes its own: while none runs, another user may listen on the port and be shown the one of before. Programs
//! hold the path, and every SDK reads the file again for each request. Promises that a file has no line break, which every
//! SDK would send along or choke on.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_core::Alias;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The name of the directory.
pub(crate) const DIRECTORY: &str = "tokens";
/// The random bytes of a token: as hard to guess as an AES-256 key.
const BYTES: usize = 32;
/// The characters of a token.
const CHARACTERS: usize = 43;

/// A bearer token: 43 characters of base64url.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

/// The text is no token of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token: {CHARACTERS} characters of `A-Z a-z 0-9 _ -`")]
pub struct TokenError;

/// Why there is no new token.
#[derive(Debug, thiserror::Error)]
#[error("make a token: the system gives no random bytes: {0}")]
pub struct NoRandomness(getrandom::Error);

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn new() -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        getrandom::fill(&mut *bytes).map_err(NoRandomness)?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))))
    }

    /// The token as it is shown to the endpoint and as it stands in a file: without a line break.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `shown` is this token, in a time that does not tell how much of it is right.
    #[must_use]
    pub fn is(&self, shown: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(shown).into()
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.len() == CHARACTERS && text.bytes().all(is_legal) {
            Ok(Self(Zeroizing::new(text.into())))
        } else {
            Err(TokenError)
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The path of the token of an alias in a state directory.
#[must_use]
pub fn token_path(state_dir: &Path, alias: &Alias) -> PathBuf {
    state_dir.join(DIRECTORY).join(alias.as_str())
}

/// Whether a file of this name there would be written by us.
pub(crate) fn is_named(name: &str) -> bool {
    Alias::of_profile(name).is_ok()
}

/// Whether the text of a file there is a token; somebody may have written it with a line break.
pub(crate) fn is_ours(text: &str) -> bool {
    text.trim_end().parse::<Token>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_no_other_is() {
        let (one, other) = (Token::new().unwrap(), Token::new().unwrap());
        assert!(one.is(one.as_str().as_bytes()) && !one.is(other.as_str().as_bytes()));
        for shown in ["", &one.as_str()[1..], &format!("{}A", one.as_str()), &format!("{}\n", one.as_str())] {
            assert!(!one.is(shown.as_bytes()));
        }
        assert_eq!(one.as_str().parse::<Token>().unwrap().as_str(), one.as_str());
        assert!("x".repeat(42).parse::<Token>().is_err() && format!("{} ", "x".repeat(42)).parse::<Token>().is_err());
        assert_eq!(format!("{one:?}"), "Token(…)");
    }
}
