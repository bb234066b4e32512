//! The endpoint over a real socket: what a program gets, and what everybody else does not.

use rolecall_core::FaultKind;
use rolecall_rotator::SystemClock;
use rolecall_testkit::{ManualClock, canary};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::serve::wire::ErrorDocument;
use crate::state::tokens::Token;
use crate::testing::{Answer as Scripted, FakeSts, role};

struct Rig {
    address: SocketAddr,
    token: Token,
    rotator: Rotator,
    keyring: Arc<Keyring>,
    _served: connections::Served,
}

impl Rig {
    /// One that has been there for some time.
    async fn new(answers: &[(&str, Scripted)]) -> Self {
        let clock = Arc::new(ManualClock::default());
        let rig = Self::started(answers, clock.clone()).await;
        clock.advance(SETTLING);
        rig
    }

    /// One that has just started, by this clock.
    async fn started(answers: &[(&str, Scripted)], of_endpoint: Arc<dyn Clock>) -> Self {
        let clock = Arc::new(SystemClock);
        let sts = FakeSts::new(answers);
        let rotator = rolecall_rotator::spawn(Default::default(), clock.clone(), sts, Vec::new());
        ["a", "b"].iter().for_each(|alias| rotator.define(role(alias), None));
        let token = Token::new().unwrap();
        let keyring = Arc::new(Keyring::default());
        let other = ("b".parse().unwrap(), Token::new().unwrap());
        keyring.set_lasting([("a".parse().unwrap(), token.clone()), other].into());
        let endpoint = Endpoint::on_any_port().await.unwrap();
        let address = endpoint.address();
        let served = endpoint.serve(rotator.clone(), Arc::clone(&keyring), Counts::default(), of_endpoint);
        Self { address, token, rotator, keyring, _served: served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// All that comes back to bytes that are sent as they are, until the other end closes.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    fn request(&self, alias: &str) -> String {
        let (address, token) = (self.address, self.token.as_str());
        format!(
            "GET /v1/credentials/{alias} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
        )
    }

    /// The status and the error of a refusal, which must hold no secret.
    async fn refused(&self, request: &str) -> (u16, ErrorDocument) {
        let answer = self.exchange(request).await;
        canary::assert_absent("a refusal", &answer);
        assert!(!answer.contains(self.token.as_str()) && !answer.to_lowercase().contains("access-control"), "{answer}");
        (status(&answer), serde_json::from_str(body(&answer)).unwrap())
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_default().parse().unwrap_or_default()
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap_or_default().1
}

#[tokio::test]
async fn whoever_has_the_token_gets_the_session() {
    let rig = Rig::new(&[]).await;
    let answer = rig.exchange(&rig.request("a")).await;
    assert_eq!(status(&answer), 200);
    let document: Value = serde_json::from_str(body(&answer)).unwrap();
    assert!(document["Token"].as_str().unwrap().starts_with(canary::MARK));
    assert_eq!(document["AccountId"], "123456789012");
    let head = answer.split_once("\r\n\r\n").unwrap().0.to_lowercase();
    assert!(head.contains("content-type: application/json") && head.contains("cache-control: no-store"), "{head}");
    assert!(!head.contains("transfer-encoding") && !head.contains("content-encoding"), "{head}");
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let rig = Rig::new(&[]).await;
    let mut stream = rig.connect().await;
    let request = rig.request("a").replace("Connection: close\r\n", "");
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with('}') {
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).await.unwrap();
            assert_ne!(length, 0, "the connection is kept");
            answer.push_str(str::from_utf8(&piece[..length]).unwrap());
        }
        assert_eq!(status(&answer), 200);
    }
}

#[tokio::test]
async fn a_refusal_says_why_and_what_to_do() {
    let rig = Rig::new(&[]).await;
    let good = rig.request("a");
    let token = format!("Authorization: {}\r\n", rig.token.as_str());
    let host = format!("Host: {}\r\n", rig.address);
    for (request, expected, code) in [
        (good.replace(&token, ""), 401, "unauthorized"),
        (good.replace(&token, "Authorization: wrong\r\n"), 401, "unauthorized"),
        (good.replace(&token, "Authorization: \r\n"), 401, "unauthorized"),
        (rig.request("b"), 401, "unauthorized"),
        (rig.request("c"), 401, "unauthorized"),
        (rig.request("%61"), 401, "unauthorized"),
        (rig.request("a/../a"), 401, "unauthorized"),
        (good.replace(&host, "Host: evil.example\r\n"), 403, "forbidden"),
        (good.replace(&host, ""), 403, "forbidden"),
        (good.replace(&host, &format!("{host}Origin: null\r\n")), 403, "forbidden"),
        (good.replace(&host, &format!("{host}X-Forwarded-For: 127.0.0.1\r\n")), 403, "forbidden"),
        (good.replace("GET ", "POST "), 405, "method_not_allowed"),
        (good.replace("GET ", "OPTIONS "), 405, "method_not_allowed"),
        (good.replace("/v1/credentials/a", "/v1/status"), 404, "not_found"),
        (good.replace("/credentials/a", "/credentials/a?x=y"), 400, "bad_request"),
    ] {
        let (status, error) = rig.refused(&request).await;
        assert_eq!((status, error.code.as_str()), (expected, code), "{request}");
        assert!(!error.message.is_empty() && !error.action.is_empty(), "{error:?}");
    }
    let (_, error) = rig.refused(&good.replace(&token, "")).await;
    assert!(error.action.contains("line break"), "{error:?}");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let rig = Rig::new(&[]).await;
    let host = format!("Host: {}\r\n", rig.address);
    let long = rig.request("a").replace(&host, &format!("{host}X: {}\r\n", "x".repeat(9000)));
    assert_eq!(status(&rig.exchange(&long).await), 431);
    let many: String = (0..200).map(|n| format!("X{n}: 1\r\n")).collect();
    let answer = rig.exchange(&rig.request("a").replace(&host, &format!("{host}{many}"))).await;
    assert!(status(&answer) == 431, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_slow_is_cut_and_one_that_is_idle_too() {
    let rig = Rig::new(&[]).await;
    for sent in ["", "GET /v1/cred"] {
        let mut stream = rig.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(6), stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "{sent:?}");
        canary::assert_absent("an answer to nobody", &String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn a_crowd_that_says_nothing_keeps_nobody_out() {
    let rig = Rig::new(&[]).await;
    let mut silent = Vec::new();
    for _ in 0..LIMITS.connections + 44 {
        let mut stream = rig.connect().await;
        stream.write_all(b"GET /").await.unwrap();
        silent.push(stream);
        if silent.len() % 50 == 0 {
            assert_eq!(status(&rig.exchange(&rig.request("a")).await), 200, "{} are silent", silent.len());
        }
    }
    assert_eq!(silent[0].read(&mut [0; 1]).await.unwrap_or(0), 0, "the oldest is cut");
}

#[tokio::test]
async fn a_fault_is_in_the_text_of_the_error() {
    let rig = Rig::new(&[("a", Scripted::Fault(FaultKind::Denied))]).await;
    rig.rotator.settled().await;
    let (status, error) = rig.refused(&rig.request("a")).await;
    assert_eq!((status, error.code.as_str(), error.action.as_str()), (403, "denied", "do this"));
    assert!(error.message.contains("a-role"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_kept_waiting_for_longer_than_an_sdk_waits() {
    let rig = Rig::new(&[("a", Scripted::Silence)]).await;
    let request = rig.request("a");
    let asked = rig.refused(&request);
    tokio::pin!(asked);
    assert!(tokio::time::timeout(Duration::from_millis(700), &mut asked).await.is_err(), "it may still come");
    let (status, error) = tokio::time::timeout(Duration::from_millis(200), asked).await.expect("in time");
    assert_eq!((status, error.code.as_str()), (503, "pending"));
}

#[tokio::test(start_paused = true)]
async fn behind_a_start_a_token_may_come_later_than_its_program() {
    let rig = Rig::started(&[], Arc::new(ManualClock::default())).await;
    let token = Token::new().unwrap();
    let request = rig.request("a").replace(rig.token.as_str(), token.as_str());
    let (status, error) = rig.refused(&request).await;
    assert_eq!((status, error.code.as_str()), (503, "pending"), "not yet, and not never");
    let asked = rig.exchange(&request);
    let lent = async {
        tokio::time::sleep(WAIT / 2).await;
        rig.keyring.lend(&rig.rotator, role("a"), Default::default(), token, [0; 4]).unwrap_or_else(|_| unreachable!())
    };
    let (answer, _lease) = tokio::join!(asked, lent);
    assert_eq!(super::tests::status(&answer), 200, "{answer}");
}

#[tokio::test]
async fn the_port_of_the_one_before_is_taken_again() {
    let first = Endpoint::on_any_port().await.unwrap();
    let address = first.address();
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    let other = Endpoint::open(any, Some(address)).await.unwrap();
    assert_ne!(other.address(), address, "it is not free");
    drop(first);
    assert_eq!(Endpoint::open(any, Some(address)).await.unwrap().address(), address);
    let named = Endpoint::open(other.address(), Some(address)).await.err().unwrap().to_string();
    assert!(named.contains(&other.address().to_string()) && named.contains("false"), "{named}");
    let elsewhere = "[::1]:1".parse().unwrap();
    assert_ne!(Endpoint::open(any, Some(elsewhere)).await.unwrap().address(), elsewhere);
}
