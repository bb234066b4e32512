//! Faults as they come off the wire; the table itself is tested where it stands.

use rolecall_core::{AssumeRole, FaultKind};

use super::support::*;

#[tokio::test(start_paused = true)]
async fn each_answer_of_sts_becomes_its_fault() {
    type Case = (fn() -> Answer, FaultKind, &'static str);
    let cases: &[Case] = &[
        (|| error(403, "AccessDenied", "User: arn:aws:iam::1:user/u is not authorized"), FaultKind::Denied, "user/u"),
        (|| error(403, "ExpiredTokenException", "expired"), FaultKind::BaseExpired, "have expired"),
        (|| error(403, "InvalidClientTokenId", "invalid"), FaultKind::Misconfigured, "does not know"),
        (|| error(403, "SignatureDoesNotMatch", "canary-canonical"), FaultKind::Misconfigured, "secret access key"),
        (|| error(400, "Throttling", "Rate exceeded"), FaultKind::Throttled, "Throttling"),
        (|| error(503, "ServiceUnavailable", ""), FaultKind::Unreachable, "503 ServiceUnavailable"),
        (|| Answer::Http(502, None, "<html>canary</html>".into()), FaultKind::Unreachable, "502"),
        (|| Answer::Http(403, None, "<html>canary</html>".into()), FaultKind::Unreachable, "not an answer of AWS"),
        (|| Answer::Http(200, None, "<html>canary</html>".into()), FaultKind::Unreachable, "not an answer of AWS"),
        (|| Answer::Refused, FaultKind::Unreachable, "sts.eu-west-1.amazonaws.com is unreachable: connection refused"),
        (
            || {
                error(
                    400,
                    "ValidationError",
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                )
            },
            FaultKind::Misconfigured,
            "MaxSessionDuration",
        ),
        (|| error(403, "RequestExpired", "Request has expired."), FaultKind::Clock, "Request has expired"),
        (|| error(400, "Unheard", "of"), FaultKind::Bug, "Unheard: of"),
    ];
    for (answer, kind, words) in cases {
        let aws = Aws::new(move |_, _| answer());
        let fault = with_keys(&aws).assume_role(&role(), None).await.unwrap_err();
        assert_eq!(fault.kind, *kind, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
        assert!(!format!("{fault:?}").contains("canary"), "{fault}");
    }
}

#[tokio::test]
async fn an_answer_without_a_session_is_no_session() {
    let empty = "<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResult></AssumeRoleResponse>";
    let aws = Aws::new(move |_, _| Answer::Http(200, None, empty.into()));
    let fault = with_keys(&aws).assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Bug, "{fault}");
}

#[tokio::test]
async fn a_session_with_values_that_aws_never_issues_is_no_session() {
    let long = "t".repeat(16 * 1024 + 1);
    for (id, secret, token, words) in [
        ("ASIA&#10;", "s", "t", "an access key id that ends with a line break"),
        ("ASIA", "can ary", "t", "a secret access key that has a character that AWS never issues"),
        ("ASIA", "s", "can&#10;[default]&#10;ary", "a session token that has a character that AWS never issues"),
        ("ASIA", "s", &long, "a session token that is longer than 16 KiB"),
        ("ASIA", "s", "", "a session token that is empty"),
    ] {
        let body = format!(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}\
             </SecretAccessKey><SessionToken>{token}</SessionToken><Expiration>2026-11-02T11:00:00Z</Expiration>\
             </Credentials></AssumeRoleResult></AssumeRoleResponse>"
        );
        let aws = Aws::new(move |_, _| Answer::Http(200, None, body.clone()));
        let fault = with_keys(&aws).assume_role(&role(), None).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Bug, "{fault}");
        assert!(fault.message.ends_with(&format!("sts.eu-west-1.amazonaws.com has {words}")), "{fault}");
        assert!(!format!("{fault:?}").contains("can"), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_repeats_our_secrets_does_not_get_them_into_a_fault() {
    for status in [400, 403, 500] {
        for code in
            ["AccessDenied", "ValidationError", "Unheard", "canary-key", "RequestExpired", "RegionDisabledException"]
        {
            let aws = Aws::new(move |_, _| error(status, code, "you sent canary-key and canary-session"));
            let keys = "[default]\naws_access_key_id = A\naws_secret_access_key = canary-key\naws_session_token = canary-session\n";
            let sts = World::new(aws).files("[default]\nregion = eu-west-1\n", keys).sts();
            let fault = sts.assume_role(&role(), None).await.unwrap_err();
            let text = format!("{fault} {fault:?}");
            assert!(!text.contains("canary"), "{text}");
        }
    }
}

#[test]
fn a_base_with_keys_does_not_print_them() {
    let base = crate::Base::Keys {
        access_key_id: "AKIA1".into(),
        secret_access_key: "canary".into(),
        endpoint_url: "http://127.0.0.1:1".into(),
        region: "eu-west-1".parse().unwrap(),
    };
    let text = format!("{base:?}");
    assert!(text.contains("AKIA1") && !text.contains("canary"), "{text}");
}
