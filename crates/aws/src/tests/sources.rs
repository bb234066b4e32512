//! What a role is assumed with: the session of another role, a token, a profile, one provider.

use jiff::Timestamp;
use rolecall_core::source::Parent;
use rolecall_core::{AssumeRole, FaultKind, Role, Session, SessionCredentials, SessionTags, Source};
use tempfile::NamedTempFile;

use super::support::{Answer, Aws, World, error, role, role_of, session};

/// A file with this token, and the source that it is.
fn token(text: &str) -> (NamedTempFile, Role) {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let role = of(&format!("web-identity:{}", file.path().display()));
    (file, role)
}

fn of(source: &str) -> Role {
    let roles = vec![(role(), source.parse().unwrap())];
    rolecall_core::chain::link(roles).remove(0).1.unwrap()
}

fn child() -> Role {
    let parent = Parent::new(role_of("arn:aws:iam::123456789012:role/Parent").into());
    Role { source: Source::Role(parent), region: Some("eu-west-1".parse().unwrap()), ..role() }
}

fn parent_session() -> Session {
    let (id, secret, token) = ("ASIAPARENT", "canary-secret", "canary-token");
    Session {
        credentials: SessionCredentials::new(id.into(), secret.into(), token.into()),
        issued_at: Timestamp::UNIX_EPOCH,
        expires_at: Timestamp::UNIX_EPOCH,
        asked_for: rolecall_core::role::DEFAULT_DURATION,
    }
}

/// An AWS that gives a session to everybody.
fn open() -> Aws {
    Aws::new(|request, before| {
        let action = request.field("Action").unwrap_or_default();
        session(if action.is_empty() { "AssumeRole" } else { action }, &before.to_string())
    })
}

#[tokio::test]
async fn a_child_is_assumed_with_the_session_of_its_parent_and_no_base() {
    let aws = open();
    let sts = World::new(aws.clone()).sts();
    let long = Role { duration: rolecall_core::role::DEFAULT_DURATION * 12, ..child() };
    let assumed = sts.assume_role(&long, Some(&parent_session())).await.unwrap();
    assert_eq!(assumed.asked_for.as_secs(), 3600, "a chained session is one hour at most");
    let requests = aws.requests();
    assert_eq!(requests.iter().map(|request| request.key()).collect::<Vec<_>>(), ["ASIAPARENT"]);
    assert!(requests[0].uri.starts_with("https://sts.eu-west-1.amazonaws.com"), "{}", requests[0].uri);
    let fault = sts.assume_role(&child(), None).await.unwrap_err();
    assert!(fault.message.ends_with("has become another one"), "{fault}");
}

#[tokio::test]
async fn a_session_that_is_not_taken_is_told_to_be_the_parents() {
    for code in ["ExpiredToken", "InvalidClientTokenId", "InvalidToken"] {
        let aws = Aws::new(move |_, _| error(403, code, "no"));
        let fault = World::new(aws).sts().assume_role(&child(), Some(&parent_session())).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::BaseExpired, "{code}");
        assert!(
            fault.message.contains("the session of r any longer") && !fault.to_string().contains("canary"),
            "{fault}"
        );
    }
    let aws = Aws::new(|_, _| error(403, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole"));
    let fault = World::new(aws).sts().assume_role(&child(), Some(&parent_session())).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Denied);
}

#[tokio::test]
async fn a_token_needs_no_credentials_and_is_read_at_each_exchange() {
    let aws = open();
    let (file, role) = token("first.jwt\n");
    let sts = World::new(aws.clone()).sts();
    sts.assume_role(&role, None).await.unwrap();
    let request = aws.requests().remove(0);
    assert_eq!(request.field("Action"), Some("AssumeRoleWithWebIdentity"));
    assert_eq!(request.field("WebIdentityToken"), Some("first.jwt"));
    assert!(request.authorization.is_empty(), "nobody signs it");

    std::fs::write(file.path(), "second.jwt").unwrap();
    sts.assume_role(&role, None).await.unwrap();
    assert_eq!(aws.requests()[1].field("WebIdentityToken"), Some("second.jwt"));

    let path = file.path().display().to_string();
    drop(file);
    let missing = sts.assume_role(&role, None).await.unwrap_err();
    assert_eq!(missing.kind, FaultKind::Misconfigured);
    assert!(missing.message.contains(&path) && missing.message.contains("could not be read"), "{missing}");
}

#[tokio::test]
async fn what_is_wrong_with_a_token_is_told_by_its_file() {
    for (code, status, kind) in [
        ("ExpiredTokenException", 400, FaultKind::BaseExpired),
        ("InvalidIdentityToken", 400, FaultKind::Misconfigured),
        ("AccessDenied", 403, FaultKind::Denied),
    ] {
        let aws = Aws::new(move |_, _| error(status, code, "Not authorized to perform sts:AssumeRoleWithWebIdentity"));
        let (_file, role) = token("jwt");
        let fault = World::new(aws).sts().assume_role(&role, None).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(kind != FaultKind::Denied || fault.action.contains("subject and audience"), "{fault}");
    }
}

#[tokio::test]
async fn a_token_that_is_repeated_by_who_answers_is_not_shown() {
    for code in ["ValidationError", "InvalidIdentityToken", "AccessDenied", "Unheard"] {
        let aws = Aws::new(move |_, _| error(400, code, "value 'canary.jwt' is wrong"));
        let (_file, role) = token("canary.jwt");
        let fault = World::new(aws).sts().assume_role(&role, None).await.unwrap_err();
        assert!(!fault.to_string().contains("canary"), "{fault}");
    }
}

#[tokio::test]
async fn settings_that_only_a_base_needs_are_in_no_tokens_way() {
    let aws = open();
    let (_file, role) = token("jwt");
    let world = World::new(aws).env(&[
        ("AWS_PROFILE", "gone"),
        ("AWS_ACCESS_KEY_ID", "AKIA\n"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ]);
    world.sts().assume_role(&role, None).await.unwrap();
}

#[tokio::test]
async fn whatever_is_no_token_file_keeps_nobody_waiting() {
    let home = tempfile::tempdir().unwrap();
    let pipe = home.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let large = home.path().join("large");
    std::fs::write(&large, "x".repeat(100_000)).unwrap();
    let sts = World::new(open()).sts();
    for (path, part) in [
        (pipe.to_str().unwrap(), "not a regular file"),
        ("/dev/zero", "not a regular file"),
        (home.path().to_str().unwrap(), "not a regular file"),
        (large.to_str().unwrap(), "over 64 KiB"),
    ] {
        let fault = sts.assume_role(&of(&format!("web-identity:{path}")), None).await.unwrap_err();
        assert!(fault.kind == FaultKind::Misconfigured && fault.message.contains(part), "{fault}");
    }
}

#[tokio::test]
async fn a_profile_with_a_provider_of_its_own_is_refused_by_name() {
    let config =
        "[profile x]\nrole_arn = arn:aws:iam::1:role/M\ncredential_source = EcsContainer\nregion = eu-west-1\n";
    let fault = World::new(open()).files(config, "").sts().assume_role(&of("profile:x"), None).await.unwrap_err();
    assert!(fault.message.contains("\"x\" has credential_source") && fault.action.contains("container"), "{fault}");
}

#[tokio::test]
async fn a_profile_is_the_source_whatever_the_environment_has() {
    let aws = open();
    let world = World::new(aws.clone())
        .files(
            "[profile deep]\nsource_profile = keys\nrole_arn = arn:aws:iam::1:role/M\nregion = eu-west-1\n",
            "[keys]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = canary-key\n",
        )
        .env(&[("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "canary-env"), ("AWS_PROFILE", "gone")]);
    world.sts().assume_role(&of("profile:keys"), None).await.unwrap();
    assert_eq!(aws.requests()[0].key(), "AKIAPROFILE");
    let fault = world.sts().assume_role(&of("profile:nobody"), None).await.unwrap_err();
    assert!(fault.message.contains("the profile \"nobody\""), "{fault}");
    world.sts().assume_role(&of("profile:deep"), None).await.unwrap();
    assert_eq!(aws.requests().last().unwrap().key(), "ASIA1");
}

#[tokio::test]
async fn one_provider_is_asked_and_no_other() {
    let keys = "[default]\nregion = eu-west-1\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = canary-key\n";
    let environment = [
        ("AWS_ACCESS_KEY_ID", "AKIAENV"),
        ("AWS_SECRET_ACCESS_KEY", "canary-env"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/creds"),
    ];
    let aws = Aws::new(|request, before| {
        if !request.uri.contains("/creds") {
            return session("AssumeRole", &before.to_string());
        }
        let body = r#"{"AccessKeyId":"ASIACONTAINER","SecretAccessKey":"canary-c","Token":"canary-t","Expiration":"2026-11-02T11:00:00Z"}"#;
        Answer::Http(200, None, body.into())
    });
    let world = World::new(aws.clone()).files("", keys).env(&environment);
    for (source, key) in [
        ("base", "AKIAENV"),
        ("environment", "AKIAENV"),
        ("container", "ASIACONTAINER"),
        ("profile:default", "AKIAPROFILE"),
    ] {
        world.sts().assume_role(&of(source), None).await.unwrap();
        assert_eq!(aws.requests().last().unwrap().key(), key, "{source}");
    }
    let without = World::new(aws).files("", keys).sts().assume_role(&of("environment"), None).await.unwrap_err();
    assert_eq!(without.kind, FaultKind::Misconfigured, "the profile is no environment: {without}");
    assert!(without.message.ends_with("none in the environment, and the role takes no others"), "{without}");
}

#[tokio::test]
async fn tags_and_a_source_identity_are_sent_as_they_are() {
    let aws = open();
    let tags = [("team", "x"), ("cost", "1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let tagged = Role {
        tags: SessionTags::new(tags, ["team".to_owned()]).unwrap(),
        source_identity: Some("me".parse().unwrap()),
        ..role()
    };
    super::support::with_keys(&aws).assume_role(&tagged, None).await.unwrap();
    let request = aws.requests().remove(0);
    for (name, value) in [
        ("Tags.member.1.Key", "cost"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "team"),
        ("TransitiveTagKeys.member.1", "team"),
        ("SourceIdentity", "me"),
    ] {
        assert_eq!(request.field(name), Some(value), "{}", request.body);
    }
}
