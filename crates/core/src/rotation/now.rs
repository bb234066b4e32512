//! One reading of both clocks, and the few sums that are done with it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// What both clocks say at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: the clock that STS's `Expiration` is spoken in. It can be wrong and it can jump.
    pub wall: Timestamp,
    /// Time since boot, suspend included (`CLOCK_BOOTTIME`). It never jumps.
    pub boot: Duration,
}

impl Now {
    /// The time from now until `at` by the wall clock; zero when `at` is past.
    #[must_use]
    pub fn wall_until(self, at: Timestamp) -> Duration {
        between(self.wall, at)
    }

    /// The wall time that will be shown when the boot clock says `boot`, if nobody sets the wall clock until then.
    #[must_use]
    pub fn wall_at(self, boot: Duration) -> Timestamp {
        let ahead = signed(boot.saturating_sub(self.boot)) - signed(self.boot.saturating_sub(boot));
        self.wall.saturating_add(ahead).unwrap_or(self.wall)
    }

    /// How much more the wall clock moved than the boot clock since `earlier`; negative when it moved less.
    #[must_use]
    pub fn drift_since(self, earlier: Self) -> SignedDuration {
        self.wall.duration_since(earlier.wall) - signed(self.boot.saturating_sub(earlier.boot))
    }
}

/// The time from `from` to `to`; zero when `to` is earlier.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// `duration`, or the longest that fits when it does not.
pub(super) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
