//! The secret part of a session.
//!
//! Promises to be wiped from memory when dropped and never to be printed: no `Display`, no `Serialize`, a `Debug` that
//! shows nothing. It leaves the vault only through a renderer of `formats`.

use std::fmt;

use zeroize::Zeroizing;

/// The three values that STS issues together and that are used together.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionCredentials {
    access_key_id: Zeroizing<String>,
    secret_access_key: Zeroizing<String>,
    session_token: Zeroizing<String>,
}

impl SessionCredentials {
    /// Takes the values as STS returned them.
    #[must_use]
    pub fn new(access_key_id: String, secret_access_key: String, session_token: String) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: session_token.into(),
        }
    }

    /// The access key id (`ASIA…`).
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret access key. For renderers only.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// The session token. For renderers only.
    #[must_use]
    pub fn session_token(&self) -> &str {
        &self.session_token
    }
}

impl fmt::Debug for SessionCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionCredentials(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let text = format!("{:?}", SessionCredentials::new("canary-a".into(), "canary-b".into(), "canary-c".into()));
        assert!(!text.contains("canary"), "{text}");
    }
}
