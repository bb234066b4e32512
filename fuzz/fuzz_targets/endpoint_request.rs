//! Whatever is sent to the loopback endpoint: a session is the answer only to a request that another parser, too, takes for
//! one with our host, our token and nothing of a browser or a proxy; no other answer holds a part of it.
//!
//! The input is a request as it goes over the line; `@HOST` and `@TOKEN` in it become what they should be.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use rolecall_agent::alone::Alone;
use rolecall_agent::state::tokens::Token;
use rolecall_core::port::{AssumeRole, Assumed, Clock as _};
use rolecall_core::{Fault, FaultKind, Role, Session, SessionCredentials};
use rolecall_rotator::SystemClock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

const SECRET: &str = "canary-of-the-fuzzer";
const LIFE: Duration = Duration::from_secs(12 * 3600);

struct Rig {
    runtime: Runtime,
    host: String,
    token: String,
    _alone: Alone,
}

/// Never asked, since there is a session.
struct Nobody;

#[async_trait::async_trait]
impl AssumeRole for Nobody {
    async fn assume_role(&self, _: &Role) -> Result<Assumed, Fault> {
        Err(Fault::new(FaultKind::Denied, SECRET.replace("canary", "fault"), ""))
    }
}

static RIG: LazyLock<Rig> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let now = SystemClock.now().wall;
    let credentials = SessionCredentials::new("ASIAFUZZ".into(), SECRET.into(), SECRET.into());
    let session = Session { credentials, issued_at: now, expires_at: now + LIFE, asked_for: LIFE };
    let role =
        Role::new("a".parse().expect("an alias"), "arn:aws:iam::123456789012:role/R".parse().expect("an ARN"), "h");
    let token = Token::new().expect("random bytes");
    let text = token.as_str().to_owned();
    let start = Alone::start(role, Some(session), token, Default::default(), Arc::new(Nobody), Arc::new(SystemClock));
    let alone = runtime.block_on(start).expect("a free port");
    let host = alone.url().trim_start_matches("http://").split('/').next().expect("a host").to_owned();
    Rig { runtime, host, token: text, _alone: alone }
});

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input).replace("@HOST", &RIG.host).replace("@TOKEN", &RIG.token);
    // A second request behind the first would be answered, too, and makes it hard to say which is which.
    let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned() + "\r\n\r\n";
    let answer = RIG.runtime.block_on(exchange(&head));
    if answer.contains(SECRET) {
        assert!(answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.0 200 "), "{answer}");
        assert!(is_meant(&head), "{head}");
    }
});

async fn exchange(head: &str) -> String {
    let mut stream = TcpStream::connect(&RIG.host).await.expect("the endpoint listens");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(6), stream.read_to_end(&mut answer)).await.expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether a request is one for a session, as `httparse` reads it.
fn is_meant(head: &str) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 200];
    let mut request = httparse::Request::new(&mut headers);
    if !request.parse(head.as_bytes()).is_ok_and(|status| status.is_complete()) {
        return false;
    }
    let values = |name: &str| {
        let named = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| String::from_utf8_lossy(header.value).trim().to_owned()).collect::<Vec<_>>()
    };
    let foreign = request.headers.iter().any(|header| {
        let name = header.name.to_ascii_lowercase();
        ["origin", "referer", "forwarded", "via"].contains(&name.as_str())
            || name.starts_with("sec-fetch-")
            || name.starts_with("x-forwarded-")
    });
    let hosts = [RIG.host.clone(), RIG.host.replace("127.0.0.1", "localhost")];
    let is_ours = |host: &String| hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host));
    request.method == Some("GET")
        && request.path.is_some_and(|path| path.ends_with("/v1/credentials/a"))
        && values("host").len() == 1
        && values("host").iter().all(is_ours)
        && values("authorization") == [RIG.token.clone()]
        && !foreign
}
