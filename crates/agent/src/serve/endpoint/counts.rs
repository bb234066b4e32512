//! How the requests to the endpoint ended, by the word that was answered.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The counts since the start. Cloning it gives another handle to the same ones.
#[derive(Clone)]
pub(crate) struct Counts {
    outcomes: Family<[(&'static str, &'static str); 1], Counter>,
    /// The one that is counted all the time, at hand.
    ok: Counter,
}

impl Default for Counts {
    fn default() -> Self {
        let outcomes = Family::<_, Counter>::default();
        let ok = outcomes.get_or_create(&[("outcome", "ok")]).clone();
        Self { outcomes, ok }
    }
}

impl Counts {
    pub(crate) fn ok(&self) {
        self.ok.inc();
    }

    /// `outcome` is the code of an error.
    pub(crate) fn refused(&self, outcome: &'static str) {
        self.outcomes.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Requests to the loopback endpoint, by how they were answered: ok, or the code of the error";
        registry.register("endpoint_requests", help, self.outcomes.clone());
    }
}
