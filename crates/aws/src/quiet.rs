//! Keeps the SDK's own log lines out of our log.
//!
//! At `warn` they hold what a `credential_process` wrote and whole error answers, at `trace` the signed headers with the
//! session token. What a person needs of them is in the fault.

use std::future::Future;

use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

/// Runs a future of the SDK without a log.
pub(crate) fn quiet<F: Future>(future: F) -> impl Future<Output = F::Output> {
    future.with_subscriber(NoSubscriber::default())
}
