//! What is asked and answered while the agent runs: over the socket, and by probes.

pub(crate) mod documents;
pub(crate) mod health;
pub(crate) mod shown;
pub(crate) mod socket;
pub mod summary;
pub mod wire;
