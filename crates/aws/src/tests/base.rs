//! The base: every source of the default chain through our HTTP client, and when it is asked again.

use std::sync::Arc;
use std::time::Duration;

use aws_types::os_shim_internal::Fs;
use rolecall_core::{AssumeRole, Fault, FaultKind};

use super::support::*;
use crate::base::Seams;
use crate::{Base, Environment, ProfileFiles, ProfileTexts, Sts};

const KEYS: &str = "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = s1\n";
const NEW_KEYS: &str = "[default]\naws_access_key_id = AKIA2\naws_secret_access_key = s2\n";
const REGION: &str = "[default]\nregion = eu-west-1\n";

/// Who signed the `AssumeRole` calls for the role of the tests.
fn signers(aws: &Aws) -> Vec<String> {
    let of_role = |request: &&Request| request.field("RoleSessionName") == Some("r%40host");
    aws.requests().iter().filter(of_role).map(|request| request.key().to_owned()).collect()
}

#[tokio::test]
async fn a_source_profile_is_a_chain_of_its_own() {
    let aws = Aws::new(|_, before| session("AssumeRole", &before.to_string()));
    let config = "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/Base\nsource_profile = keys\n\
                  role_session_name = base\nexternal_id = x\n";
    let keys = "[keys]\naws_access_key_id = AKIAK\naws_secret_access_key = s\n";
    World::new(aws.clone()).files(config, keys).sts().assume_role(&role(), None).await.unwrap();
    let requests = aws.requests();
    assert_eq!(requests[0].field("RoleSessionName"), Some("base"));
    assert_eq!((requests[0].key(), requests[1].key()), ("AKIAK", "ASIA0"));
}

#[tokio::test]
async fn the_paths_of_the_profile_files_are_never_opened() {
    let mut world = World::new(Aws::new(|_, _| session("AssumeRole", "1"))).env(&[
        ("HOME", "/home"),
        ("AWS_CONFIG_FILE", "/etc/aws"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/etc/aws"),
    ]);
    world.fs.extend(["/home/.aws/config", "/home/.aws/credentials", "/etc/aws"].map(|path| (path, KEYS)));
    let fault = world.sts().assume_role(&role(), None).await.unwrap_err();
    assert!(fault.message.contains("none in the environment"), "{fault}");
}

#[tokio::test]
async fn the_endpoint_of_the_environment_is_used_for_every_call() {
    for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"] {
        let aws = Aws::new(|_, before| session("AssumeRole", &before.to_string()));
        let config = "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/Base\nsource_profile = keys\n";
        let keys = "[keys]\naws_access_key_id = AKIAK\naws_secret_access_key = s\n";
        let world = World::new(aws.clone()).files(config, keys).env(&[(name, "http://127.0.0.1:1")]);
        world.sts().assume_role(&role(), None).await.unwrap();
        let uris: Vec<String> = aws.requests().into_iter().map(|request| request.uri).collect();
        assert_eq!(uris, ["http://127.0.0.1:1/", "http://127.0.0.1:1/"], "{name}");
    }
}

#[tokio::test]
async fn a_web_identity_works_without_a_region() {
    let aws = Aws::new(|request, _| match request.field("Action") {
        Some("AssumeRoleWithWebIdentity") => session("AssumeRoleWithWebIdentity", "W"),
        _ => session("AssumeRole", "1"),
    });
    let mut world = World::new(aws.clone())
        .env(&[("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_ROLE_ARN", "arn:aws-us-gov:iam::1:role/Base")]);
    world.fs.push(("/token", "canary-jwt"));
    world.sts().assume_role(&role_of("arn:aws-us-gov:iam::123456789012:role/R"), None).await.unwrap();
    let requests = aws.requests();
    assert_eq!(requests[0].uri, "https://sts.us-gov-west-1.amazonaws.com/");
    assert_eq!(requests[0].field("WebIdentityToken"), Some("canary-jwt"));
    assert_eq!(requests[1].key(), "ASIAW");
}

#[tokio::test]
async fn container_and_instance_metadata_and_sso_go_through_our_client() {
    let json = r#"{"Code":"Success","AccessKeyId":"ASIAM","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-02T11:00:00Z"}"#;
    let aws = Aws::new(move |request, _| {
        let uri = request.uri.as_str();
        let ok = |body: &str| Answer::Http(200, None, body.into());
        match uri {
            _ if uri.ends_with("/latest/api/token") => ok("imds-token"),
            _ if uri.ends_with("/placement/region") => ok("eu-north-1"),
            _ if uri.ends_with("/security-credentials/") => ok("instance-role"),
            _ if uri.contains("/security-credentials/") || uri.ends_with("/container") => ok(json),
            _ if uri.contains("/federation/credentials") => ok(
                r#"{"roleCredentials":{"accessKeyId":"ASIAM","secretAccessKey":"s","sessionToken":"t","expiration":1793620800000}}"#,
            ),
            _ => session("AssumeRole", "1"),
        }
    });

    let mut instance = World::new(aws.clone());
    instance.env.clear();
    instance.sts().assume_role(&role(), None).await.unwrap();
    assert_eq!(
        aws.requests().last().unwrap().uri,
        "https://sts.eu-north-1.amazonaws.com/",
        "the Region of the instance"
    );

    let container = World::new(aws.clone())
        .env(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/container"), ("AWS_REGION", "eu-west-1")]);
    container.sts().assume_role(&role(), None).await.unwrap();

    let mut sso = World::new(aws.clone()).files(SSO, "").env(&[("HOME", "/home")]);
    sso.fs.push((SSO_CACHE, r#"{"accessToken":"canary-sso","expiresAt":"2026-11-02T12:00:00Z"}"#));
    sso.sts().assume_role(&role(), None).await.unwrap();

    assert_eq!(signers(&aws), ["ASIAM", "ASIAM", "ASIAM"]);
}

const SSO: &str = "[default]\nregion = eu-west-1\nsso_session = dev\nsso_account_id = 1\nsso_role_name = R\n\
                   [sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://example.com/start\n";
/// Named after the SHA-1 of `dev`.
const SSO_CACHE: &str = "/home/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json";

#[tokio::test]
async fn an_ended_login_is_a_fault_of_its_own() {
    for cache in [None, Some(r#"{"accessToken":"canary-sso","expiresAt":"2026-11-02T09:00:00Z"}"#)] {
        let mut world = World::new(Aws::new(|_, _| Answer::Refused)).files(SSO, "").env(&[("HOME", "/home")]);
        world.fs.extend(cache.map(|cache| (SSO_CACHE, cache)));
        let fault = world.sts().assume_role(&role(), None).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::SsoLoginNeeded, "{fault}");
        assert!(fault.action.starts_with("run `aws sso login --sso-session dev`;"), "{fault}");
        assert!(!format!("{fault:?}").contains("canary"), "{fault}");
    }
}

#[tokio::test]
async fn a_login_that_aws_has_ended_is_a_login_needed_too() {
    let aws = Aws::new(|_, _| Answer::Http(401, None, r#"{"__type":"UnauthorizedException","message":"no"}"#.into()));
    let mut world = World::new(aws).files(SSO, "").env(&[("HOME", "/home")]);
    world.fs.push((SSO_CACHE, r#"{"accessToken":"canary-sso","expiresAt":"2026-11-02T12:00:00Z"}"#));
    let fault = world.sts().assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::SsoLoginNeeded, "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_portal_that_fails_is_told_from_a_login_that_has_ended() {
    for (status, code, kind, words) in [
        (403, "ForbiddenException", FaultKind::Denied, "gives this login no such role"),
        (429, "TooManyRequestsException", FaultKind::Throttled, "too many"),
        (503, "ServiceUnavailable", FaultKind::Unreachable, "IAM Identity Center"),
        (500, "", FaultKind::Unreachable, "IAM Identity Center"),
    ] {
        let aws =
            Aws::new(move |_, _| Answer::Http(status, None, format!(r#"{{"__type":"{code}","message":"too many"}}"#)));
        let mut world = World::new(aws).files(SSO, "").env(&[("HOME", "/home")]);
        world.fs.push((SSO_CACHE, r#"{"accessToken":"canary-sso","expiresAt":"2026-11-02T12:00:00Z"}"#));
        let fault = world.sts().assume_role(&role(), None).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{code}: {fault}");
        assert!(fault.message.contains(words), "{fault}");
        assert!(!format!("{fault:?}").contains("canary"), "{fault}");
    }
    let mut world = World::new(Aws::new(|_, _| Answer::Refused)).files(SSO, "").env(&[("HOME", "/home")]);
    world.fs.push((SSO_CACHE, r#"{"accessToken":"canary-sso","expiresAt":"2026-11-02T12:00:00Z"}"#));
    let fault = world.sts().assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(fault.message.contains("IAM Identity Center is unreachable: connection refused"), "{fault}");
}

#[tokio::test]
async fn a_login_in_a_file_that_cannot_be_read_needs_no_new_login() {
    // What stands in the place of the file is a folder, which not even root can read as a file.
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join(SSO_CACHE.strip_prefix("/home/").unwrap())).unwrap();
    let legacy = "[default]\nregion = eu-west-1\nsso_account_id = 1\nsso_role_name = R\nsso_region = eu-west-1\n\
                  sso_start_url = dev\n";
    for config in [SSO, legacy] {
        let world = World::new(Aws::new(|_, _| Answer::Refused)).files(config, "");
        let seams = Seams { fs: Fs::real(), ..world.seams() };
        let variables = [("HOME", home.path().to_str().unwrap()), ("AWS_EC2_METADATA_DISABLED", "true")];
        let environment = Environment::new(variables.map(|(name, value)| (name.into(), value.into())));
        let base = Base::DefaultChain { files: Arc::new(world.files.clone()), environment };
        let fault = Sts::with(base, seams).assume_role(&role(), None).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Misconfigured, "{fault}");
        assert!(fault.message.contains("/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json"), "{fault}");
    }
}

#[tokio::test]
async fn a_rejected_base_is_read_again_at_once_when_it_was_at_hand() {
    let aws = Aws::new(|request, before| match (request.key(), before) {
        ("AKIA1", 0) | ("AKIA2", _) => session("AssumeRole", "1"),
        _ => error(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
    });
    let world = World::new(aws.clone()).files(REGION, KEYS);
    let sts = world.sts();
    sts.assume_role(&role(), None).await.unwrap();
    world.files.set(REGION, NEW_KEYS);
    sts.assume_role(&role(), None).await.unwrap();
    assert_eq!(signers(&aws), ["AKIA1", "AKIA1", "AKIA2"]);
}

#[tokio::test]
async fn a_base_that_was_just_read_is_not_tried_twice() {
    let aws = Aws::new(|_, _| error(400, "ExpiredToken", "The security token included in the request is expired"));
    let world = World::new(aws.clone()).files(REGION, KEYS);
    let sts = world.sts();
    for calls in 1..=3 {
        assert_eq!(sts.assume_role(&role(), None).await.unwrap_err().kind, FaultKind::BaseExpired);
        assert_eq!(aws.requests().len(), calls);
    }
    world.files.set(REGION, NEW_KEYS);
    sts.assume_role(&role(), None).await.unwrap_err();
    assert_eq!(signers(&aws).last().unwrap(), "AKIA2");
}

#[tokio::test]
async fn after_a_denial_the_files_are_read_again_too() {
    let aws = Aws::new(|_, _| error(403, "AccessDenied", "no"));
    let world = World::new(aws.clone()).files(REGION, KEYS);
    let sts = world.sts();
    sts.assume_role(&role(), None).await.unwrap_err();
    world.files.set(REGION, NEW_KEYS);
    sts.assume_role(&role(), None).await.unwrap_err();
    assert_eq!(signers(&aws), ["AKIA1", "AKIA2"]);
}

#[tokio::test]
async fn keys_without_expiry_are_read_again_after_a_quarter_of_an_hour() {
    let aws = Aws::new(|_, _| session("AssumeRole", "1"));
    let world = World::new(aws.clone()).files(REGION, KEYS);
    let sts = world.sts();
    sts.assume_role(&role(), None).await.unwrap();
    world.files.set(REGION, NEW_KEYS);
    world.time.advance(Duration::from_secs(14 * 60));
    sts.assume_role(&role(), None).await.unwrap();
    world.time.advance(Duration::from_secs(60));
    sts.assume_role(&role(), None).await.unwrap();
    assert_eq!(signers(&aws), ["AKIA1", "AKIA1", "AKIA2"]);
}

#[tokio::test]
async fn a_session_of_the_base_is_renewed_before_it_ends() {
    let aws = Aws::new(|request, before| match request.field("RoleSessionName") {
        // Ends at 11:00.
        Some("base") => session("AssumeRole", &format!("B{before}")),
        _ => session("AssumeRole", "1"),
    });
    let config = "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/Base\nsource_profile = default\n\
                  role_session_name = base\n";
    let world = World::new(aws.clone()).files(config, KEYS);
    let sts = world.sts();
    world.time.advance(Duration::from_secs(3600 - 90));
    sts.assume_role(&role(), None).await.unwrap();
    world.time.advance(Duration::from_secs(31));
    sts.assume_role(&role(), None).await.unwrap();
    assert_eq!(signers(&aws), ["ASIAB0", "ASIAB2"]);
}

/// Files that cannot be read.
struct Broken;

impl ProfileFiles for Broken {
    fn read(&self) -> Result<ProfileTexts, Fault> {
        Err(Fault::new(FaultKind::Misconfigured, "could not read ~/.aws/config", "fix it"))
    }
}

#[tokio::test]
async fn files_that_cannot_be_read_are_the_fault() {
    let sts = World::new(Aws::new(|_, _| Answer::Refused)).sts_with(Broken);
    assert_eq!(sts.assume_role(&role(), None).await.unwrap_err().message, "could not read ~/.aws/config");
}

#[tokio::test]
async fn each_way_to_have_no_base_is_told_apart() {
    let process =
        "[default]\nregion = eu-west-1\ncredential_process = sh -c 'echo canary-out; echo canary-err >&2; exit 3'\n";
    let denied = "[default]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/Base\nsource_profile = default\n";
    use FaultKind::{Denied, Misconfigured};
    let web = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/none"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/B")];
    let container = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/container")];
    let ring = "[default]\nrole_arn = a\nsource_profile = x\n";
    for (config, credentials, env, kind, words) in [
        ("", "", &[][..], Misconfigured, "none in the environment"),
        (
            REGION,
            "",
            &[("AWS_PROFILE", "nope")][..],
            Misconfigured,
            "AWS_PROFILE names the profile \"nope\", which neither",
        ),
        ("", "", &[("AWS_ACCESS_KEY_ID", "A")][..], Misconfigured, "is set, but AWS_SECRET_ACCESS_KEY is not"),
        ("", "", &web[..1], Misconfigured, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not"),
        ("[default\n", "", &[][..], Misconfigured, "the AWS config file is malformed: error parsing on line 1"),
        (REGION, "[default\n", &[][..], Misconfigured, "the AWS credentials file is malformed"),
        (ring, "", &[][..], Misconfigured, "could not find source profile x referenced from default"),
        ("[default]\nrole_arn = a\n", "", &[][..], Misconfigured, "source_profile"),
        (process, "", &[][..], Misconfigured, "credential_process of the profile \"default\" failed (exit status: 3)"),
        (denied, KEYS, &[][..], Denied, "STS refused: not authorized"),
        ("", "", &web[..], Misconfigured, "AWS_WEB_IDENTITY_TOKEN_FILE names \"/none\", which could not be read"),
        (
            "",
            "",
            &container[..],
            Misconfigured,
            "the metadata endpoint of the container or instance answered with status 404",
        ),
    ] {
        let aws = Aws::new(|request, _| match request.uri.ends_with("/container") {
            true => Answer::Http(404, None, "canary-body".into()),
            false => error(403, "AccessDenied", "not authorized"),
        });
        let fault =
            World::new(aws).files(config, credentials).env(env).sts().assume_role(&role(), None).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
        assert!(fault.message.starts_with("could not load the base credentials: "), "{fault}");
        assert!(!format!("{fault:?}").contains("canary"), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_base_that_does_not_answer_is_unreachable_and_one_load_serves_all_who_wait() {
    let aws = Aws::new(|_, _| Answer::Silence);
    let world = World::new(aws.clone())
        .env(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/container"), ("AWS_REGION", "eu-west-1")]);
    let sts = world.sts();
    let role = role();
    let all = async {
        tokio::join!(sts.assume_role(&role, None), sts.assume_role(&role, None), sts.assume_role(&role, None))
    };
    let all = tokio::time::timeout(Duration::from_secs(16), all).await.unwrap();
    for outcome in [all.0, all.1, all.2] {
        assert_eq!(outcome.unwrap_err().kind, FaultKind::Unreachable);
    }
}

#[tokio::test]
async fn a_web_identity_that_ends_is_told_from_one_that_was_never_right() {
    for (status, code, kind, words) in [
        (400, "ExpiredTokenException", FaultKind::BaseExpired, "AWS_WEB_IDENTITY_TOKEN_FILE names \"/token\""),
        (403, "AccessDenied", FaultKind::Denied, "AssumeRoleWithWebIdentity"),
        (400, "InvalidIdentityToken", FaultKind::Misconfigured, "OpenID Connect provider"),
    ] {
        let aws = Aws::new(move |_, _| error(status, code, "no"));
        let web = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/B")];
        let mut world = World::new(aws).env(&web);
        world.fs.push(("/token", "canary-jwt"));
        let fault = world.sts().assume_role(&role(), None).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(
            fault.message.starts_with("could not load the base credentials: ") && fault.to_string().contains(words),
            "{fault}"
        );
        assert!(!format!("{fault:?}").contains("canary"), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_that_is_down_is_unreachable() {
    let aws = Aws::new(|_, _| Answer::Http(503, None, "canary".into()));
    let env = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/container"), ("AWS_REGION", "eu-west-1")];
    let fault = World::new(aws).env(&env).sts().assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(fault.message.ends_with("answered with status 503"), "{fault}");
}

#[tokio::test]
async fn keys_that_aws_accepted_once_have_ended() {
    let aws = Aws::new(|_, before| match before {
        0 => session("AssumeRole", "1"),
        _ => error(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
    });
    let sts = World::new(aws.clone()).files(REGION, KEYS).sts();
    sts.assume_role(&role(), None).await.unwrap();
    assert_eq!(sts.assume_role(&role(), None).await.unwrap_err().kind, FaultKind::BaseExpired);
    let other = World::new(aws).files(REGION, KEYS).sts();
    assert_eq!(other.assume_role(&role(), None).await.unwrap_err().kind, FaultKind::Misconfigured);
}
