//! What the rotator counts: calls to STS, why they were made and how long they took, and writes of the sinks.
//!
//! Labels are words of fixed sets, never a name that somebody chose. How the roles stand is in the [`crate::Report`].

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use rolecall_core::Fault;
use rolecall_core::rotation::Reason;

/// The bounds of the buckets, in seconds: from a sandbox on this machine to the longest that a call may take.
const SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0];

/// Names of labels with their values.
type Labels<const N: usize> = [(&'static str, &'static str); N];

/// The counts since the start. Cloning it gives another handle to the same ones.
#[derive(Clone)]
pub struct Metrics {
    refreshes: Family<Labels<2>, Counter>,
    requests: Family<Labels<2>, Histogram>,
    writes: Family<Labels<2>, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            refreshes: Family::default(),
            requests: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            writes: Family::default(),
        }
    }
}

impl Metrics {
    /// Shows all of them in a registry whose prefix is `rolecall`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "refreshes",
            "Calls to STS that ended, by the word for how (ok, given_up or the kind of fault) and why they were made",
            self.refreshes.clone(),
        );
        registry.register(
            "sts_request_duration_seconds",
            "How long calls to STS took, the base credentials included",
            self.requests.clone(),
        );
        registry.register("sink_writes", "Deliveries to the writers of files that were tried", self.writes.clone());
    }

    /// A call to STS has ended, by itself or because it was given up; `outcome` is `ok`, the kind of a fault, or `given_up`.
    pub(crate) fn asked(&self, reason: Reason, took: Duration, outcome: &'static str) {
        self.refreshes.get_or_create(&[("result", outcome), ("reason", reason.as_str())]).inc();
        let labels = [("operation", "AssumeRole"), ("outcome", outcome)];
        self.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A delivery to a sink has been tried.
    pub(crate) fn delivered(&self, sink: &'static str, fault: Option<&Fault>) {
        let result = if fault.is_none() { "ok" } else { "failed" };
        self.writes.get_or_create(&[("sink", sink), ("result", result)]).inc();
    }
}
