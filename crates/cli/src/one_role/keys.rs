//! The keys of a session, for a program that is handed them in its environment and cannot get others later.

use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::{Alias, Role, Session, SessionCredentials};
use serde::Deserialize;

use crate::output::{self, duration};

/// Under this much botocore takes keys for stale, and a program that has just begun may not come to its end.
pub(crate) const ENOUGH: Duration = Duration::from_secs(15 * 60);

/// Keys, until when they are valid, and for which account.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) credentials: SessionCredentials,
    pub(crate) expires_at: Timestamp,
    pub(crate) account: String,
}

impl Keys {
    /// What an answer to `credential_process` or of the container endpoint holds; none when it is something else.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Document {
            access_key_id: String,
            secret_access_key: String,
            #[serde(alias = "SessionToken")]
            token: String,
            expiration: String,
            account_id: String,
        }
        let Document { access_key_id, secret_access_key, token, expiration, account_id } =
            serde_json::from_slice(document).ok()?;
        let credentials = SessionCredentials::new(access_key_id, secret_access_key, token);
        Some(Self { credentials, expires_at: expiration.parse().ok()?, account: account_id })
    }

    /// Those of a session.
    pub(crate) fn of(role: &Role, session: &Session) -> Self {
        let account = role.arn.account().into();
        Self { credentials: session.credentials.clone(), expires_at: session.expires_at, account }
    }

    /// How long they are still valid, when that is not [`ENOUGH`].
    pub(crate) fn little_left(&self, now: Timestamp) -> Option<Duration> {
        Some(duration::until(now, self.expires_at)).filter(|left| *left < ENOUGH)
    }

    /// Says on stderr when it is not: whoever gets keys has them until they end.
    pub(crate) fn tell_if_little_is_left(&self, alias: &Alias, now: Timestamp) {
        if let Some(left) = self.little_left(now) {
            let left = duration::words(left);
            output::tell(format_args!(
                "note: the keys of {alias} are valid for {left} more, and are not refreshed with --keys"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_documents_hold_the_same_keys() {
        for token in ["Token", "SessionToken"] {
            let document = format!(
                r#"{{"AccessKeyId":"A","SecretAccessKey":"S","{token}":"T","Expiration":"2026-01-01T01:00:00Z","AccountId":"1"}}"#
            );
            let keys = Keys::parse(document.as_bytes()).unwrap();
            assert_eq!(keys.credentials, SessionCredentials::new("A".into(), "S".into(), "T".into()));
            assert_eq!((keys.expires_at.to_string(), keys.account), ("2026-01-01T01:00:00Z".into(), "1".into()));
        }
        assert!(Keys::parse(b"{}").is_none());
    }

    #[test]
    fn under_a_quarter_of_an_hour_is_little() {
        let document =
            br#"{"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2026-01-01T01:00:00Z","AccountId":"1"}"#;
        let keys = Keys::parse(document).unwrap();
        let left = |now: &str| keys.little_left(now.parse().unwrap()).map(|left| left.as_secs());
        assert_eq!(left("2026-01-01T00:45:00Z"), None);
        assert_eq!(left("2026-01-01T00:45:01Z"), Some(899));
        assert_eq!(left("2026-01-01T02:00:00Z"), Some(0));
    }
}
