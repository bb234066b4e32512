//! The call: what goes over the wire and what comes back.

use std::time::Duration;

use rolecall_core::{AssumeRole, FaultKind, PolicyArn, Region, Role, SessionPolicy};

use super::support::*;

#[tokio::test]
async fn an_answer_becomes_a_session_with_the_clock_of_sts() {
    let aws = Aws::new(|_, _| session("AssumeRole", "1"));
    let assumed = with_keys(&aws).assume_role(&role(), None).await.unwrap();
    assert_eq!(assumed.credentials.access_key_id(), "ASIA1");
    assert_eq!(assumed.credentials.session_token(), "canary-token-1");
    assert_eq!(assumed.expires_at.to_string(), "2026-11-02T11:00:00Z");
    assert_eq!(assumed.date.unwrap().to_string(), "2026-11-02T10:00:00Z");
    assert_eq!(assumed.asked_for, Duration::from_secs(3600));

    let [request] = &aws.requests()[..] else { panic!("one request") };
    assert_eq!(request.field("RoleArn"), Some("arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FR"));
    assert_eq!(request.field("RoleSessionName"), Some("r%40host"));
    assert_eq!(request.field("DurationSeconds"), Some("3600"));
    assert_eq!(request.key(), "AKIA1");
}

#[tokio::test]
async fn what_nobody_said_is_not_sent() {
    let aws = Aws::new(|_, _| session("AssumeRole", "1"));
    with_keys(&aws).assume_role(&role(), None).await.unwrap();
    for field in ["ExternalId", "Policy", "PolicyArns.member.1.arn"] {
        assert_eq!(aws.requests()[0].field(field), None, "{field}");
    }
}

#[tokio::test]
async fn external_id_and_session_policy_go_along() {
    let aws = Aws::new(|_, _| session("AssumeRole", "1"));
    let arns = vec![PolicyArn::of_aws("aws", "ReadOnlyAccess")];
    let session_policy = SessionPolicy::new(Some(r#"{ "Statement": [] }"#), arns).unwrap();
    let role = Role { external_id: Some("id-1".parse().unwrap()), session_policy, ..role() };
    with_keys(&aws).assume_role(&role, None).await.unwrap();
    let [request] = &aws.requests()[..] else { panic!("one request") };
    assert_eq!(request.field("ExternalId"), Some("id-1"));
    assert_eq!(request.field("Policy"), Some("%7B%22Statement%22%3A%5B%5D%7D"));
    assert_eq!(request.field("PolicyArns.member.1.arn"), Some("arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess"));
}

#[tokio::test]
async fn an_answer_without_a_date_has_none() {
    let aws = Aws::new(|_, _| session_at("AssumeRole", "1", None));
    assert_eq!(with_keys(&aws).assume_role(&role(), None).await.unwrap().date, None);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_repaired_and_the_date_of_the_second_answer_counts() {
    let aws = Aws::new(|_, before| match before {
        0 => Answer::Http(
            403,
            Some("Mon, 02 Nov 2026 11:00:00 GMT"),
            "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: 20261102T100000Z is \
             now earlier than 20261102T104500Z</Message></Error></ErrorResponse>"
                .into(),
        ),
        _ => session_at("AssumeRole", "1", Some("Mon, 02 Nov 2026 11:00:02 GMT")),
    });
    let assumed = with_keys(&aws).assume_role(&role(), None).await.unwrap();
    assert_eq!(assumed.date.unwrap().to_string(), "2026-11-02T11:00:02Z");
    assert_eq!(aws.requests().len(), 2);
}

#[tokio::test]
async fn the_region_chooses_endpoint_and_signature() {
    for (arn, own, of_base, host, signed) in [
        (
            "arn:aws:iam::123456789012:role/R",
            Some("ap-south-1"),
            Some("eu-west-1"),
            "sts.ap-south-1.amazonaws.com",
            "ap-south-1",
        ),
        ("arn:aws:iam::123456789012:role/R", None, Some("eu-west-1"), "sts.eu-west-1.amazonaws.com", "eu-west-1"),
        ("arn:aws:iam::123456789012:role/R", None, None, "sts.us-east-1.amazonaws.com", "us-east-1"),
        ("arn:aws-cn:iam::123456789012:role/R", None, None, "sts.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("arn:aws-us-gov:iam::123456789012:role/R", None, None, "sts.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("arn:aws-iso:iam::123456789012:role/R", None, None, "sts.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
    ] {
        let aws = Aws::new(|_, _| session("AssumeRole", "1"));
        let keys = "[default]\naws_access_key_id = A\naws_secret_access_key = s\n";
        let config = of_base.map(|region| format!("[default]\nregion = {region}\n")).unwrap_or_default();
        let mut role = role_of(arn);
        role.region = own.map(|region| region.parse::<Region>().unwrap());
        World::new(aws.clone()).files(&config, keys).sts().assume_role(&role, None).await.unwrap();
        let request = &aws.requests()[0];
        assert_eq!(request.uri, format!("https://{host}/"));
        assert!(request.authorization.contains(&format!("/{signed}/sts/aws4_request")), "{}", request.authorization);
    }
}

#[tokio::test]
async fn a_partition_without_a_known_region_needs_one() {
    let aws = Aws::new(|_, _| session("AssumeRole", "1"));
    let keys = "[default]\naws_access_key_id = A\naws_secret_access_key = s\n";
    let fault = World::new(aws.clone())
        .files("", keys)
        .sts()
        .assume_role(&role_of("arn:aws-new:iam::123456789012:role/R"), None)
        .await;
    assert_eq!(fault.unwrap_err().kind, FaultKind::Misconfigured);
    assert!(aws.requests().is_empty());
}

#[tokio::test]
async fn fixed_keys_go_to_their_endpoint_and_nowhere_else() {
    let aws = Aws::new(|_, _| session("AssumeRole", "1"));
    let base = crate::Base::Keys {
        access_key_id: "AKIADEMO".into(),
        secret_access_key: "s".into(),
        endpoint_url: "http://127.0.0.1:4566".into(),
        region: "eu-west-1".parse().unwrap(),
    };
    // Would win if anybody looked.
    let world = World::new(aws.clone()).env(&[("AWS_ACCESS_KEY_ID", "X"), ("AWS_SECRET_ACCESS_KEY", "X")]);
    let sts = crate::Sts::with(base, world.seams());
    sts.assume_role(&role(), None).await.unwrap();
    let request = &aws.requests()[0];
    assert_eq!((request.uri.as_str(), request.key()), ("http://127.0.0.1:4566/", "AKIADEMO"));
    assert!(request.authorization.contains("/eu-west-1/sts/"));
}

/// A base with a session token: `who` is what `GetCallerIdentity` answers.
fn session_base(who: &'static str) -> (Aws, crate::Sts) {
    let aws = Aws::new(move |request, _| match request.field("Action") {
        Some("GetCallerIdentity") if who.is_empty() => error(500, "InternalFailure", ""),
        Some("GetCallerIdentity") => identity(who),
        _ => session("AssumeRole", "1"),
    });
    let keys = "[default]\naws_access_key_id = ASIAB\naws_secret_access_key = s\naws_session_token = t\n";
    let sts = World::new(aws.clone()).files("[default]\nregion = eu-west-1\n", keys).sts();
    (aws, sts)
}

#[tokio::test]
async fn a_base_that_is_a_role_session_asks_for_one_hour_at_most() {
    let twelve_hours = Duration::from_secs(12 * 3600);
    let hour = Duration::from_secs(3600);
    for (who, wanted, asked_for, identity_calls) in [
        ("arn:aws:sts::123456789012:assumed-role/Base/s", twelve_hours, hour, 1),
        ("arn:aws:sts::123456789012:assumed-role/Base/s", hour, hour, 0),
        ("arn:aws:sts::123456789012:federated-user/f", twelve_hours, twelve_hours, 1),
        ("arn:aws:iam::123456789012:user/assumed-role/u", twelve_hours, twelve_hours, 1),
    ] {
        let (aws, sts) = session_base(who);
        let mut role = role();
        role.duration = wanted;
        for _ in 0..3 {
            assert_eq!(sts.assume_role(&role, None).await.unwrap().asked_for, asked_for, "{who}");
        }
        let requests = aws.requests();
        let asked: Vec<_> = requests.iter().filter_map(|request| request.field("DurationSeconds")).collect();
        assert_eq!(asked, vec![asked_for.as_secs().to_string(); 3]);
        let identities = requests.iter().filter(|r| r.field("Action") == Some("GetCallerIdentity")).count();
        assert_eq!(identities, identity_calls, "asked once and kept: {who}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_answer_about_the_base_sts_decides_about_the_duration() {
    let (_, sts) = session_base("");
    let mut role = role();
    role.duration = Duration::from_secs(7200);
    assert_eq!(sts.assume_role(&role, None).await.unwrap().asked_for, Duration::from_secs(7200));
}

#[tokio::test]
async fn long_term_keys_are_never_shortened_nor_asked_about() {
    let aws = Aws::new(|_, _| session("AssumeRole", "1"));
    let mut role = role();
    role.duration = Duration::from_secs(43_200);
    assert_eq!(with_keys(&aws).assume_role(&role, None).await.unwrap().asked_for, role.duration);
    assert_eq!(aws.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_outlives_the_limit() {
    let sts = with_keys(&Aws::new(|_, _| Answer::Silence));
    let fault =
        tokio::time::timeout(Duration::from_secs(26), sts.assume_role(&role(), None)).await.unwrap().unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.message.contains("sts.eu-west-1.amazonaws.com"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_left_to_the_caller_and_a_broken_connection_is_tried_once_more() {
    for (answer, calls) in [("throttled", 1), ("refused", 2)] {
        let aws = Aws::new(move |_, _| match answer {
            "throttled" => error(400, "Throttling", "Rate exceeded"),
            _ => Answer::Refused,
        });
        with_keys(&aws).assume_role(&role(), None).await.unwrap_err();
        assert_eq!(aws.requests().len(), calls, "{answer}");
    }
}
