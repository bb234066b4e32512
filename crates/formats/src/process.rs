//! The document that a `credential_process` prints
//! ([AWS](https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html)).
//!
//! Its `Expiration` is a little earlier than the true one: the Go SDK asks again only once that time has come, and
//! would else send a request with keys that die on the way. One that is kept in a file has the true one: there it would
//! be early for every reader, and for each at another time of the session.

use jiff::{SignedDuration, Timestamp};
use rolecall_core::{Role, Session};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::json::secret_document;
use crate::time::utc_seconds;

/// The most by which the printed expiry comes before the true one.
const GUARD: SignedDuration = SignedDuration::from_secs(60);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: &'a str,
    account_id: &'a str,
}

/// The whole standard output for `session` of `role` when asked at `now`: one JSON object and a line break.
///
/// That the session has not expired is the caller's to see to: most SDKs use whatever they are given.
#[must_use]
pub fn document(role: &Role, session: &Session, now: Timestamp) -> Zeroizing<String> {
    render(role, session, expiration(session.issued_at, session.expires_at, now))
}

/// The same for a file that is printed at times nobody knows: with the true expiry.
#[must_use]
pub fn file(role: &Role, session: &Session) -> Zeroizing<String> {
    render(role, session, session.expires_at)
}

/// Whether a text is such a document of ours: these six keys in this order, on one line, without a space. Whoever else
/// writes exactly that cannot be told from us.
#[must_use]
pub fn is_ours(text: &str) -> bool {
    let after = |text: &'_ str, key| text.split_once(key).map(|(_, rest)| rest.len());
    let end = || {
        let text = text.strip_prefix(r#"{"Version":1,"AccessKeyId":""#)?.strip_suffix("\"}\n")?;
        let (text, account) = text.rsplit_once(r#"","AccountId":""#)?;
        let (text, expiration) = text.rsplit_once(r#"","Expiration":""#)?;
        let secret = after(text, r#"","SecretAccessKey":""#)?;
        let token = after(text, r#"","SessionToken":""#)?;
        let is_account = account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
        let at: Timestamp = expiration.parse().ok()?;
        Some(is_account && utc_seconds(at) == expiration && token < secret && !text.contains('\n'))
    };
    end().unwrap_or_default()
}

fn render(role: &Role, session: &Session, expiration: Timestamp) -> Zeroizing<String> {
    let credentials = &session.credentials;
    let expiration = utc_seconds(expiration);
    let document = Document {
        version: 1,
        access_key_id: credentials.access_key_id(),
        secret_access_key: credentials.secret_access_key(),
        session_token: credentials.session_token(),
        expiration: &expiration,
        account_id: role.arn.account(),
    };
    let Document { version: _, access_key_id, secret_access_key, session_token, expiration, account_id } = document;
    let values = [access_key_id, secret_access_key, session_token, expiration, account_id];
    let mut text = secret_document(&document, values.iter().map(|v| v.len()).sum());
    text.push('\n');
    text
}

/// The expiry to print: 60 seconds before the true one, at most a twentieth of the lifetime; the true one once less
/// than twice that is left, since a reader that takes it for expired would get nothing better.
#[must_use]
pub fn expiration(issued_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> Timestamp {
    let lifetime = expires_at.duration_since(issued_at).max(SignedDuration::ZERO);
    let guard = GUARD.min(lifetime / 20);
    if expires_at.duration_since(now) < guard * 2 { expires_at } else { expires_at - guard }
}

#[cfg(test)]
mod tests {
    use rolecall_core::SessionCredentials;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn role() -> Role {
        Role::new("a".parse().unwrap(), "arn:aws:iam::123456789012:role/R".parse().unwrap(), "host")
    }

    #[test]
    fn the_document_is_what_the_sdks_read() {
        let credentials = SessionCredentials::new("ASIA1".into(), "s/+\"\n".into(), "t=".into());
        let asked_for = rolecall_core::role::DEFAULT_DURATION;
        let session = Session { credentials, issued_at: at(0), expires_at: at(3600), asked_for };
        let text = document(&role(), &session, at(0));
        assert_eq!(
            text.as_str(),
            concat!(
                r#"{"Version":1,"AccessKeyId":"ASIA1","SecretAccessKey":"s/+\"\n","SessionToken":"t=","#,
                r#""Expiration":"2023-11-14T23:12:20Z","AccountId":"123456789012"}"#,
                "\n"
            )
        );
        let file = file(&role(), &session);
        assert_eq!(*file, text.replace("23:12:20Z", "23:13:20Z"));
        assert!(is_ours(&text) && is_ours(&file));
        for (from, to) in [
            ("\n", ""),
            ("\n", "\n\n"),
            (r#","AccountId":"123456789012""#, ""),
            ("123456789012", "12345678901"),
            ("123456789012", "my account 1"),
            ("Z\"", "+00:00\""),
            ("SessionToken", "SessionTokens"),
            (r#","SecretAccessKey":"s/+\"\n","SessionToken":"t=""#, r#","SessionToken":"t=","SecretAccessKey":"s""#),
            (":1,", ": 1,"),
            ("ASIA1", "ASIA\n1"),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(!is_ours(&text.replacen(from, to, 1)), "{from} {to}");
        }
        assert!(!is_ours(r#"{"Version":1}"#) && !is_ours(""));
    }

    #[test]
    fn the_printed_expiry_is_early_until_little_is_left() {
        // Lifetime, now, how much earlier.
        for (lifetime, now, earlier) in [
            (3600, 0, 60),
            (3600, 3600 - 120, 60),
            (3600, 3600 - 119, 0),
            (3600, 4000, 0),
            (1200, 0, 60),
            (900, 0, 45),
            (900, 900 - 90, 45),
            (900, 900 - 89, 0),
            (20, 0, 1),
            (0, 0, 0),
            (-5, 0, 0),
        ] {
            let printed = expiration(at(0), at(lifetime), at(now));
            assert_eq!(printed, at(lifetime - earlier), "lifetime {lifetime}, now {now}");
        }
    }
}
