//! Which answer of AWS is which fault, in which words.

use super::super::failure::one_line;
use super::*;

fn call() -> Call {
    Call {
        attempted: "assume arn:aws:iam::123456789012:role/R".into(),
        host: Some("sts.example".into()),
        with: With::Base { known: false },
    }
}

fn answer(code: &str, message: &str, status: u16) -> Failure {
    let text = |text: &str| (!text.is_empty()).then(|| one_line(text));
    Failure { kind: Kind::Service, code: text(code), message: text(message), status: Some(status) }
}

#[test]
fn every_code_has_its_kind() {
    use FaultKind::{BaseExpired, Bug, Clock, Denied, Misconfigured, Throttled, Unreachable};
    for (code, message, status, kind) in [
        ("AccessDenied", "", 403, Denied),
        ("AccessDeniedException", "x", 403, Denied),
        ("ExpiredToken", "", 400, BaseExpired),
        ("ExpiredTokenException", "", 400, BaseExpired),
        ("InvalidClientTokenId", "", 403, Misconfigured),
        ("UnrecognizedClientException", "", 403, Misconfigured),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", 403, Misconfigured),
        ("MissingAuthenticationToken", "", 403, Misconfigured),
        ("InvalidIdentityToken", "", 400, Misconfigured),
        ("IDPRejectedClaim", "", 403, BaseExpired),
        ("Throttling", "", 400, Throttled),
        ("ThrottlingException", "", 400, Throttled),
        ("TooManyRequestsException", "", 429, Throttled),
        ("RequestLimitExceeded", "", 503, Throttled),
        ("SlowDown", "", 503, Throttled),
        ("", "", 429, Throttled),
        ("InternalFailure", "", 500, Unreachable),
        ("ServiceUnavailable", "", 503, Unreachable),
        ("IDPCommunicationError", "", 400, Unreachable),
        ("", "", 502, Unreachable),
        ("", "", 403, Unreachable),
        ("ValidationError", "1 validation error detected: Value 'x' at 'roleArn'", 400, Misconfigured),
        ("MalformedPolicyDocument", "", 400, Misconfigured),
        ("PackedPolicyTooLarge", "", 400, Misconfigured),
        ("RegionDisabledException", "", 403, Misconfigured),
        ("RequestExpired", "", 400, Clock),
        (
            "SignatureDoesNotMatch",
            "Signature expired: 20261102T100000Z is now earlier than 20261102T104500Z",
            403,
            Clock,
        ),
        ("SignatureDoesNotMatch", "Signature not yet current: 20261102T120000Z is still later than x", 403, Clock),
        ("Unheard", "", 400, Bug),
    ] {
        let fault = classify(&call(), &answer(code, message, status));
        assert_eq!(fault.kind, kind, "{code} {message}: {fault}");
        assert!(fault.message.starts_with("could not assume arn:aws:iam::123456789012:role/R: "), "{fault}");
        for text in [&fault.message, &fault.action] {
            assert!(!text.ends_with('.') && !text.contains('\n') && !text.contains("  "), "{text:?}");
        }
    }
}

#[test]
fn keys_that_worked_have_ended_and_others_were_never_right() {
    let unknown = answer("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
    assert_eq!(classify(&call(), &unknown).kind, FaultKind::Misconfigured);
    let ended = classify(&Call { with: With::Base { known: true }, ..call() }, &unknown);
    assert_eq!(ended.kind, FaultKind::BaseExpired, "{ended}");
    let wrong = answer("SignatureDoesNotMatch", "The request signature we calculated does not match", 403);
    assert_eq!(classify(&Call { with: With::Base { known: true }, ..call() }, &wrong).kind, FaultKind::Misconfigured);
}

#[test]
fn a_rejected_base_is_told_from_all_else() {
    for (code, message, rejected) in [
        ("ExpiredToken", "", true),
        ("InvalidClientTokenId", "", true),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", true),
        ("SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2", false),
        ("AccessDenied", "", false),
        ("ValidationError", "", false),
        ("Throttling", "", false),
    ] {
        assert_eq!(rejects_base(&answer(code, message, 403)), rejected, "{code} {message}");
    }
}

#[test]
fn a_certificate_that_is_not_trusted_says_what_to_trust() {
    let message = Some("invalid peer certificate: UnknownIssuer".to_owned());
    let fault = classify(&call(), &Failure { kind: Kind::NoAnswer, message, ..Failure::default() });
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(
        fault.message.ends_with("sts.example cannot be trusted: invalid peer certificate: UnknownIssuer"),
        "{fault}"
    );
    assert!(fault.action.contains("AWS_CA_BUNDLE"), "{fault}");
}

#[test]
fn the_remedy_fits_the_message() {
    for (code, message, remedy) in [
        ("AccessDenied", "not authorized to perform: sts:AssumeRole", "trust policy of the role name this caller"),
        ("AccessDenied", "not authorized to perform: sts:TagSession", "sts:TagSession next to sts:AssumeRole"),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            "--duration 1h",
        ),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            "raise that maximum",
        ),
        ("ExpiredToken", "", "aws sso login"),
        ("RegionDisabledException", "", "activate STS"),
    ] {
        let fault = classify(&call(), &answer(code, message, 400));
        assert!(fault.action.contains(remedy), "{fault}");
    }
}

#[test]
fn the_words_of_aws_are_kept_on_one_short_line() {
    let fault = classify(&call(), &answer("AccessDenied", "User: a\n  is not\tauthorized.", 403));
    assert!(fault.message.ends_with(": STS refused: User: a is not authorized"), "{fault}");
    let long = classify(&call(), &answer("AccessDenied", &"é".repeat(1000), 403));
    assert!(long.message.chars().count() < 400 && long.message.ends_with('…'), "{long}");
}

#[test]
fn the_canonical_request_is_left_out() {
    let message = "The request signature we calculated does not match. The Canonical String was 'POST / token'";
    let fault = classify(&call(), &answer("SignatureDoesNotMatch", message, 403));
    assert!(!format!("{fault:?}").contains("Canonical"), "{fault}");
}

#[test]
fn what_was_sent_is_not_repeated_where_aws_could_not_read_it() {
    for message in
        ["'canary/20261102/eu-west-1' not a valid key=value pair", "canary: Signature expired", "canary 1 hour"]
    {
        let fault = classify(&call(), &answer("IncompleteSignature", message, 400));
        assert_eq!(fault.kind, FaultKind::Misconfigured, "{fault}");
        assert!(!format!("{fault:?}").contains("canary"), "{fault}");
    }
}

#[test]
fn what_our_client_refuses_is_said_with_its_remedy() {
    for (refusal, kind, words, remedy) in [
        (Refusal::NoAuthorities, FaultKind::Misconfigured, "no certificate authorities", "install ca-certificates"),
        (
            Refusal::Bundle { setting: "AWS_CA_BUNDLE".into(), why: "names /x, which could not be read".into() },
            FaultKind::Misconfigured,
            "AWS_CA_BUNDLE names /x",
            "PEM form",
        ),
        (Refusal::Proxy("\"x\"".into()), FaultKind::Misconfigured, "the proxy is \"x\"", "NO_PROXY"),
        (Refusal::TooLong, FaultKind::Unreachable, "sts.example answered more than 1 MiB", "proxy"),
    ] {
        let fault = classify(&call(), &Failure { kind: Kind::Refused(refusal), ..Failure::default() });
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.message.contains(words) && fault.action.contains(remedy), "{fault}");
    }
}

#[test]
fn a_call_that_got_no_answer_names_the_host() {
    for (kind, expected) in [
        (Kind::NoAnswer, FaultKind::Unreachable),
        (Kind::Unreadable, FaultKind::Unreachable),
        (Kind::NotSent, FaultKind::Misconfigured),
    ] {
        let failure = Failure { kind, message: Some("why".into()), ..Failure::default() };
        let fault = classify(&call(), &failure);
        assert_eq!(fault.kind, expected);
        assert_eq!(fault.message.contains("sts.example"), failure.kind != Kind::NotSent, "{fault}");
    }
}
