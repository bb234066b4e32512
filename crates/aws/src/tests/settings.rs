//! Settings that people get wrong: each is named, and nothing is sent anywhere.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rolecall_core::{AssumeRole, Fault, FaultKind};

use super::support::*;
use crate::{Base, ProfileFiles, ProfileTexts, Sts, http};

const KEYS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_REGION", "eu-west-1")];

fn any_session() -> Aws {
    Aws::new(|request, _| match request.field("Action") {
        Some("AssumeRoleWithWebIdentity") => session("AssumeRoleWithWebIdentity", "W"),
        _ => session("AssumeRole", "1"),
    })
}

/// The fault of these variables on top of a base that works.
async fn fault_of(env: &[(&'static str, &'static str)], config: &str) -> Fault {
    let aws = any_session();
    let kept = KEYS.into_iter().filter(|(name, _)| env.iter().all(|(other, _)| other != name));
    let env: Vec<_> = kept.chain(env.iter().copied()).collect();
    let fault = World::new(aws.clone()).files(config, "").env(&env).sts().assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Misconfigured, "{fault}");
    assert!(aws.requests().is_empty(), "{fault}");
    fault
}

#[tokio::test]
async fn a_key_with_a_line_break_is_named_and_neither_shown_nor_signed_with() {
    for (name, value, flaw) in [
        ("AWS_ACCESS_KEY_ID", "canary\n", "ends with a line break"),
        ("AWS_ACCESS_KEY_ID", "can\u{7}ary", "has a character that AWS never issues"),
        ("AWS_SECRET_ACCESS_KEY", "canary\r\n", "ends with a line break"),
        ("AWS_SESSION_TOKEN", "canary\n", "ends with a line break"),
        ("AWS_SESSION_TOKEN", "canar\u{fc}", "has a character that AWS never issues"),
    ] {
        // The SDK would use the keys for this profile's role as they are.
        for config in ["", "[default]\nrole_arn = arn:aws:iam::1:role/B\ncredential_source = Environment\n"] {
            let fault = fault_of(&[(name, value)], config).await;
            assert!(fault.message.ends_with(&format!("{name} {flaw}")), "{fault}");
            assert!(!format!("{fault:?}").contains("can"), "{fault}");
        }
    }
}

#[tokio::test]
async fn a_line_break_from_a_container_is_a_fault_and_not_a_panic() {
    let aws = Aws::new(|_, _| {
        Answer::Http(
            200,
            None,
            r#"{"AccessKeyId":"A","SecretAccessKey":"s","Token":"canary\n","Expiration":"2026-11-02T11:00:00Z"}"#
                .into(),
        )
    });
    let env = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/container"), ("AWS_REGION", "eu-west-1")];
    let fault = World::new(aws.clone()).env(&env).sts().assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Misconfigured, "{fault}");
    assert!(fault.message.contains("the session token ends with a line break"), "{fault}");
    assert_eq!(aws.requests().len(), 1);
}

#[tokio::test]
async fn keys_that_changed_places_are_not_sent() {
    let env = [
        ("AWS_ACCESS_KEY_ID", "canaryUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"),
        ("AWS_SECRET_ACCESS_KEY", "AKIAIOSFODNN7EXAMPLE"),
    ];
    let fault = fault_of(&env, "").await;
    assert!(fault.message.contains("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have changed places"), "{fault}");
    assert!(!format!("{fault:?}").contains("canary"), "{fault}");
}

#[tokio::test]
async fn a_secret_in_place_of_the_id_that_aws_repeats_is_not_shown() {
    let secret = "canary/UtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY0";
    let keys = format!("[default]\naws_access_key_id = {secret}\naws_secret_access_key = AKIAX\n");
    let chain = "[default]\nrole_arn = arn:aws:iam::1:role/B\nsource_profile = default\n";
    for (code, config) in
        [("IncompleteSignature", ""), ("IncompleteSignature", chain), ("AccessDenied", ""), ("Unheard", "")]
    {
        let aws = Aws::new(move |_, _| error(400, code, &format!("'{secret}/20261102/eu-west-1' is not valid")));
        let fault = World::new(aws).files(config, &keys).sts().assume_role(&role(), None).await.unwrap_err();
        assert!(!format!("{fault:?}").contains("canary"), "{code}: {fault}");
    }
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_called_is_named() {
    for value in ["garbage", "ftp://x", "http://[::1", "localhost:4566"] {
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"] {
            let fault = fault_of(&[(name, value)], "").await;
            assert!(fault.message.contains(&format!("{name} is {value:?}, which ")), "{fault}");
        }
    }
    let fault = fault_of(&[], "[default]\nendpoint_url = garbage\n").await;
    assert!(
        fault.message.contains("endpoint_url of the profile \"default\" is \"garbage\", which is not a URL"),
        "{fault}"
    );
    let fault = fault_of(&[("AWS_ENDPOINT_URL", "ftp://me:canary@x")], "").await;
    assert!(!format!("{fault:?}").contains("canary"), "{fault}");
}

#[tokio::test]
async fn an_endpoint_that_is_not_used_is_not_looked_at() {
    for (env, config) in [
        (&[("AWS_ENDPOINT_URL", "garbage"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")][..], ""),
        (&[("AWS_ENDPOINT_URL", "garbage"), ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")], ""),
        (&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")], "[default]\nendpoint_url = garbage\n"),
        (&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], "[default]\nendpoint_url = garbage\n"),
    ] {
        World::new(any_session()).files(config, "").env(&KEYS).env(env).sts().assume_role(&role(), None).await.unwrap();
    }
}

#[tokio::test]
async fn a_region_that_is_none_is_named() {
    let fault = fault_of(&[("AWS_REGION", "eu-west-1\n")], "").await;
    assert!(fault.message.contains(r#"AWS_REGION: "eu-west-1\n" is not an AWS Region"#), "{fault}");
    let aws = any_session();
    let world = World::new(aws.clone()).files("[default]\nregion = a b\n", "").env(&KEYS[..2]);
    let fault = world.sts().assume_role(&role(), None).await.unwrap_err();
    assert!(fault.message.contains("the region of the profile: \"a b\""), "{fault}");
}

#[tokio::test]
async fn an_empty_variable_counts_as_unset() {
    let empty = [
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_STS",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_MAX_ATTEMPTS",
        "AWS_RETRY_MODE",
    ];
    let env: Vec<_> = empty.map(|name| (name, "")).into();
    let aws = any_session();
    let keys = "[default]\naws_access_key_id = AKIAF\naws_secret_access_key = s\n";
    for config in ["[default]\nregion = eu-west-3\n", ""] {
        World::new(aws.clone()).files(config, keys).env(&env).sts().assume_role(&role(), None).await.unwrap();
    }
    let uris: Vec<_> = aws.requests().into_iter().map(|request| request.uri).collect();
    assert_eq!(uris, ["https://sts.eu-west-3.amazonaws.com/", "https://sts.us-east-1.amazonaws.com/"]);

    let second = [("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "eu-west-2")];
    World::new(aws.clone()).files("", keys).env(&second).sts().assume_role(&role(), None).await.unwrap();
    assert_eq!(aws.requests()[2].uri, "https://sts.eu-west-2.amazonaws.com/");
}

#[tokio::test]
async fn malformed_files_do_not_stop_a_base_that_does_not_need_them() {
    let web = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/B")];
    let container = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/container")];
    for (env, expected) in [(&KEYS[..2], "AKIA1"), (&web[..], "ASIAW"), (&container[..], "ASIAC")] {
        let aws = Aws::new(|request, _| match request.field("Action") {
            Some("AssumeRoleWithWebIdentity") => session("AssumeRoleWithWebIdentity", "W"),
            Some(_) => session("AssumeRole", "1"),
            None => Answer::Http(
                200,
                None,
                r#"{"AccessKeyId":"ASIAC","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-02T11:00:00Z"}"#
                    .into(),
            ),
        });
        for (config, credentials) in [("[default\n", ""), ("", "[default]\nhalf a line\n")] {
            let mut world = World::new(aws.clone()).files(config, credentials).env(env);
            world.fs.push(("/token", "jwt"));
            world.sts().assume_role(&role(), None).await.unwrap();
            assert_eq!(aws.requests().last().unwrap().key(), expected);
        }
        if expected != "AKIA1" {
            let world = World::new(aws).files("[default\n", "").env(env).env(&[("AWS_PROFILE", "mine")]);
            let fault = world.sts().assume_role(&role(), None).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::Misconfigured, "a profile is asked for: {fault}");
        }
    }
}

/// Files on a share that does not answer until the test lets go of the sender.
struct Stuck(Mutex<Receiver<()>>);

impl ProfileFiles for Stuck {
    fn read(&self) -> Result<ProfileTexts, Fault> {
        let _ = self.0.lock().unwrap().recv();
        Ok(ProfileTexts { config: String::new(), credentials: String::new() })
    }
}

#[tokio::test]
async fn files_that_cannot_be_read_in_time_hold_up_nobody() {
    let (release, stuck) = channel();
    let world = World::new(any_session());
    let mut seams = world.seams();
    seams.limit = Duration::from_millis(50);
    let files = std::sync::Arc::new(Stuck(Mutex::new(stuck)));
    let sts = Sts::with(Base::DefaultChain { files, environment: world.environment() }, seams);
    // On the one thread of this test: would never end if reading were done on it.
    let fault = sts.assume_role(&role(), None).await.unwrap_err();
    drop(release);
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(fault.message.contains("the AWS config and credentials files could not be read within"), "{fault}");
}

#[tokio::test]
async fn without_certificate_authorities_https_is_a_named_fault() {
    let world = World::new(any_session()).env(&KEYS);
    let mut seams = world.seams();
    seams.http = http::without_authorities();
    let base = Base::DefaultChain { files: std::sync::Arc::new(world.files.clone()), environment: world.environment() };
    let fault = Sts::with(base, seams).assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Misconfigured, "{fault}");
    assert!(fault.message.contains("no certificate authorities found on this machine"), "{fault}");
    assert!(fault.message.contains("sts.eu-west-1.amazonaws.com"), "{fault}");
}
