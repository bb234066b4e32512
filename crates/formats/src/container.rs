//! The answer of the container credentials endpoint
//! ([AWS](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html)).
//!
//! `Token` where the process document says `SessionToken`, and the true `Expiration`: SDKs ask an endpoint early by
//! themselves.

use rolecall_core::{Role, Session};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::json::secret_document;
use crate::time::utc_seconds;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: &'a str,
    account_id: &'a str,
}

/// The body of the 200 answer for `session` of `role`: one JSON object, no line break.
///
/// That the session has not expired is the caller's to see to: most SDKs use whatever they are given.
#[must_use]
pub fn document(role: &Role, session: &Session) -> Zeroizing<String> {
    let credentials = &session.credentials;
    let expiration = utc_seconds(session.expires_at);
    let document = Document {
        access_key_id: credentials.access_key_id(),
        secret_access_key: credentials.secret_access_key(),
        token: credentials.session_token(),
        expiration: &expiration,
        account_id: role.arn.account(),
    };
    let Document { access_key_id, secret_access_key, token, expiration, account_id } = document;
    let values = [access_key_id, secret_access_key, token, expiration, account_id];
    secret_document(&document, values.iter().map(|v| v.len()).sum())
}

#[cfg(test)]
mod tests {
    use rolecall_core::SessionCredentials;

    use super::*;

    #[test]
    fn the_answer_is_what_the_sdks_read() {
        let arn = "arn:aws:iam::123456789012:role/R".parse().unwrap();
        let role = Role::new("a".parse().unwrap(), arn, "host");
        let session = Session {
            credentials: SessionCredentials::new("ASIA1".into(), "s".into(), "t".into()),
            issued_at: "2025-03-01T09:00:00Z".parse().unwrap(),
            expires_at: "2025-03-01T10:00:00.75Z".parse().unwrap(),
            asked_for: rolecall_core::role::DEFAULT_DURATION,
        };
        assert_eq!(
            document(&role, &session).as_str(),
            concat!(
                r#"{"AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","#,
                r#""Expiration":"2025-03-01T10:00:00Z","AccountId":"123456789012"}"#
            )
        );
    }
}
