//! Keeps one load of the base for everybody, and decides when to load again.
//!
//! Promises one load at a time, whose outcome, good or bad, is shared by all who waited for it: a source that takes
//! seconds to fail costs these seconds once and not once per role.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use aws_config::Region;
use rolecall_core::Fault;
use tokio::sync::Mutex;

use super::load::{Before, Loaded, Seams, load};
use super::{Base, Wanted};

/// The base and its newest load.
pub(crate) struct Cache {
    base: Base,
    wanted: Wanted,
    seams: Arc<Seams>,
    /// How many loads have ended.
    loads: AtomicU64,
    /// Whether a load has been good.
    worked: AtomicBool,
    newest: Mutex<Option<Result<Arc<Loaded>, Fault>>>,
}

impl Cache {
    pub(crate) fn new(base: Base, wanted: Wanted, seams: Arc<Seams>) -> Self {
        let (loads, worked) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { base, wanted, seams, loads, worked, newest: Mutex::new(None) }
    }

    /// How many loads have ended: a [`Loaded::number`] above it belongs to a load that ended later.
    pub(crate) fn loads(&self) -> u64 {
        self.loads.load(Ordering::Acquire)
    }

    /// The base: the newest load while it is good, else a new one.
    ///
    /// # Errors
    /// Why the base could not be loaded.
    pub(crate) async fn get(&self, fallback: Option<&Region>) -> Result<Arc<Loaded>, Fault> {
        let before = self.loads();
        let mut newest = self.newest.lock().await;
        let now = self.seams.time.now();
        if let Some(outcome) = &*newest {
            let ended_while_waiting = self.loads() > before;
            if ended_while_waiting || outcome.as_ref().is_ok_and(|loaded| loaded.is_good(now)) {
                return outcome.clone();
            }
        }
        let number = self.loads() + 1;
        let before = Before { fallback, number, worked: self.worked.load(Ordering::Acquire) };
        let outcome = load(&self.base, &self.wanted, &self.seams, before).await.map(Arc::new);
        self.worked.fetch_or(outcome.is_ok(), Ordering::AcqRel);
        *newest = Some(outcome.clone());
        self.loads.store(number, Ordering::Release);
        outcome
    }

    /// Makes the next [`Cache::get`] load anew, unless somebody has replaced `used` already.
    pub(crate) async fn discard(&self, used: &Arc<Loaded>) {
        let mut newest = self.newest.lock().await;
        if matches!(&*newest, Some(Ok(loaded)) if Arc::ptr_eq(loaded, used)) {
            *newest = None;
        }
    }
}
