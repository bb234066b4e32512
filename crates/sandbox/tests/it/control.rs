//! The knobs, in the process and over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rolecall_sandbox::{Config, Faults, KeyState, Outage, RoleFaults, Sandbox, StartError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{ROLE, Signer, USER, World};

const SECOND: &str = "arn:aws:iam::123456789013:role/MySecondRole";

#[tokio::test]
async fn a_denied_role_hurts_no_other() {
    let world = World::start().await;
    let roles = [(ROLE.to_owned(), RoleFaults { denied: true, ..RoleFaults::default() })].into();
    world.control().set_faults(Faults { roles, ..Faults::default() }).unwrap();
    assert_eq!(world.assume(&Signer::user(), ROLE).await.error().1, "AccessDenied");
    assert_eq!(world.assume(&Signer::user(), SECOND).await.status, 200);
    world.control().set_faults(Faults::default()).unwrap();
    assert_eq!(world.assume(&Signer::user(), ROLE).await.status, 200);
}

#[tokio::test]
async fn an_outage_is_a_503_or_silence_and_the_control_endpoint_stays() {
    let world = World::start().await;
    world.control().set_faults(Faults { outage: Some(Outage::Unavailable), ..Faults::default() }).unwrap();
    let answer = world.identity(&Signer::user()).await;
    assert_eq!((answer.error().0, answer.error().1, answer.element("Type")), (503, "ServiceUnavailable", "Receiver"));
    world.control().set_faults(Faults { outage: Some(Outage::Drop), ..Faults::default() }).unwrap();
    let request = world.signed(&Signer::user(), "Action=GetCallerIdentity&Version=2011-06-15");
    assert!(world.send(&request).await.is_none());
    assert_eq!(world.plain("GET", "/_sandbox/health", "", "").await.json()["status"], "ok");
    let outcomes: Vec<_> = world.control().calls().iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, ["ServiceUnavailable", "dropped"]);
}

#[tokio::test]
async fn keys_can_be_made_to_expire_or_to_be_unknown() {
    let world = World::start().await;
    let session = Signer::session(&world.assume(&Signer::user(), ROLE).await);
    for signer in [Signer::user(), session] {
        for (state, code) in [(KeyState::Expired, "ExpiredToken"), (KeyState::Inactive, "InvalidClientTokenId")] {
            let keys = [(signer.id.clone(), state)].into();
            world.control().set_faults(Faults { keys, ..Faults::default() }).unwrap();
            assert_eq!(world.identity(&signer).await.error().1, code);
        }
        world.control().set_faults(Faults::default()).unwrap();
        assert_eq!(world.identity(&signer).await.status, 200);
    }
}

#[tokio::test]
async fn a_slow_role_is_slow_alone() {
    let world = World::start().await;
    let roles = [(ROLE.to_owned(), RoleFaults { latency_ms: 600_000, ..RoleFaults::default() })].into();
    world.control().set_faults(Faults { roles, ..Faults::default() }).unwrap();
    let user = Signer::user();
    tokio::select! {
        answer = world.assume(&user, ROLE) => panic!("{answer:?}"),
        answer = world.assume(&user, SECOND) => assert_eq!(answer.status, 200),
    }
}

#[tokio::test]
async fn latency_holds_every_answer_back() {
    let world = World::start().await;
    world.control().set_faults(Faults { latency_ms: 80, ..Faults::default() }).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the time that passed outside is what is tested")]
    let start = Instant::now();
    assert_eq!(world.identity(&Signer::user()).await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn the_clock_of_sts_can_be_off() {
    let world = World::start().await;
    world.control().set_faults(Faults { clock_offset_seconds: 3600, ..Faults::default() }).unwrap();
    let answer = world.identity(&Signer::user()).await;
    assert!(answer.error().2.starts_with("Signature expired: "), "{answer:?}");
    assert!(answer.head.contains("\r\ndate: sun, 01 mar 2026 13:00:00 gmt"), "{answer:?}");
}

#[tokio::test]
async fn faults_are_set_shown_and_reset_over_http() {
    let world = World::start().await;
    let faults = format!(
        "{{\"session_seconds\":5,\"outage\":\"unavailable\",\"roles\":{{\"{ROLE}\":{{\"denied\":true}}}},\
         \"keys\":{{\"{}\":\"expired\"}}}}",
        USER.0
    );
    let set = world.plain("PUT", "/_sandbox/faults", "", &faults).await;
    assert_eq!(set.status, 200, "{set:?}");
    let shown = world.plain("GET", "/_sandbox/faults", "", "").await.json();
    assert_eq!(shown, set.json());
    assert_eq!(shown["roles"][ROLE]["denied"], true);
    let in_process = world.control().faults();
    assert_eq!((in_process.session_seconds, in_process.outage), (Some(5), Some(Outage::Unavailable)));
    let reset = world.plain("DELETE", "/_sandbox/faults", "", "").await;
    assert_eq!((reset.status, world.control().faults()), (200, Faults::default()));
}

#[tokio::test]
async fn faults_that_could_never_show_are_refused_and_change_nothing() {
    let world = World::start().await;
    world.control().set_faults(Faults { latency_ms: 1, ..Faults::default() }).unwrap();
    for bad in
        ["", "[]", "{\"latency\":1}", "{\"latency_ms\":-1}", "{\"roles\":{\"x\":{}}}", "{\"keys\":{\"x\":\"expired\"}}"]
    {
        let answer = world.plain("PUT", "/_sandbox/faults", "", bad).await;
        assert_eq!((answer.status, &answer.json()["Code"]), (400, &"BadFaults".into()), "{bad}");
    }
    assert_eq!(world.control().faults(), Faults { latency_ms: 1, ..Faults::default() });
}

#[tokio::test]
async fn the_call_log_says_what_was_asked_and_how_it_ended() {
    let world = World::start().await;
    let assumed = world.assume(&Signer::user(), ROLE).await;
    world.assume(&Signer::session(&assumed), "arn:aws:iam::123456789012:role/None").await;
    world.plain("GET", "/?Action=Other&DurationSeconds=5", "", "").await;
    let log = world.plain("GET", "/_sandbox/calls", "", "").await;
    assert!(!log.body.contains(assumed.element("SecretAccessKey")) && !log.body.contains(USER.1));
    let log = log.json();
    assert_eq!(log["total"], 3);
    let first = serde_json::json!({
        "at": "2026-03-01T12:00:00Z",
        "request_id": assumed.element("RequestId"),
        "action": "AssumeRole",
        "caller": "arn:aws:iam::123456789012:user/rolecall",
        "role": ROLE,
        "session_name": "me@host",
        "duration_seconds": null,
        "issued": assumed.element("AccessKeyId"),
        "outcome": "ok",
    });
    assert_eq!(log["calls"][0], first);
    assert_eq!(log["calls"][1]["caller"], "arn:aws:sts::123456789012:assumed-role/MyFirstRole/me@host");
    assert_eq!(log["calls"][1]["outcome"], "AccessDenied");
    assert_eq!(
        (&log["calls"][2]["outcome"], &log["calls"][2]["duration_seconds"]),
        (&"InvalidAction".into(), &5.into())
    );
    let cleared = world.plain("DELETE", "/_sandbox/calls", "", "").await.json();
    assert_eq!(cleared, serde_json::json!({"total": 0, "calls": []}));
    assert!(world.control().calls().is_empty());
}

#[tokio::test]
async fn web_pages_and_foreign_names_do_not_reach_the_control_endpoint() {
    let world = World::start().await;
    for header in ["Origin: http://localhost:1", "Origin: null", "Sec-Fetch-Site: same-origin", "sec-fetch-mode: cors"]
    {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = world.plain(method, "/_sandbox/faults", &format!("{header}\r\n"), "{}").await;
            assert_eq!(answer.status, 403, "{header}");
            assert!(!answer.head.contains("access-control"), "{answer:?}");
        }
    }
    for host in ["host: rebound.example\r\n", "host: 127.0.0.1.example:80\r\n", ""] {
        let request = format!("GET /_sandbox/calls HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        assert_eq!(world.send(&request).await.unwrap().status, 403, "{host}");
    }
}

#[tokio::test]
async fn resources_and_methods_that_are_not_there_are_named() {
    let world = World::start().await;
    assert_eq!(world.plain("GET", "/_sandbox/other", "", "").await.status, 404);
    let answer = world.plain("POST", "/_sandbox/calls", "", "").await;
    assert_eq!(answer.status, 405);
    assert!(answer.head.contains("allow: get, delete"), "{answer:?}");
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let clock = Arc::new(|| Timestamp::UNIX_EPOCH);
    for addr in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let addr: SocketAddr = addr.parse().unwrap();
        let error = Sandbox::start(Config::default(), addr, clock.clone()).await.unwrap_err();
        assert!(matches!(error, StartError::NotLoopback(a) if a == addr), "{error}");
    }
    let world = World::start().await;
    let error = Sandbox::start(Config::default(), world.sandbox.addr(), clock).await.unwrap_err();
    assert!(matches!(error, StartError::Listen { .. }), "{error}");
}

#[tokio::test]
async fn a_stopped_sandbox_is_gone_with_its_connections() {
    let world = World::start().await;
    world.control().set_faults(Faults { latency_ms: 600_000, ..Faults::default() }).unwrap();
    let addr = world.sandbox.addr();
    let request = world.signed(&Signer::user(), "Action=GetCallerIdentity&Version=2011-06-15");
    let control = world.control();
    let held = async {
        let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        bytes
    };
    let stop = async {
        while control.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        world.sandbox.stop().await;
    };
    let both = async { tokio::join!(held, stop) };
    let (answer, ()) = tokio::time::timeout(Duration::from_secs(20), both).await.expect("an end");
    assert!(answer.is_empty());
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
