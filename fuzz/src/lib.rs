//! What several targets need: a sandbox of the process's own, and questions to it over a socket.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_sandbox::{Config, Faults, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// The time that the sandbox believes in, in seconds since 1970.
pub const NOW: u64 = 1_800_000_000;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);

struct Rig {
    runtime: Runtime,
    sandbox: Sandbox,
    addr: SocketAddr,
}

impl Rig {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let now = Timestamp::from_second(NOW.cast_signed()).expect("a time that jiff knows");
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let start = Sandbox::start(Config::default(), listen, Arc::new(move || now));
        let sandbox = runtime.block_on(start).expect("a free port");
        let addr = sandbox.addr();
        Self { runtime, sandbox, addr }
    }
}

thread_local! {
    static RIG: RefCell<Rig> = RefCell::new(Rig::start());
}

/// Sends one request on a connection of its own and returns all that comes back.
///
/// # Panics
/// When nothing comes, or the answer has no end.
#[must_use]
pub fn exchange(request: &[u8]) -> String {
    RIG.with_borrow(|rig| {
        // What an earlier input put there must not change the answer to this one.
        rig.sandbox.control().set_faults(Faults::default()).expect("no faults");
        rig.sandbox.control().clear_calls();
        let exchange = async {
            let mut stream = TcpStream::connect(rig.addr).await.expect("the sandbox goes on");
            // A server may stop reading as soon as it knows its answer.
            let _ = stream.write_all(request).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answer
        };
        let answer = rig.runtime.block_on(async { tokio::time::timeout(LIMIT, exchange).await });
        String::from_utf8(answer.expect("an answer with an end")).expect("an answer in UTF-8")
    })
}

/// Fails when an answer is no HTTP, says that the sandbox is broken, or has a document that cannot be read.
///
/// # Panics
/// Then.
pub fn assert_readable(answer: &str) {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        assert!(answer.is_empty(), "half an answer: {answer}");
        return;
    };
    assert!(head.starts_with("HTTP/1.") && !head.contains(" 500 "), "{head}");
    let head = head.to_ascii_lowercase();
    if body.is_empty() {
        return;
    }
    if head.contains("text/xml") {
        roxmltree::Document::parse(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    } else if head.contains("application/json") {
        serde_json::from_str::<serde_json::Value>(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    }
}
