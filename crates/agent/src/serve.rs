//! What is asked and answered while the agent runs: over the socket, at the loopback endpoint, by probes and by
//! whoever collects metrics.

pub(crate) mod answer;
pub(crate) mod connections;
pub(crate) mod documents;
pub(crate) mod endpoint;
pub(crate) mod health;
pub(crate) mod keyring;
pub(crate) mod listener;
pub(crate) mod metrics;
pub(crate) mod seldom;
pub(crate) mod shown;
pub(crate) mod socket;
pub mod summary;
pub mod wire;
