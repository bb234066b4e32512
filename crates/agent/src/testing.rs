//! What the tests of several files here need.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rolecall_core::port::Clock;
use rolecall_core::{Alias, AssumeRole, Assumed, Delivery, Fault, FaultKind, Role, Session};
use rolecall_rotator::{Rotator, SystemClock};
use rolecall_testkit::canary;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::watch;

use crate::serve::documents::View;
use crate::serve::shown::{Newest, Shown};
use crate::settings::Publish;

/// A role of this alias, with a Region.
pub(crate) fn role(alias: &str) -> Role {
    let arn = format!("arn:aws:iam::123456789012:role/team/{alias}-role");
    Role {
        name: format!("The {alias}"),
        region: Some("eu-central-1".parse().unwrap()),
        ..Role::new(alias.parse().unwrap(), arn.parse().unwrap(), "host")
    }
}

/// A session with canary values that ends in an hour.
pub(crate) fn session(n: u64) -> Session {
    let now = SystemClock.now().wall;
    let asked_for = Duration::from_secs(3600);
    Session { credentials: canary::credentials(n), issued_at: now, expires_at: now + asked_for, asked_for }
}

/// What is shown of settings that say little.
pub(crate) fn shown(default: Option<Alias>) -> Newest {
    Newest::new(Shown {
        default,
        publish: Publish::Process,
        endpoint: Some("http://127.0.0.1:4000".into()),
        problems: Vec::new(),
        origins: BTreeMap::new(),
        file: None,
        read_at: Timestamp::UNIX_EPOCH,
        refused: Vec::new(),
    })
}

/// What the rotator says of one role.
pub(crate) fn delivery(alias: &str, session: Option<Session>) -> Delivery {
    Delivery { role: Arc::new(role(alias)), session: session.map(Arc::new) }
}

/// STS as a test wants it: issues canary sessions of the duration that is asked for, unless told otherwise.
pub(crate) struct FakeSts {
    clock: Arc<dyn Clock>,
    answers: Mutex<HashMap<String, Answer>>,
    calls: AtomicU64,
}

/// What [`FakeSts`] does for one alias.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// Fails so.
    Fault(FaultKind),
    /// Never comes back.
    Silence,
    /// Issues a session of half the duration that was asked for.
    Clamped,
}

impl FakeSts {
    pub(crate) fn new(answers: &[(&str, Answer)]) -> Arc<Self> {
        Self::at(Arc::new(SystemClock), answers)
    }

    pub(crate) fn at(clock: Arc<dyn Clock>, answers: &[(&str, Answer)]) -> Arc<Self> {
        let answers = answers.iter().map(|(alias, answer)| ((*alias).to_owned(), *answer)).collect();
        Arc::new(Self { clock, answers: Mutex::new(answers), calls: AtomicU64::new(0) })
    }

    /// One whose first session is the `first`th.
    pub(crate) fn from(first: u64) -> Arc<Self> {
        let sts = Self::new(&[]);
        sts.calls.store(first - 1, Ordering::Relaxed);
        sts
    }

    /// How many sessions it has issued.
    pub(crate) fn issued(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, alias: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(alias.into(), answer);
    }
}

#[async_trait]
impl AssumeRole for FakeSts {
    async fn assume_role(&self, role: &Role, _: Option<&Session>) -> Result<Assumed, Fault> {
        let answer = self.answers.lock().unwrap().get(role.alias.as_str()).copied();
        let asked_for = match answer {
            Some(Answer::Fault(kind)) => return Err(Fault::new(kind, format!("assume {}: no", role.arn), "do this")),
            Some(Answer::Silence) => std::future::pending().await,
            Some(Answer::Clamped) => role.duration / 2,
            None => role.duration,
        };
        let now = self.clock.now().wall;
        let credentials = canary::credentials(self.calls.fetch_add(1, Ordering::Relaxed) + 1);
        Ok(Assumed { credentials, expires_at: now + asked_for, asked_for, date: Some(now) })
    }
}

/// What is shown of a rotator's roles when nothing else is the matter.
pub(crate) fn view(rotator: Rotator) -> View {
    View {
        rotator,
        endpoint_requests: Default::default(),
        board: Arc::default(),
        writes: watch::channel(0).1,
        ready: watch::channel(true).1,
        shown: shown(None),
        state_dir: "/state".into(),
        started_at: SystemClock.now().wall,
    }
}

/// Sends `request` to the socket as it is and returns all that comes back.
pub(crate) async fn send(socket: &Path, request: &str) -> String {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // An answer may be followed by a reset when the rest of the request was not read.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

/// The status and the body of the answer to a GET.
pub(crate) async fn get(socket: &Path, path: &str) -> (u16, String) {
    let answer = send(socket, &format!("GET {path} HTTP/1.1\r\nHost: agent\r\n\r\n")).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("rolecall-protocol: 1"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.into())
}

/// Everything that this process has logged since the first call, on all threads.
pub(crate) fn log() -> String {
    static LOG: OnceLock<Log> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        tracing::subscriber::set_global_default(subscriber.with_writer(move || writer.clone()).finish()).unwrap();
        log
    });
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
