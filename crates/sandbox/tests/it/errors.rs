//! What fails: every error of STS, with its status and words.

use jiff::SignedDuration;

use crate::client::{FORM, ROLE, Signer, World, assume_role};

const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

#[tokio::test]
async fn without_a_signature_nothing_is_answered() {
    let world = World::start().await;
    let answer = world.plain("POST", "/", &format!("content-type: {FORM}\r\n"), WHO).await;
    assert_eq!(answer.error(), (403, "MissingAuthenticationToken", "Request is missing Authentication Token"));
    assert_eq!(answer.element("Type"), "Sender");
}

#[tokio::test]
async fn an_incomplete_signature_is_named() {
    let world = World::start().await;
    let good = world.signed(&Signer::user(), WHO);
    for (from, to, message) in [
        ("AWS4-HMAC-SHA256", "Bearer", "Authorization header requires 'Credential' parameter. "),
        ("Credential=", "Credential= ", "'SANDBOXKEYOFROLECALL/20260301/us-east-1/sts/aws4_request' not a valid"),
        ("/sts/aws4_request", "/sts", "Credential must have exactly 5 slash-delimited elements"),
        ("x-amz-date: ", "x-other: ", "Authorization header requires existence of either a 'X-Amz-Date'"),
        ("x-amz-date: 2026", "x-amz-date: 26", "Date must be in ISO-8601 'basic format'. Got '26"),
    ] {
        assert!(good.contains(from), "{good}");
        let answer = world.send(good.replacen(from, to, 1)).await.unwrap();
        let (status, code, text) = answer.error();
        assert_eq!((status, code), (400, "IncompleteSignature"), "{from}");
        assert!(text.starts_with(message), "{text}");
    }
}

#[tokio::test]
async fn keys_and_tokens_that_do_not_belong_together_are_unknown() {
    let world = World::start().await;
    let one = Signer::session(&world.assume(&Signer::user(), ROLE).await);
    let two = Signer::session(&world.assume(&Signer::user(), ROLE).await);
    let mut changed = two.token.clone().unwrap();
    changed.replace_range(60..61, if &changed[60..61] == "A" { "B" } else { "A" });
    let message = "The security token included in the request is invalid.";
    for (case, signer) in [
        ("unknown key", Signer { id: "SANDBOXKEYOFNOBODY".into(), ..Signer::user() }),
        ("a user's key with a token", Signer { token: one.token.clone(), ..Signer::user() }),
        ("a session's key without its token", Signer { token: None, ..one.clone() }),
        ("the token of another session", Signer { token: two.token.clone(), ..one }),
        ("a token that was changed", Signer { token: Some(changed), ..two.clone() }),
        ("a token that is none", Signer { token: Some("x".into()), ..two }),
    ] {
        let answer = world.identity(&signer).await;
        assert_eq!(answer.error(), (403, "InvalidClientTokenId", message), "{case}");
    }
}

#[tokio::test]
async fn a_wrong_secret_or_a_changed_request_does_not_match() {
    let world = World::start().await;
    let message = "The request signature we calculated does not match the signature you provided. Check your AWS \
                   Secret Access Key and signing method. Consult the service documentation for details.";
    let wrong = Signer { secret: "wrong".into(), ..Signer::user() };
    assert_eq!(world.identity(&wrong).await.error(), (403, "SignatureDoesNotMatch", message));
    let session = Signer::session(&world.assume(&Signer::user(), ROLE).await);
    let wrong = Signer { secret: "wrong".into(), ..session };
    assert_eq!(world.identity(&wrong).await.error(), (403, "SignatureDoesNotMatch", message));

    let good = world.signed(&Signer::user(), &assume_role(ROLE));
    for (from, to) in [
        ("MyFirstRole", "MyFirstRolf"),
        ("POST / ", "POST /?x=y "),
        ("content-type: application", "content-type:  application;"),
        ("host: 127.0.0.1", "host: localhost"),
        ("SignedHeaders=content-type;", "SignedHeaders="),
        ("Signature=", "Signature=0"),
    ] {
        assert!(good.contains(from), "{good}");
        let answer = world.send(good.replacen(from, to, 1)).await.unwrap();
        if from.starts_with("content-type") {
            assert_eq!(answer.status, 404, "{from}: no form any more");
        } else {
            assert_eq!(answer.error(), (403, "SignatureDoesNotMatch", message), "{from}");
        }
    }
}

#[tokio::test]
async fn a_signature_holds_fifteen_minutes_either_way() {
    let world = World::start().await;
    let at = |skew| Signer { skew: SignedDuration::from_secs(skew), ..Signer::user() };
    for skew in [-900, 0, 900] {
        assert_eq!(world.identity(&at(skew)).await.status, 200, "{skew}");
    }
    let early = world.identity(&at(-901)).await;
    let message =
        "Signature expired: 20260301T114459Z is now earlier than 20260301T114500Z (20260301T120000Z - 15 min.)";
    assert_eq!(early.error(), (403, "SignatureDoesNotMatch", message));
    let late = world.identity(&at(901)).await;
    let message =
        "Signature not yet current: 20260301T121501Z is still later than 20260301T121500Z (20260301T120000Z + 15 min.)";
    assert_eq!(late.error(), (403, "SignatureDoesNotMatch", message));
}

#[tokio::test]
async fn a_signature_is_for_sts_in_a_region_on_a_day() {
    let world = World::start().await;
    let other = |service, region| Signer { service, region, ..Signer::user() };
    for (signer, message) in [
        (other("s3", "us-east-1"), "Credential should be scoped to correct service: 'sts'."),
        (other("sts", "US_EAST"), "Credential should be scoped to a valid region, not 'US_EAST'."),
    ] {
        assert_eq!(world.identity(&signer).await.error(), (403, "SignatureDoesNotMatch", message));
    }
    assert_eq!(world.identity(&other("sts", "eu-central-1")).await.status, 200);
    let good = world.signed(&Signer::user(), WHO);
    for (from, to, message) in [
        ("aws4_request", "aws4", "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4'."),
        (
            "/20260301/",
            "/20260228/",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260228' != \
             '20260301', from '20260301T120000Z'.",
        ),
        (";host;", ";", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
    ] {
        let answer = world.send(good.replacen(from, to, 1)).await.unwrap();
        assert_eq!(answer.error(), (403, "SignatureDoesNotMatch", message));
    }
}

#[tokio::test]
async fn a_role_that_is_not_there_is_denied_in_the_same_words_as_any() {
    let world = World::start().await;
    for role in ["arn:aws:iam::123456789012:role/None", "arn:aws:iam::999999999999:role/MyFirstRole"] {
        let message = format!(
            "User: arn:aws:iam::123456789012:user/rolecall is not authorized to perform: sts:AssumeRole on resource: \
             {role}"
        );
        assert_eq!(world.assume(&Signer::user(), role).await.error(), (403, "AccessDenied", message.as_str()));
    }
    let session = Signer::session(&world.assume(&Signer::user(), ROLE).await);
    let answer = world.assume(&session, "arn:aws:iam::123456789012:role/None").await;
    assert!(answer.error().2.starts_with("User: arn:aws:sts::123456789012:assumed-role/MyFirstRole/me@host is not"));
}

#[tokio::test]
async fn durations_have_bounds() {
    let world = World::start().await;
    let session = Signer::session(&world.assume(&Signer::user(), ROLE).await);
    let deploy = "arn:aws:iam::123456789012:role/Deploy";
    for (signer, role, seconds, message) in [
        (
            &Signer::user(),
            ROLE,
            899,
            "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
        ),
        (
            &Signer::user(),
            deploy,
            43_201,
            "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
        ),
        (
            &Signer::user(),
            ROLE,
            3601,
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
        (
            &session,
            deploy,
            3601,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ),
    ] {
        let answer = world.call(signer, &format!("{}&DurationSeconds={seconds}", assume_role(role))).await;
        assert_eq!(answer.error(), (400, "ValidationError", message));
    }
    let answer = world.call(&Signer::user(), &format!("{}&DurationSeconds=43200", assume_role(deploy))).await;
    assert_eq!(answer.element("Expiration"), "2026-03-02T00:00:00Z");
}

#[tokio::test]
async fn actions_that_are_not_there_are_named_before_any_signature_is_asked_for() {
    let world = World::start().await;
    for (query, status, code, message) in [
        (
            "Action=GetSessionToken&Version=2011-06-15",
            400,
            "InvalidAction",
            "Could not find operation GetSessionToken for version 2011-06-15",
        ),
        (
            "Action=AssumeRole",
            400,
            "InvalidAction",
            "Could not find operation AssumeRole for version NO_VERSION_SPECIFIED",
        ),
        (
            "Action=AssumeRole&Version=2010-05-08",
            400,
            "InvalidAction",
            "Could not find operation AssumeRole for version 2010-05-08",
        ),
        ("Version=2011-06-15", 400, "MissingAction", "The request is missing an action or a required parameter."),
        ("Action=AssumeRole&Version=%zz", 404, "MalformedQueryString", "The query string contains a syntax error"),
    ] {
        let answer = world.plain("POST", "/", &format!("content-type: {FORM}\r\n"), query).await;
        assert_eq!(answer.error(), (status, code, message));
    }
}
