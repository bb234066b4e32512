//! A clock that a test sets.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::port::Clock;
use rolecall_core::rotation::Now;

/// Stands still until told otherwise. Starts at 2026-01-01T00:00:00Z, one hour after boot.
#[derive(Debug)]
pub struct ManualClock(Mutex<Now>);

impl Default for ManualClock {
    fn default() -> Self {
        let wall = Timestamp::from_second(1_767_225_600).expect("a time that jiff knows");
        Self(Mutex::new(Now { wall, boot: Duration::from_secs(3600) }))
    }
}

impl ManualClock {
    /// Lets time pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().expect("no test panics while it holds the clock");
        now.boot += by;
        now.wall = now.wall.saturating_add(by).expect("a time that jiff knows");
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.lock().expect("no test panics while it holds the clock")
    }
}
