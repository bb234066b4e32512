//! `tokens/<alias>` in the state directory: what a program shows to the loopback endpoint to get the credentials of that
//! alias, and of no other.
//!
//! Promises that a token stays the same from agent to agent, since programs that run hold its path; that its file has no
//! line break, which every SDK would send along or choke on; and that there is none for any other alias.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rolecall_core::Alias;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::publish::files::{self, Access, FileError};
use crate::state::owned_dir;

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

/// Why the tokens could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The directory takes no file.
    #[error("keep the tokens of the endpoint: {0}")]
    File(#[from] FileError),
}

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
    name.parse::<Alias>().is_ok()
}

/// Whether the text of a file there is a token; somebody may have written it with a line break.
pub(crate) fn is_ours(text: &str) -> bool {
    text.trim_end().parse::<Token>().is_ok()
}

/// Sees to it that each of `aliases` has a token in the state directory and nobody else has one, and returns them. Those
/// that are there stay as they are. Only for the holder of the directory's lock. Blocks.
///
/// # Errors
/// When the directory takes no file, or a new token cannot be made.
pub(crate) fn keep(state_dir: &Path, aliases: &[Alias], access: Access) -> Result<BTreeMap<Alias, Token>, TokensError> {
    let directory = state_dir.join(DIRECTORY);
    let wanted: BTreeSet<&str> = aliases.iter().map(Alias::as_str).collect();
    owned_dir::tidy(&directory, |name| wanted.contains(name), is_ours, access)?;
    aliases.iter().map(|alias| Ok((alias.clone(), kept(&token_path(state_dir, alias), access)?))).collect()
}

/// The token in a file; a new one where there is none that is whole.
fn kept(path: &Path, access: Access) -> Result<Token, TokensError> {
    let text = files::read(path)?;
    let token = match text.trim_end().parse() {
        Ok(token) => token,
        Err(TokenError) => Token::new()?,
    };
    owned_dir::write(path, token.as_str(), access)?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn aliases(names: &[&str]) -> Vec<Alias> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

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

    #[test]
    fn tokens_come_and_go_with_their_aliases_and_stay_the_same() {
        let home = tempfile::tempdir().unwrap();
        let first = keep(home.path(), &aliases(&["a", "b"]), Access::default()).unwrap();
        let path = token_path(home.path(), &aliases(&["a"])[0]);
        assert_eq!(fs::read_to_string(&path).unwrap(), first["a"].as_str());
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));

        fs::write(home.path().join("tokens/notes.txt"), "mine").unwrap();
        let second = keep(home.path(), &aliases(&["a", "c"]), Access::default()).unwrap();
        assert_eq!(first["a"].as_str(), second["a"].as_str());
        let entries = fs::read_dir(home.path().join(DIRECTORY)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a", "c", "notes.txt"]);
    }

    #[test]
    fn a_line_break_goes_and_what_is_no_token_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let before = keep(home.path(), &aliases(&["a"]), Access::default()).unwrap();
        let path = token_path(home.path(), &aliases(&["a"])[0]);
        for (text, stays) in [("", false), ("short", false), (&*format!("{}\n", before["a"].as_str()), true)] {
            fs::write(&path, text).unwrap();
            let after = keep(home.path(), &aliases(&["a"]), Access::default()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after["a"].as_str(), "{text:?}");
            assert_eq!(after["a"].as_str() == before["a"].as_str(), stays, "{text:?}");
        }
    }
}
