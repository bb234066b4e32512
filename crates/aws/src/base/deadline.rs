//! One time limit over several steps, each of which says for itself what it is like to be late.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use rolecall_core::Fault;
use tokio::time::Sleep;

/// A time limit that has begun.
pub(super) struct Deadline(Pin<Box<Sleep>>);

impl Deadline {
    /// Begins now.
    pub(super) fn new(limit: Duration) -> Self {
        Self(Box::pin(tokio::time::sleep(limit)))
    }

    /// Runs a step in the time that is left, and drops it when that is over.
    ///
    /// # Errors
    /// `late`, when the time is over.
    pub(super) async fn within<T>(
        &mut self,
        step: impl Future<Output = T>,
        late: impl FnOnce() -> Fault,
    ) -> Result<T, Fault> {
        tokio::select! {
            biased;
            outcome = step => Ok(outcome),
            () = &mut self.0 => Err(late()),
        }
    }
}
