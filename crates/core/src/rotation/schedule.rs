//! When a session ends and when it is refreshed, as sums over what STS said and when we asked.

use std::time::Duration;

use super::now::between;
use super::{EntryId, Issue, Lead, Now, Version};
use crate::{Fault, FaultKind};

/// Below this much left (or half of the lifetime) a demand refreshes ahead of time: botocore asks again on every use
/// from 15 minutes before the end on.
pub(super) const DEMAND_WINDOW: Duration = Duration::from_secs(15 * 60);

/// Two calls for one entry never start closer together than this, whatever STS answers.
pub(super) const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// Jitter moves a refresh ahead by at most this share of the lifetime.
const JITTER_SHARE: u32 = 20;

/// The lifetime of what was issued, never more than what it really has.
///
/// With a `Date` it is a difference of two readings of STS's own clock, so ours need not be right; the `Date` has whole
/// seconds, so STS's clock may have been almost a second later. Without one, the wall clock has to do.
#[must_use]
pub(super) fn lifetime(now: Now, issue: Issue) -> Duration {
    let lifetime = match issue.date {
        Some(date) => between(date, issue.expires_at).saturating_sub(Duration::from_secs(1)),
        None => now.wall_until(issue.expires_at),
    };
    lifetime.min(issue.asked_for)
}

impl Issue {
    /// How long the session lives that was just issued.
    ///
    /// # Errors
    /// `clock` when it had ended before it came.
    pub fn life(self, now: Now) -> Result<Duration, Fault> {
        let lifetime = lifetime(now, self);
        if lifetime.is_zero() {
            let message = format!("STS returned a session that had already ended, at {}", self.expires_at);
            let action = "set the clock of this machine right, and look at what answers at the STS endpoint";
            return Err(Fault::new(FaultKind::Clock, message, action));
        }
        Ok(lifetime)
    }
}

/// How long before its end a session is refreshed: the lead, and a jitter that only moves it ahead; together at most half
/// of the lifetime.
///
/// The jitter is a hash, drawn once at issue: drawn anew at each look, the earliest draw would win and most of the
/// spreading be lost.
#[must_use]
pub(super) fn lead(lead: Lead, lifetime: Duration, seed: u64, entry: EntryId, version: Version) -> Duration {
    let spread = lifetime / JITTER_SHARE;
    let share = mix(mix(seed ^ entry.0).wrapping_add(version.0)) >> 32;
    #[expect(clippy::cast_possible_truncation, reason = "a share of `spread`, which fits")]
    let jitter = Duration::from_nanos(((spread.as_nanos() * u128::from(share)) >> 32) as u64);
    (lead.of(lifetime) + jitter).min(lifetime / 2)
}

/// The SplitMix64 finaliser: spreads close inputs over all 64 bits.
pub(super) fn mix(input: u64) -> u64 {
    let x = input.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn the_lifetime_needs_no_right_wall_clock_when_sts_tells_its_own() {
        let issue = Issue { expires_at: at(3600), asked_for: HOUR, date: Some(at(0)) };
        let wrong = Now { wall: at(-7200), boot: Duration::ZERO };
        assert_eq!(lifetime(wrong, issue), Duration::from_secs(3599));
    }

    #[test]
    fn the_lifetime_is_what_sts_returned_not_what_was_asked() {
        let now = Now { wall: at(0), boot: Duration::ZERO };
        let issue = Issue { expires_at: at(900), asked_for: HOUR, date: None };
        assert_eq!(lifetime(now, issue), Duration::from_secs(900));
        let ended = Issue { expires_at: at(-1), asked_for: HOUR, date: None };
        assert_eq!(lifetime(now, ended), Duration::ZERO);
    }

    #[test]
    fn jitter_moves_ahead_only_and_spreads() {
        let ten = Lead::Time(Duration::from_secs(600));
        let leads: Vec<_> = (0..1000).map(|id| lead(ten, HOUR, 7, EntryId(id), Version(1))).collect();
        let (min, max) = (*leads.iter().min().unwrap(), *leads.iter().max().unwrap());
        assert!(min >= Duration::from_secs(600) && min < Duration::from_secs(602), "{min:?}");
        assert!(max < Duration::from_secs(780) && max > Duration::from_secs(778), "{max:?}");
    }
}
