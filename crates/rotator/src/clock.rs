//! The clocks of this machine. The only place in the house where clocks are read.

use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::port::Clock;
use rolecall_core::rotation::Now;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// The wall clock and `CLOCK_BOOTTIME`, which counts suspend; elsewhere than on Linux the monotonic clock, which on
/// macOS counts suspend too.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOOT: ClockId = ClockId::Monotonic;

impl SystemClock {
    /// The monotonic clock, which the service manager reads too. Stands still in suspend: for nothing but telling it.
    #[must_use]
    pub fn monotonic(self) -> Duration {
        duration(clock_gettime(ClockId::Monotonic))
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let wall = clock_gettime(ClockId::Realtime);
        let boot = clock_gettime(BOOT);
        Now { wall: Timestamp::new(wall.tv_sec, nanos(wall)).unwrap_or(Timestamp::UNIX_EPOCH), boot: duration(boot) }
    }
}

/// A time since the machine was started.
fn duration(time: Timespec) -> Duration {
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), nanos(time).unsigned_abs())
}

/// The nanoseconds within the second: 0 to 999,999,999.
fn nanos(time: Timespec) -> i32 {
    i32::try_from(time.tv_nsec).unwrap_or_default()
}
