//! A `credential_process` as base: what it gives, and that nothing of it is left.

use std::path::Path;
use std::time::Duration;

use rolecall_core::{AssumeRole, FaultKind};

use super::support::*;

fn answer(id: &str) -> String {
    format!(r#"echo '{{"Version":1,"AccessKeyId":"{id}","SecretAccessKey":"s/+=","SessionToken":"t"}}'"#)
}

fn any_session() -> Aws {
    Aws::new(|_, before| session("AssumeRole", &before.to_string()))
}

#[tokio::test]
async fn a_credential_process_is_run() {
    let aws = any_session();
    let config = format!("[default]\nregion = eu-west-1\ncredential_process = {}\n", answer("ASIAP"));
    World::new(aws.clone()).files(&config, "").sts().assume_role(&role(), None).await.unwrap();
    assert_eq!(aws.requests()[0].key(), "ASIAP");
}

#[tokio::test]
async fn a_role_is_assumed_with_the_answer_of_a_process() {
    let run = answer("ASIAP");
    for config in [
        format!("[default]\nrole_arn = arn:aws:iam::1:role/B\nsource_profile = default\ncredential_process = {run}\n"),
        format!(
            "[default]\nrole_arn = arn:aws:iam::1:role/B\nsource_profile = q\n[profile q]\ncredential_process = {run}\n"
        ),
    ] {
        let aws = any_session();
        World::new(aws.clone())
            .files(&config, "# no line break at the end")
            .sts()
            .assume_role(&role(), None)
            .await
            .unwrap();
        let keys: Vec<_> = aws.requests().iter().map(|request| request.key().to_owned()).collect();
        assert_eq!(keys, ["ASIAP", "ASIA0"], "{config}");
    }
}

#[tokio::test]
async fn keys_in_the_environment_come_before_a_process() {
    let aws = any_session();
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAE"), ("AWS_SECRET_ACCESS_KEY", "s")];
    let config = "[default]\nregion = eu-west-1\ncredential_process = exit 1\n";
    World::new(aws.clone()).files(config, "").env(&keys).sts().assume_role(&role(), None).await.unwrap();
    assert_eq!(aws.requests()[0].key(), "AKIAE");
}

#[tokio::test]
async fn a_process_sees_the_environment_that_was_handed_in_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let run = format!("env >{}; {}", seen.display(), answer("ASIAP"));
    let config = format!("[profile work]\nregion = eu-west-1\ncredential_process = {run}\n");
    let variables =
        [("AWS_PROFILE", "work"), ("EMPTY", ""), ("NOTIFY_SOCKET", "/run/notify"), ("PATH", "/usr/bin:/bin")];
    World::new(any_session()).files(&config, "").env(&variables).sts().assume_role(&role(), None).await.unwrap();
    let seen = std::fs::read_to_string(seen).unwrap();
    for line in ["AWS_PROFILE=work", "EMPTY=", "PATH=/usr/bin:/bin"] {
        assert!(seen.lines().any(|seen| seen == line), "{line}: {seen}");
    }
    for name in ["NOTIFY_SOCKET", "CARGO_PKG_NAME"] {
        assert!(!seen.lines().any(|line| line.starts_with(name)), "{name}: {seen}");
    }
}

#[tokio::test]
async fn what_a_process_does_wrong_is_said_without_its_words() {
    for (command, kind, words) in [
        ("echo canary; exit 1", FaultKind::Misconfigured, "failed (exit status: 1)"),
        ("kill -9 $$", FaultKind::Misconfigured, "failed (signal: 9 (SIGKILL))"),
        ("echo canary", FaultKind::Misconfigured, "gave an answer that is not the JSON"),
        ("yes canary", FaultKind::Misconfigured, "wrote more than 64 KiB and was stopped"),
        (
            r#"printf '{"Version":1,"AccessKeyId":"AKIA\\n","SecretAccessKey":"canary"}'"#,
            FaultKind::Misconfigured,
            "the access key id that the credential_process of the profile \"default\" gave ends with a line break",
        ),
        (
            r#"printf '{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s","SessionToken":"can\\u0007ary"}'"#,
            FaultKind::Misconfigured,
            "the session token that the credential_process of the profile \"default\" gave has a character that AWS never",
        ),
    ] {
        let aws = any_session();
        let config = format!("[default]\nregion = eu-west-1\ncredential_process = {command}\n");
        let fault = World::new(aws.clone()).files(&config, "").sts().assume_role(&role(), None).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
        assert!(!format!("{fault:?}").contains("canary") && aws.requests().is_empty(), "{fault}");
    }
}

#[tokio::test]
async fn a_process_that_worked_and_fails_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let login = folder.path().join("login");
    std::fs::write(&login, "").unwrap();
    // Its answer ends at 10:30.
    let run = answer("ASIAP").replace("\"Version\":1", "\"Version\":1,\"Expiration\":\"2026-11-02T10:30:00Z\"");
    let config = format!("[default]\nregion = eu-west-1\ncredential_process = test -e {} && {run}\n", login.display());
    let world = World::new(any_session()).files(&config, "");
    let sts = world.sts();
    sts.assume_role(&role(), None).await.unwrap();
    std::fs::remove_file(&login).unwrap();
    world.time.advance(Duration::from_secs(1800));
    let fault = sts.assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::BaseExpired, "{fault}");
    assert!(fault.message.ends_with("failed (exit status: 1)"), "{fault}");
    std::fs::write(&login, "").unwrap();
    sts.assume_role(&role(), None).await.unwrap();
}

/// The process that a test's command has written down, once it has.
async fn written(path: &Path) -> u32 {
    let read = || std::fs::read_to_string(path).ok().filter(|text| text.ends_with('\n'))?.trim().parse().ok();
    eventually(read).await
}

/// Waits for `found` in real time.
async fn eventually<T>(found: impl Fn() -> Option<T>) -> T {
    for _ in 0..1000 {
        if let Some(value) = found() {
            return value;
        }
        tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(10))).await.unwrap();
    }
    panic!("it took more than 10 s");
}

/// Whether a process has ended; one that nobody has waited for yet has, too.
fn has_ended(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
    stat.map_or(true, |stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X'])))
}

#[tokio::test]
async fn a_process_that_hangs_is_stopped_with_all_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("id");
    // The one that hangs is not the shell but its child's child.
    let command = format!("sh -c 'sleep 600 & echo $! >{}; wait'; true", path.display());
    let config = format!("[default]\nregion = eu-west-1\ncredential_process = {command}\n");
    let sts = World::new(any_session()).files(&config, "").sts();
    let call = tokio::spawn(async move { sts.assume_role(&role(), None).await });
    let child = written(&path).await;
    assert!(!has_ended(child));

    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(16)).await;
    let fault = call.await.unwrap().unwrap_err();
    eventually(|| has_ended(child).then_some(())).await;
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    assert!(
        fault.message.ends_with("the credential_process of the profile \"default\" did not answer within 15 s"),
        "{fault}"
    );
    assert!(fault.action.starts_with("does it wait for a person, or call rolecall itself?"), "{fault}");
}

#[tokio::test]
async fn a_process_is_stopped_when_nobody_waits_for_it_any_longer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("id");
    let config = format!("[default]\ncredential_process = echo $$ >{}; sleep 600\n", path.display());
    let sts = World::new(any_session()).files(&config, "").sts();
    let call = tokio::spawn(async move { sts.assume_role(&role(), None).await });
    let child = written(&path).await;
    call.abort();
    eventually(|| has_ended(child).then_some(())).await;
}
