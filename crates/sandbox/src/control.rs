//! The knobs of a running sandbox, for whoever holds it in the same process.
//!
//! The same knobs are served over HTTP by [`crate::routes`].

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::WallClock;
use crate::calls::{Call, CallLog};
use crate::config::Config;
use crate::faults::{Faults, FaultsError};
use crate::mint::Mint;
use crate::sigv4::Signable;
use crate::sts::{Reply, Sts};

/// A handle to the faults and the call log of a sandbox. Clones are the same sandbox.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

struct Shared {
    config: Config,
    mint: Mint,
    clock: WallClock,
    serial: AtomicU64,
    faults: Mutex<Arc<Faults>>,
    calls: Mutex<CallLog>,
}

impl Control {
    pub(crate) fn new(config: Config, clock: WallClock) -> Self {
        let shared = Shared {
            mint: Mint::new(&config.seed),
            config,
            clock,
            serial: AtomicU64::new(0),
            faults: Mutex::default(),
            calls: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The world that the sandbox was started with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::clone(&self.faults_in_force())
    }

    /// Puts `faults` in the place of those in force, from the next call on.
    ///
    /// # Errors
    /// When one of them could never show; then nothing changes.
    pub fn set_faults(&self, faults: Faults) -> Result<(), FaultsError> {
        faults.check(&self.shared.config)?;
        *lock(&self.shared.faults) = Arc::new(faults);
        Ok(())
    }

    /// The newest calls, from old to new; at most 10,000.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.with_calls(CallLog::to_vec)
    }

    /// Empties the call log.
    pub fn clear_calls(&self) {
        *lock(&self.shared.calls) = CallLog::default();
    }

    pub(crate) fn with_calls<T>(&self, read: impl FnOnce(&CallLog) -> T) -> T {
        read(&lock(&self.shared.calls))
    }

    pub(crate) fn faults_in_force(&self) -> Arc<Faults> {
        Arc::clone(&lock(&self.shared.faults))
    }

    /// The time that STS believes in.
    pub(crate) fn now(&self, faults: &Faults) -> Timestamp {
        let now = (self.shared.clock)();
        now.checked_add(SignedDuration::from_secs(faults.clock_offset_seconds)).unwrap_or(now)
    }

    /// An id for an answer that is not STS's.
    pub(crate) fn next_request_id(&self) -> String {
        self.shared.mint.request_id(self.next_serial())
    }

    fn next_serial(&self) -> u64 {
        self.shared.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Answers one call of STS and writes it into the log.
    pub(crate) fn answer(&self, faults: &Faults, request: Signable<'_>) -> Reply {
        let Shared { config, mint, .. } = &*self.shared;
        let reply = Sts { config, mint, faults }.answer(self.now(faults), self.next_serial(), request);
        lock(&self.shared.calls).push(reply.call.clone());
        reply
    }
}

/// A panic elsewhere must not stop the sandbox: what is behind these locks is always whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
