//! Whether the wall clock can be believed.
//!
//! Sessions end by STS's clock, which the wall clock should agree with. It may not: set by hand, set back by NTP, dead
//! battery, a virtual machine that was frozen. So
//! - a wall that moves 2 minutes more or less than the boot clock in one step is *doubted*: until an answer of STS settles
//!   it the boot clock alone decides;
//! - a wall that is 2 minutes off the `Date` of an answer is *wrong*: the boot clock alone decides, and it is shown;
//! - otherwise both decide, and the one that says "ended" is believed.

use jiff::{SignedDuration, Timestamp};

use super::Now;

/// A jump or an offset below this is believed: STS takes signatures that are 5 minutes off.
pub(super) const TOLERANCE: SignedDuration = SignedDuration::from_mins(2);

/// What is known about the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    Trusted,
    Doubted,
    Wrong { ahead: SignedDuration },
}

/// Watches the wall clock from step to step.
#[derive(Clone, Debug)]
pub(super) struct Wall {
    seen: Option<Now>,
    trust: Trust,
}

impl Default for Wall {
    fn default() -> Self {
        Self { seen: None, trust: Trust::Trusted }
    }
}

impl Wall {
    /// Takes note of the time. True when the wall just jumped.
    pub(super) fn observe(&mut self, now: Now) -> bool {
        let jumped = self.jumped(now);
        if jumped {
            self.trust = Trust::Doubted;
        }
        self.seen = Some(now);
        jumped
    }

    /// Settles the matter by what the clock of STS says.
    pub(super) fn settle(&mut self, now: Now, date: Timestamp) {
        let ahead = now.wall.duration_since(date);
        self.trust = if ahead.abs() > TOLERANCE { Trust::Wrong { ahead } } else { Trust::Trusted };
    }

    /// Whether the wall clock may be used at `now`, which need not have been observed.
    #[must_use]
    pub(super) fn trusted(&self, now: Now) -> bool {
        self.trust == Trust::Trusted && !self.jumped(now)
    }

    /// How far the wall clock is ahead of STS, if STS showed it to be wrong; negative when it is behind.
    #[must_use]
    pub(super) fn skew(&self) -> Option<SignedDuration> {
        match self.trust {
            Trust::Wrong { ahead } => Some(ahead),
            Trust::Trusted | Trust::Doubted => None,
        }
    }

    fn jumped(&self, now: Now) -> bool {
        self.seen.is_some_and(|seen| now.drift_since(seen).abs() > TOLERANCE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn now(wall: i64, boot: u64) -> Now {
        Now { wall: Timestamp::from_second(1_800_000_000 + wall).unwrap(), boot: Duration::from_secs(boot) }
    }

    #[test]
    fn suspend_and_slow_drift_are_no_jumps() {
        let mut wall = Wall::default();
        for (w, b) in [(0, 0), (30, 30), (36_030, 36_030), (36_100, 36_060), (36_020, 36_090)] {
            assert!(!wall.observe(now(w, b)));
            assert!(wall.trusted(now(w, b)));
        }
    }

    #[test]
    fn a_jump_is_doubted_until_sts_settles_it() {
        let mut wall = Wall::default();
        wall.observe(now(0, 0));
        assert!(!wall.trusted(now(3600, 30)), "a jump counts before it is observed");
        assert!(wall.observe(now(3600, 30)));
        assert!(!wall.observe(now(3630, 60)) && !wall.trusted(now(3630, 60)));
        wall.settle(now(3660, 90), now(3659, 0).wall);
        assert!(wall.trusted(now(3660, 90)), "the boot clock had stood still");
    }

    #[test]
    fn a_wrong_wall_is_shown_until_it_is_mended() {
        let mut wall = Wall::default();
        wall.observe(now(7200, 0));
        wall.settle(now(7200, 0), now(0, 0).wall);
        assert_eq!(wall.skew(), Some(SignedDuration::from_hours(2)));
        assert!(!wall.trusted(now(7200, 0)));
        assert!(wall.observe(now(30, 30)), "setting it right is a jump too");
        wall.settle(now(60, 60), now(60, 0).wall);
        assert!(wall.trusted(now(60, 60)) && wall.skew().is_none());
    }
}
