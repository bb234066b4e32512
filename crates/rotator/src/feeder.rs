//! Feeds one sink: merges what changes while the sink is busy, and tries again what it could not write.
//!
//! What waits is bounded by the number of roles, since only the newest state of each is kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rolecall_core::{Alias, Delivery, Fault, FaultKind, Sink};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use crate::metrics::Metrics;

/// The first and the longest wait after a delivery that failed.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How far a sink got.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// How many deliveries were tried, with success or not.
    through: u64,
    /// Why the newest one failed.
    fault: Option<Fault>,
}

/// What waits to be delivered.
#[derive(Default)]
struct Inbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    changes: BTreeMap<Alias, Delivery>,
    /// How many deliveries were pushed in all.
    pushed: u64,
    closed: bool,
}

impl Inbox {
    fn with<T>(&self, change: impl FnOnce(&mut Waiting) -> T) -> T {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The driver's end.
pub(crate) struct Feeder {
    pub(crate) name: &'static str,
    inbox: Arc<Inbox>,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

impl Feeder {
    pub(crate) fn spawn(sink: Arc<dyn Sink>, metrics: Metrics) -> Self {
        let inbox = Arc::new(Inbox::default());
        let (tell, progress) = watch::channel(Progress::default());
        let name = sink.name();
        let task = tokio::spawn(run(sink, Arc::clone(&inbox), tell, metrics));
        Self { name, inbox, progress, task }
    }

    pub(crate) fn push(&self, delivery: Delivery) {
        self.inbox.with(|waiting| {
            waiting.pushed += 1;
            waiting.changes.insert(delivery.role.alias.clone(), delivery);
        });
        self.inbox.arrived.notify_one();
    }

    /// Why nothing is written, if so.
    pub(crate) fn fault(&self) -> Option<Fault> {
        if self.task.is_finished() {
            let action = "report this, with the log around it; start the agent again";
            return Some(Fault::new(FaultKind::Bug, format!("the sink {} ended in a panic", self.name), action));
        }
        self.progress.borrow().fault.clone()
    }

    /// Resolves once all that was pushed until now has been tried.
    pub(crate) fn caught_up(&self) -> impl Future<Output = ()> + use<> {
        let (mut progress, pushed) = (self.progress.clone(), self.inbox.with(|waiting| waiting.pushed));
        async move {
            // An error means that the sink is gone: there is nothing to wait for.
            let _ = progress.wait_for(|progress| progress.through >= pushed).await;
        }
    }

    /// Lets the sink try what waits once, and ends it.
    pub(crate) async fn stop(self) {
        self.inbox.with(|waiting| waiting.closed = true);
        self.inbox.arrived.notify_one();
        if let Err(error) = self.task.await {
            warn!(sink = self.name, %error, "sink ended badly");
        }
    }
}

async fn run(sink: Arc<dyn Sink>, inbox: Arc<Inbox>, tell: watch::Sender<Progress>, metrics: Metrics) {
    let mut backoff = BACKOFF.0;
    loop {
        let (changes, through, closed) =
            inbox.with(|waiting| (std::mem::take(&mut waiting.changes), waiting.pushed, waiting.closed));
        if changes.is_empty() {
            if closed {
                return;
            }
            inbox.arrived.notified().await;
            continue;
        }
        let batch: Vec<_> = changes.values().cloned().collect();
        let fault = sink.deliver(&batch).await.err();
        metrics.delivered(sink.name(), fault.as_ref());
        let before = tell.send_replace(Progress { through, fault: fault.clone() }).fault;
        log(sink.name(), before.as_ref(), fault.as_ref());
        if fault.is_none() {
            backoff = BACKOFF.0;
            continue;
        }
        let closed = inbox.with(|waiting| {
            for (alias, delivery) in changes {
                // What came meanwhile is newer.
                waiting.changes.entry(alias).or_insert(delivery);
            }
            waiting.closed
        });
        if closed {
            return;
        }
        wait(&inbox, backoff).await;
        backoff = (backoff * 2).min(BACKOFF.1);
    }
}

/// Waits for as long as `backoff`, or until the feeder is closed.
async fn wait(inbox: &Inbox, backoff: Duration) {
    let closed = async {
        while !inbox.with(|waiting| waiting.closed) {
            inbox.arrived.notified().await;
        }
    };
    // Either way it is time to go on.
    let _ = tokio::time::timeout(backoff, closed).await;
}

/// Notes once that a sink fails, and once that it works again. People are told by the sink itself, which knows when it
/// began.
fn log(sink: &str, before: Option<&Fault>, fault: Option<&Fault>) {
    match (before, fault) {
        (before, Some(fault)) if before != Some(fault) => {
            debug!(sink, fault = %fault.kind, "cannot write: {}; {}", fault.message, fault.action);
        }
        (Some(_), None) => debug!(sink, "written again"),
        _ => {}
    }
}
