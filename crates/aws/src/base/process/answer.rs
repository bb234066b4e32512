//! The answer of a `credential_process`, as the
//! [SDKs define it](https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    version: Option<i64>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// The credentials in an answer.
///
/// # Errors
/// What is wrong with it, to go on behind "an answer that"; never with a part of it.
pub(super) fn parse(answer: &[u8]) -> Result<Credentials, &'static str> {
    // The parser's own words repeat what it read.
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| "is not the JSON that AWS programs expect")?;
    if answer.version != Some(1) {
        return Err("has no \"Version\": 1");
    }
    let access_key_id = answer.access_key_id.ok_or("has no \"AccessKeyId\"")?;
    let secret_access_key = answer.secret_access_key.ok_or("has no \"SecretAccessKey\"")?;
    let expiration = answer.expiration.filter(|text| !text.is_empty()).map(|text| expiry(&text)).transpose()?;
    // Some programs write an empty token for keys that have none.
    let session_token = answer.session_token.filter(|token| !token.is_empty());
    Ok(Credentials::new(access_key_id, secret_access_key, session_token, expiration, "CredentialProcess"))
}

fn expiry(text: &str) -> Result<SystemTime, &'static str> {
    let malformed = "has an \"Expiration\" that is no time such as 2026-01-31T12:00:00Z";
    let seconds = text.parse::<Timestamp>().map_err(|_| malformed)?.as_second();
    Ok(UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).map_err(|_| malformed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_the_sdks_define_it() {
        let parsed = parse(
            br#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-11-02T12:00:00+01:00","More":[]}"#,
        )
        .unwrap();
        assert_eq!((parsed.access_key_id(), parsed.secret_access_key(), parsed.session_token()), ("A", "s", Some("t")));
        assert_eq!(parsed.expiry(), Some(UNIX_EPOCH + Duration::from_secs(1_793_617_200)));

        let bare = parse(br#" {"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":""} "#).unwrap();
        assert_eq!((bare.session_token(), bare.expiry()), (None, None));
    }

    #[test]
    fn what_is_wrong_with_an_answer_is_said_without_it() {
        for (answer, expected) in [
            ("", "JSON"),
            ("canary", "JSON"),
            (r#"{"Version":"canary"}"#, "JSON"),
            (r#"{"AccessKeyId":"canary","SecretAccessKey":"canary"}"#, "Version"),
            (r#"{"Version":2,"AccessKeyId":"canary","SecretAccessKey":"canary"}"#, "Version"),
            (r#"{"Version":1,"SecretAccessKey":"canary"}"#, "\"AccessKeyId\""),
            (r#"{"Version":1,"AccessKeyId":"canary"}"#, "SecretAccessKey"),
            (r#"{"Version":1,"AccessKeyId":"canary","SecretAccessKey":"canary","Expiration":"canary"}"#, "Expiration"),
        ] {
            let why = parse(answer.as_bytes()).unwrap_err();
            assert!(why.contains(expected) && !why.contains("canary"), "{answer}: {why}");
        }
    }
}
