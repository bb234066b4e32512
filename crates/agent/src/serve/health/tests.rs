//! What probes are told before, in and after the first round.

use std::net::{Ipv4Addr, SocketAddr};

use rolecall_core::FaultKind;
use rolecall_rotator::SystemClock;
use rolecall_testkit::canary;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::*;
use crate::testing::{Answer, FakeSts, role, view};

struct Rig {
    address: SocketAddr,
    view: Arc<View>,
    ready: watch::Sender<bool>,
    _probes: Served,
}

impl Rig {
    async fn new() -> Self {
        let clock = Arc::new(SystemClock);
        let sts = FakeSts::new(&[("secret-b", Answer::Fault(FaultKind::Denied))]);
        let rotator = rolecall_rotator::spawn(Default::default(), clock, sts, Vec::new());
        ["secret-a", "secret-b"].iter().for_each(|alias| rotator.define(role(alias), None));
        let (tell, ready) = watch::channel(false);
        let view = Arc::new(View { ready, ..view(rotator) });
        let listener = listener::open((Ipv4Addr::LOCALHOST, 0).into(), "health probes").unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, _probes: serve(listener, Arc::clone(&view), Arc::new(SystemClock)), view, ready: tell }
    }

    /// The status and the body of the answer.
    async fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        canary::assert_absent("a probe", &answer);
        assert!(!answer.contains("secret-") && !answer.contains("arn:"), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.into())
    }
}

#[tokio::test]
async fn it_is_live_from_the_start_and_ready_behind_the_first_round() {
    let rig = Rig::new().await;
    assert_eq!(rig.ask("GET", "/healthz/live").await.0, 200);
    assert_eq!(rig.ask("GET", "/healthz/ready").await.0, 503);
    rig.view.rotator.settled().await;
    rig.ready.send_replace(true);
    let told = r#"{"live":true,"ready":true,"roles":2,"held":1}"#;
    assert_eq!(rig.ask("GET", "/healthz/ready").await, (200, told.into()));
    assert_eq!(rig.ask("HEAD", "/healthz/ready").await, (200, String::new()));
}

#[tokio::test]
async fn it_is_not_live_when_nobody_keeps_the_roles() {
    let rig = Rig::new().await;
    rig.ready.send_replace(true);
    rig.view.rotator.stop().await;
    assert_eq!(rig.ask("GET", "/healthz/live").await.0, 503);
    assert_eq!(rig.ask("GET", "/healthz/ready").await.0, 503);
}

#[tokio::test]
async fn nothing_else_is_answered() {
    let rig = Rig::new().await;
    for path in ["/", "/healthz", "/healthz/ready/x", "/v1/credentials/secret-a", "/v1/status"] {
        assert_eq!(rig.ask("GET", path).await, (404, String::new()), "{path}");
    }
    assert_eq!(rig.ask("POST", "/healthz/live").await.0, 405);
}

#[tokio::test]
async fn an_address_in_use_is_told() {
    let rig = Rig::new().await;
    let error = listener::open(rig.address, "health probes").err().unwrap().to_string();
    assert!(error.contains(&rig.address.to_string()) && error.contains("name another address"), "{error}");
}

#[tokio::test]
async fn whoever_says_nothing_keeps_nobody_out() {
    let rig = Rig::new().await;
    let mut silent = Vec::new();
    for _ in 0..LIMITS.connections + 8 {
        let mut stream = TcpStream::connect(rig.address).await.unwrap();
        stream.write_all(b"GET /").await.unwrap();
        silent.push(stream);
    }
    assert_eq!(rig.ask("GET", "/healthz/live").await.0, 200);
    assert_eq!(silent[0].read(&mut [0; 1]).await.unwrap_or(0), 0, "the oldest is cut");
}
