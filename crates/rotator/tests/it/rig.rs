//! A rotator with an STS and a sink of the test's own, on tokio's paused clock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rolecall_core::rotation::{Now, Policy};
use rolecall_core::{Alias, AssumeRole, Assumed, Clock, Delivery, Fault, FaultKind, Role, Session, Sink, role};
use rolecall_rotator::{Rotator, State, spawn};
use rolecall_testkit::canary;
use tokio::time::Instant;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Both clocks follow tokio's paused one.
pub(crate) struct PausedClock(Instant);

impl PausedClock {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "tokio's paused clock is the test's clock")]
        Self(Instant::now())
    }
}

impl Clock for PausedClock {
    fn now(&self) -> Now {
        let boot = self.0.elapsed();
        Now { wall: Timestamp::from_second(1_800_000_000).unwrap() + boot, boot }
    }
}

/// Issues sessions of a minute, or whatever it is told to do instead.
pub(crate) struct FakeSts {
    pub(crate) clock: Arc<PausedClock>,
    pub(crate) calls: AtomicU64,
    pub(crate) fault: Mutex<Option<FaultKind>>,
    pub(crate) hang: AtomicBool,
    /// Roles that were assumed with the session of another one, each with the access key id of that.
    pub(crate) parents: Mutex<Vec<(Alias, String)>>,
}

#[async_trait]
impl AssumeRole for FakeSts {
    async fn assume_role(&self, role: &Role, parent: Option<&Session>) -> Result<Assumed, Fault> {
        assert_eq!(role.source.parent().is_some(), parent.is_some(), "{role:?}");
        if let Some(parent) = parent {
            let id = parent.credentials.access_key_id().to_owned();
            self.parents.lock().unwrap().push((role.alias.clone(), id));
        }
        let n = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(SECOND / 10).await;
        if self.hang.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if let Some(kind) = *self.fault.lock().unwrap() {
            return Err(Fault::new(kind, "no", "wait"));
        }
        let now = self.clock.now().wall;
        let asked_for = role::DEFAULT_DURATION;
        Ok(Assumed { credentials: canary::credentials(n), expires_at: now + SECOND * 60, asked_for, date: Some(now) })
    }
}

/// Remembers what is written; fails when told to.
#[derive(Default)]
pub(crate) struct FakeSink {
    pub(crate) written: Mutex<BTreeMap<Alias, Option<String>>>,
    pub(crate) broken: AtomicBool,
    pub(crate) deliveries: AtomicU64,
}

#[async_trait]
impl Sink for FakeSink {
    fn name(&self) -> &'static str {
        "fake"
    }

    async fn deliver(&self, changes: &[Delivery]) -> Result<(), Fault> {
        self.deliveries.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(SECOND / 100).await;
        if self.broken.load(Ordering::SeqCst) {
            return Err(Fault::new(FaultKind::Misconfigured, "disk full", "free some"));
        }
        let key = |d: &Delivery| d.session.as_ref().map(|s| s.credentials.access_key_id().to_owned());
        self.written.lock().unwrap().extend(changes.iter().map(|d| (d.role.alias.clone(), key(d))));
        Ok(())
    }
}

pub(crate) struct Rig {
    pub(crate) sts: Arc<FakeSts>,
    pub(crate) sink: Arc<FakeSink>,
    pub(crate) rotator: Rotator,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with_policy(Policy::default())
    }

    pub(crate) fn with_policy(policy: Policy) -> Self {
        let clock = Arc::new(PausedClock::new());
        let sts = Arc::new(FakeSts {
            clock: Arc::clone(&clock),
            calls: AtomicU64::new(0),
            fault: Mutex::new(None),
            hang: AtomicBool::new(false),
            parents: Mutex::default(),
        });
        let sink = Arc::new(FakeSink::default());
        let rotator = spawn(policy, clock, Arc::clone(&sts) as _, vec![Arc::clone(&sink) as _]);
        Self { sts, sink, rotator }
    }

    pub(crate) fn role(alias: &Alias) -> Role {
        Role::new(alias.clone(), "arn:aws:iam::123456789012:role/R".parse().unwrap(), "host")
    }

    pub(crate) fn define(&self, alias: &str) -> Alias {
        let alias: Alias = alias.parse().unwrap();
        self.rotator.define(Self::role(&alias), None);
        alias
    }

    pub(crate) async fn state(&self) -> State {
        self.rotator.report().await.unwrap().roles[0].state
    }

    pub(crate) async fn key(&self, alias: &Alias) -> String {
        self.rotator.session(alias, SECOND).await.unwrap().session.credentials.access_key_id().into()
    }
}
