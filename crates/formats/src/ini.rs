//! Lines of an AWS config or credentials file.
//!
//! Promises one section header or one key per call. Aliases, Regions and command lines are safe by their types; session
//! values come from outside and are checked here, and the check never shows them.

use rolecall_core::{Alias, Session};
use zeroize::Zeroizing;

use crate::time::utc_seconds;

/// A value that STS returned cannot stand in a credentials file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {field} of {alias} is empty or has a character that no AWS credential has, so it cannot be written to a \
     credentials file; check what answers as STS"
)]
pub struct ValueError {
    /// Whose session it is.
    pub alias: Alias,
    /// Which of the three values.
    pub field: &'static str,
}

/// Appends a section header.
pub(crate) fn header(text: &mut String, name: &str) {
    line(text, &["[", name, "]"]);
}

/// Appends a key with its value.
pub(crate) fn key(text: &mut String, name: &str, value: &str) {
    line(text, &[name, " = ", value]);
}

fn line(text: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| text.push_str(part));
    text.push('\n');
}

/// Appends the keys that make a section of a credentials file out of `session`.
///
/// # Errors
/// A value that is not visible ASCII, or that some SDK would take for a quote or a comment. Nothing is appended then.
pub(crate) fn session(text: &mut String, alias: &Alias, session: &Session) -> Result<(), ValueError> {
    let credentials = &session.credentials;
    let values = [
        ("aws_access_key_id", "access key id", credentials.access_key_id()),
        ("aws_secret_access_key", "secret access key", credentials.secret_access_key()),
        ("aws_session_token", "session token", credentials.session_token()),
    ];
    for (_, field, value) in values {
        let legal = |b: u8| b.is_ascii_graphic() && !b"\"'#;".contains(&b);
        if value.is_empty() || !value.bytes().all(legal) {
            return Err(ValueError { alias: alias.clone(), field });
        }
    }
    for (name, _, value) in values {
        key(text, name, value);
    }
    key(text, "x_security_token_expires", &utc_seconds(session.expires_at));
    Ok(())
}

/// An empty text with room for the sections of `sessions` and as many again, so that it never moves and leaves a copy
/// of a secret behind.
pub(crate) fn room_for<'a>(sessions: impl Iterator<Item = &'a Session>) -> Zeroizing<String> {
    // Headers, names of keys, expiry and key of the role stay well under this.
    const REST: usize = 512;
    let size = |s: &Session| {
        let c = &s.credentials;
        c.access_key_id().len() + c.secret_access_key().len() + c.session_token().len() + REST
    };
    Zeroizing::new(String::with_capacity(REST + 2 * sessions.map(size).sum::<usize>()))
}
