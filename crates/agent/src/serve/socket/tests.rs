//! What the socket answers, to good requests and to all others.

use std::os::unix::fs::{FileTypeExt, MetadataExt};

use rolecall_core::{AssumeRole, FaultKind};
use rolecall_rotator::SystemClock;
use rolecall_testkit::{ManualClock, canary};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::serve::wire::{ErrorDocument, ProfileStatus, ProfilesDocument, RefreshDocument, StatusDocument};
use crate::testing::{Answer, FakeSts, get, role, send, shown, view};

struct Rig {
    home: tempfile::TempDir,
    server: Server,
    keyring: Arc<Keyring>,
}

impl Rig {
    fn new(clock: Arc<dyn Clock>, sts: Arc<dyn AssumeRole>, aliases: &[&str]) -> Self {
        let rotator = rolecall_rotator::spawn(Default::default(), Arc::clone(&clock), sts, Vec::new());
        aliases.iter().for_each(|alias| rotator.define(role(alias), None));
        let view =
            Arc::new(View { shown: shown(Some("a".parse().unwrap())), started_at: clock.now().wall, ..view(rotator) });
        let home = tempfile::tempdir().unwrap();
        let keyring = Arc::new(Keyring::default());
        let server = Socket::open(home.path().join("agent.sock"), Access::default()).unwrap().serve(Api {
            view,
            clock,
            keyring: Arc::clone(&keyring),
        });
        Self { home, server, keyring }
    }

    fn with(answers: &[(&str, Answer)]) -> Self {
        Self::new(Arc::new(SystemClock), FakeSts::new(answers), &["a", "b"])
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join("agent.sock")
    }

    /// The error that is answered to a GET, which must not be a 200 and not hold a secret.
    async fn refused(&self, path: &str) -> (u16, ErrorDocument) {
        let (status, body) = get(&self.socket(), path).await;
        canary::assert_absent(path, &body);
        assert_ne!(status, 200, "{path}");
        (status, serde_json::from_str(&body).unwrap())
    }
}

#[tokio::test]
async fn credentials_come_in_both_shapes() {
    let rig = Rig::with(&[]);
    let (status, body) = get(&rig.socket(), "/v1/credentials/a").await;
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert!(document["Token"].as_str().unwrap().starts_with(canary::MARK));
    assert_eq!(document["AccountId"], "123456789012");

    let (_, body) = get(&rig.socket(), "/v1/credentials/a?form=process").await;
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(document["Version"], 1);
    assert!(document["SessionToken"].as_str().unwrap().starts_with(canary::MARK));
}

#[tokio::test]
async fn an_unknown_alias_is_told_with_those_that_exist() {
    let rig = Rig::with(&[]);
    for alias in ["c", "", "a/b", "%61", "default"] {
        let (status, error) = rig.refused(&format!("/v1/credentials/{alias}")).await;
        assert_eq!((status, error.code.as_str()), (404, "unknown_alias"), "{alias}");
        assert!(error.action.contains("a, b"), "{error:?}");
    }
}

#[tokio::test]
async fn a_fault_is_answered_with_its_kind_and_what_to_do() {
    for (kind, status) in
        [(FaultKind::Denied, 403), (FaultKind::Unreachable, 503), (FaultKind::BaseExpired, 503), (FaultKind::Bug, 503)]
    {
        let rig = Rig::with(&[("a", Answer::Fault(kind))]);
        let (answered, error) = rig.refused("/v1/credentials/a?form=process").await;
        assert_eq!((answered, error.code.as_str(), error.action.as_str()), (status, kind.as_str(), "do this"));
        // The other one is not hurt.
        assert_eq!(get(&rig.socket(), "/v1/credentials/b").await.0, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_waited_for_and_not_for_ever() {
    let rig = Rig::with(&[("a", Answer::Silence)]);
    let (status, error) = rig.refused("/v1/credentials/a").await;
    assert_eq!((status, error.code.as_str()), (503, "pending"));
}

#[tokio::test(start_paused = true)]
async fn an_expired_session_is_never_served() {
    let clock = Arc::new(ManualClock::default());
    let sts = FakeSts::at(clock.clone(), &[]);
    let rig = Rig::new(clock.clone(), sts.clone(), &["a"]);
    assert_eq!(get(&rig.socket(), "/v1/credentials/a").await.0, 200);
    sts.set("a", Answer::Fault(FaultKind::Unreachable));
    clock.advance(Duration::from_secs(3601));
    let (status, error) = rig.refused("/v1/credentials/a").await;
    assert_eq!((status, error.code.as_str()), (503, "unreachable"));
}

#[tokio::test]
async fn documents_hold_no_secret() {
    let rig = Rig::with(&[("b", Answer::Fault(FaultKind::Denied))]);
    assert_eq!(get(&rig.socket(), "/v1/credentials/a").await.0, 200);
    assert_eq!(get(&rig.socket(), "/v1/credentials/b").await.0, 403);
    let (status, body) = get(&rig.socket(), "/v1/profiles").await;
    canary::assert_absent("profiles", &body);
    let profiles: ProfilesDocument = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    let states: Vec<_> = profiles.profiles.iter().map(|p| (p.alias.as_str(), p.state.as_str(), p.default)).collect();
    assert_eq!(states, [("a", "fresh", true), ("b", "failed", false)]);
    assert_eq!(profiles.profiles[0].role, "a-role");
    assert_eq!(profiles.profiles[1].fault.as_ref().unwrap().kind, "denied");
    assert!(profiles.profiles[0].expires_at.as_ref().unwrap().ends_with('Z'));

    let (_, body) = get(&rig.socket(), "/v1/status").await;
    canary::assert_absent("status", &body);
    let status: StatusDocument = serde_json::from_str(&body).unwrap();
    assert_eq!((status.profiles[0].session_version, status.profiles[1].session_version), (1, 0));
    assert_eq!(status.agent.pid, std::process::id());
}

/// Posts `body` to `/v1/refresh` and returns the status and the answer.
async fn refresh(rig: &Rig, body: &str) -> (u16, String) {
    let length = body.len();
    let request = format!("POST /v1/refresh HTTP/1.1\r\nHost: agent\r\nContent-Length: {length}\r\n\r\n{body}");
    let answer = send(&rig.socket(), &request).await;
    canary::assert_absent("the answer to a refresh", &answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.into())
}

#[tokio::test(start_paused = true)]
async fn a_refresh_answers_when_sts_has() {
    let clock = Arc::new(ManualClock::default());
    let sts = FakeSts::at(clock.clone(), &[]);
    let rig = Rig::new(clock.clone(), sts.clone(), &["a", "b"]);
    let versions = async |body: &str| {
        clock.advance(Duration::from_secs(60));
        let (status, body) = refresh(&rig, body).await;
        assert_eq!(status, 200, "{body}");
        let document: RefreshDocument = serde_json::from_str(&body).unwrap();
        assert!(document.complete && document.version == 1);
        let row = |status: ProfileStatus| (status.profile.alias, status.session_version, status.profile.fault);
        document.profiles.into_iter().map(row).collect::<Vec<_>>()
    };
    let row = |alias: &str, version| (alias.to_owned(), version, None);
    get(&rig.socket(), "/v1/credentials/a").await;
    get(&rig.socket(), "/v1/credentials/b").await;
    assert_eq!(versions("").await, [row("a", 2), row("b", 2)]);
    assert_eq!(versions(r#"{"aliases":["b"],"later":1}"#).await, [row("b", 3)]);
    assert_eq!(versions(r#"{"aliases":[]}"#).await, [row("a", 3), row("b", 4)]);
    assert_eq!(versions("{}").await, [row("a", 4), row("b", 5)]);

    sts.set("a", Answer::Fault(FaultKind::Denied));
    let failed = versions(r#"{"aliases":["a"]}"#).await;
    assert_eq!((failed[0].1, failed[0].2.as_ref().unwrap().kind.as_str()), (4, "denied"));
    sts.set("a", Answer::Silence);
    clock.advance(Duration::from_secs(60));
    let (status, body) = refresh(&rig, r#"{"aliases":["a"]}"#).await;
    let document: RefreshDocument = serde_json::from_str(&body).unwrap();
    assert_eq!((status, document.complete), (200, false));
    assert!(document.profiles[0].attempt_under_way, "{document:?}");
}

#[tokio::test]
async fn a_refresh_that_means_nothing_asks_nothing() {
    let rig = Rig::with(&[]);
    let long = format!(r#"{{"aliases":["{}"]}}"#, "x".repeat(64 * 1024));
    for (body, status, code) in [
        (r#"{"aliases":["a","nobody"]}"#, 404, "unknown_alias"),
        (r#"{"aliases":["../a"]}"#, 404, "unknown_alias"),
        (r#"{"aliases":"a"}"#, 400, "bad_request"),
        ("nonsense", 400, "bad_request"),
        (&long, 413, "bad_request"),
    ] {
        let (answered, body) = refresh(&rig, body).await;
        let error: ErrorDocument = serde_json::from_str(&body).unwrap();
        assert_eq!((answered, error.code.as_str()), (status, code), "{error:?}");
    }
    let answer = send(&rig.socket(), "GET /v1/refresh HTTP/1.1\r\nHost: agent\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: POST"), "{answer}");
    // A body that never comes holds its place for a second only.
    let answer = send(&rig.socket(), "POST /v1/refresh HTTP/1.1\r\nHost: agent\r\nContent-Length: 9\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let status: StatusDocument = serde_json::from_str(&get(&rig.socket(), "/v1/status").await.1).unwrap();
    assert!(status.profiles.iter().all(|profile| profile.session_version == 1), "{status:?}");
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let rig = Rig::with(&[]);
    assert_eq!(rig.refused("/").await.0, 404);
    assert_eq!(rig.refused("/v1/credentials").await.0, 404);
    assert_eq!(rig.refused("/v2/status").await.0, 404);
    assert_eq!(rig.refused("/v1/credentials/a?form=yaml").await.0, 400);
    for path in ["/v1/status", "/v1/profiles", "/v1/credentials/a"] {
        let answer = send(&rig.socket(), &format!("POST {path} HTTP/1.1\r\nHost: agent\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
        assert!(answer.contains("allow: GET"), "{answer}");
        canary::assert_absent("a refused POST", &answer);
    }
}

#[tokio::test]
async fn a_request_that_is_too_long_or_no_http_is_refused() {
    let rig = Rig::with(&[]);
    let long = format!("GET /v1/status HTTP/1.1\r\nHost: agent\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for request in [long.as_str(), "\0\0\0\0\r\n\r\n"] {
        let answer = send(&rig.socket(), request).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_cut_and_holds_nobody_up() {
    let rig = Rig::with(&[]);
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS {
        silent.push(UnixStream::connect(rig.socket()).await.unwrap());
    }
    // More than the server talks to at once: answered when the silent ones are cut.
    assert_eq!(get(&rig.socket(), "/v1/status").await.0, 200);
    for mut stream in silent {
        let mut answer = Vec::new();
        // All were opened before the first was cut, so all are cut by now.
        let cut = tokio::time::timeout(Duration::from_millis(100), stream.read_to_end(&mut answer));
        cut.await.expect("it is cut").unwrap();
        canary::assert_absent("the last words to a silent client", &String::from_utf8_lossy(&answer));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_has_a_second_for_its_request() {
    let rig = Rig::with(&[]);
    for begun in ["", "GET /v1/sta"] {
        let mut stream = UnixStream::connect(rig.socket()).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let early = tokio::time::timeout(Duration::from_millis(900), stream.read_to_end(&mut answer)).await;
        assert!(early.is_err(), "{begun:?} was cut early");
        tokio::time::timeout(Duration::from_millis(200), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_ours_is_private_and_removed() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("agent.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    drop(std::os::unix::net::UnixListener::bind(home.path().join("agent.new")).unwrap());
    let listener = bind(&path, Access::default()).unwrap();
    let meta = path.metadata().unwrap();
    assert!(meta.file_type().is_socket());
    assert_eq!(meta.mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    UnixStream::connect(&path).await.unwrap();
    drop(listener);

    let rig = Rig::with(&[]);
    let socket = rig.socket();
    let mut waiting = UnixStream::connect(&socket).await.unwrap();
    rig.server.stop().await;
    assert!(!socket.exists());
    assert_eq!(waiting.read(&mut [0]).await.unwrap_or(0), 0, "connections are cut");
}

/// Asks for a lease and returns the connection with what came first.
async fn lease(rig: &Rig, body: &str) -> (UnixStream, String) {
    let mut stream = UnixStream::connect(rig.socket()).await.unwrap();
    let head = "POST /v1/tokens HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: rolecall-lease\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut told = String::new();
    while !told.ends_with("}\n") && !told.ends_with('}') {
        let mut piece = [0; 1024];
        let length = stream.read(&mut piece).await.unwrap();
        told.push_str(str::from_utf8(&piece[..length]).unwrap());
    }
    (stream, told)
}

const TOKEN: &str = "0123456789-0123456789_0123456789abcdefABCDE";

#[tokio::test]
async fn a_token_is_lent_for_as_long_as_the_connection_lasts() {
    let rig = Rig::with(&[]);
    let opens = |name: &str| rig.keyring.open(name, TOKEN.as_bytes()).is_some();
    let (connection, told) = lease(&rig, &format!(r#"{{"alias":"a","token":"{TOKEN}"}}"#)).await;
    assert!(told.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{told}");
    let line = r#"{"version":1,"name":"a","url":"http://127.0.0.1:4000/v1/credentials/a","region":"eu-central-1"}"#;
    assert!(told.ends_with(&format!("\r\n\r\n{line}\n")), "{told}");
    assert!(opens("a") && !opens("b"));
    drop(connection);
    wait_until(|| !opens("a")).await;
}

#[tokio::test]
async fn a_command_with_a_policy_gets_a_session_of_its_own() {
    let rig = Rig::with(&[]);
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let (connection, told) =
        lease(&rig, &format!(r#"{{"alias":"a","token":"{TOKEN}","policy_arns":["{arn}"]}}"#)).await;
    let document: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let name = document["name"].as_str().unwrap();
    assert!(name.starts_with("a~") && name.len() == 10, "{name}");
    let (status, body) = get(&rig.socket(), &format!("/v1/credentials/{name}")).await;
    assert_eq!(status, 200, "{body}");
    assert!(rig.keyring.open("a", TOKEN.as_bytes()).is_none(), "not the whole role");
    let profiles: Value = serde_json::from_str(&get(&rig.socket(), "/v1/profiles").await.1).unwrap();
    assert_eq!(profiles["profiles"].as_array().unwrap().len(), 2, "it is nobody's profile");
    drop(connection);
    wait_until(|| rig.keyring.lent(name).is_none()).await;
    assert_eq!(rig.refused(&format!("/v1/credentials/{name}")).await.1.code, "unknown_alias");
}

#[tokio::test]
async fn what_cannot_be_lent_is_told() {
    let rig = Rig::with(&[]);
    for (body, status, code) in [
        (format!(r#"{{"alias":"c","token":"{TOKEN}"}}"#), 404, "unknown_alias"),
        (r#"{"alias":"a","token":"short"}"#.into(), 400, "bad_request"),
        (format!(r#"{{"alias":"a","token":"{TOKEN}","policy":"no JSON"}}"#), 400, "bad_request"),
        (format!(r#"{{"alias":"a","token":"{TOKEN}","policy_arns":["x"]}}"#), 400, "bad_request"),
        (format!(r#"{{"alias":"a","token":"{TOKEN}","tag":"xyz"}}"#), 400, "bad_request"),
        (format!(r#"{{"alias":"a","token":"{TOKEN}","policy_arn":"x"}}"#), 400, "bad_request"),
        ("{}".into(), 400, "bad_request"),
        (String::new(), 400, "bad_request"),
    ] {
        let (_, told) = lease(&rig, &body).await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")) && told.contains(code), "{body}: {told}");
        assert!(!told.contains(TOKEN), "{told}");
    }
    let plain = send(&rig.socket(), "POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    assert!(plain.starts_with("HTTP/1.1 400 "), "{plain}");
    assert_eq!(rig.refused("/v1/tokens").await.0, 405);
}

#[tokio::test]
async fn what_is_lent_ends_with_the_agent() {
    let rig = Rig::with(&[]);
    let (mut connection, _) = lease(&rig, &format!(r#"{{"alias":"a","token":"{TOKEN}"}}"#)).await;
    rig.server.stop().await;
    assert_eq!(connection.read(&mut [0]).await.unwrap_or(0), 0);
}

async fn wait_until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), met).await.expect("in time");
}
