//! Feeds one sink: batches what changed while the sink was busy, and tries again what it could not write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rolecall_core::{Alias, Delivery, Fault, Sink};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::warn;

/// The first and the longest wait after a delivery that failed.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How far a sink got.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// How many deliveries were tried, with success or not.
    pub(crate) through: u64,
    /// Why the newest one failed.
    pub(crate) fault: Option<Fault>,
}

/// The driver's end.
pub(crate) struct Feeder {
    pub(crate) name: &'static str,
    sent: u64,
    queue: mpsc::UnboundedSender<Delivery>,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

impl Feeder {
    pub(crate) fn spawn(sink: Arc<dyn Sink>) -> Self {
        let (queue, deliveries) = mpsc::unbounded_channel();
        let (tell, progress) = watch::channel(Progress::default());
        let name = sink.name();
        Self { name, sent: 0, queue, progress, task: tokio::spawn(run(sink, deliveries, tell)) }
    }

    pub(crate) fn push(&mut self, delivery: Delivery) {
        // The other end goes only when the sink panicked; then `progress` says so.
        if self.queue.send(delivery).is_ok() {
            self.sent += 1;
        }
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        self.progress.borrow().fault.clone()
    }

    /// Resolves once all that was pushed until now has been tried.
    pub(crate) fn caught_up(&self) -> impl Future<Output = ()> + use<> {
        let (mut progress, sent) = (self.progress.clone(), self.sent);
        async move {
            // An error means that the sink is gone: there is nothing to wait for.
            let _ = progress.wait_for(|progress| progress.through >= sent).await;
        }
    }

    /// Lets the sink finish what was pushed, trying each thing once, and ends it.
    pub(crate) async fn stop(self) {
        drop(self.queue);
        if let Err(error) = self.task.await {
            warn!(sink = self.name, %error, "sink ended badly");
        }
    }
}

async fn run(sink: Arc<dyn Sink>, mut deliveries: mpsc::UnboundedReceiver<Delivery>, tell: watch::Sender<Progress>) {
    let mut pending: BTreeMap<Alias, Delivery> = BTreeMap::new();
    let mut through = 0;
    let mut backoff = BACKOFF.0;
    let mut arrived = Vec::new();
    while deliveries.recv_many(&mut arrived, usize::MAX).await > 0 {
        loop {
            through += arrived.len() as u64;
            pending.extend(arrived.drain(..).map(|delivery| (delivery.role.alias.clone(), delivery)));
            let changes: Vec<_> = pending.values().cloned().collect();
            let result = sink.deliver(&changes).await;
            let fault = result.err();
            tell.send_replace(Progress { through, fault: fault.clone() });
            let Some(fault) = fault else {
                pending.clear();
                backoff = BACKOFF.0;
                break;
            };
            warn!(sink = sink.name(), fault = %fault.kind, "cannot write: {}; {}", fault.message, fault.action);
            let closed = tokio::select! {
                () = tokio::time::sleep(backoff) => false,
                count = deliveries.recv_many(&mut arrived, usize::MAX) => count == 0,
            };
            if closed {
                return;
            }
            backoff = (backoff * 2).min(BACKOFF.1);
        }
    }
}
