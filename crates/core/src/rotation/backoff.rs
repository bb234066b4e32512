//! How long an entry waits after a failed call: grows with each failure in a row, by what went wrong.

use std::time::Duration;

use super::schedule::mix;
use super::{Attempt, EntryId};
use crate::FaultKind;

/// The first and the longest wait after a fault of this kind.
#[must_use]
pub(super) fn bounds(kind: FaultKind) -> (Duration, Duration) {
    let (first, longest) = match kind {
        FaultKind::Unreachable => (1, 30),
        FaultKind::Throttled => (2, 60),
        // Mended outside at any moment, and asked of the base first: cheap to try.
        FaultKind::BaseExpired | FaultKind::SsoLoginNeeded => (5, 60),
        // Mended by a person, if at all.
        FaultKind::Denied | FaultKind::Misconfigured | FaultKind::Clock | FaultKind::ProfileTaken | FaultKind::Bug => {
            (30, 600)
        }
    };
    (Duration::from_secs(first), Duration::from_secs(longest))
}

/// The wait after `failures` failures in a row, the newest of this kind. Up to a quarter is taken off, by a hash of the
/// attempt, so that entries that failed together do not try again together.
#[must_use]
pub(super) fn wait(kind: FaultKind, failures: u32, entry: EntryId, attempt: Attempt) -> Duration {
    let (first, longest) = bounds(kind);
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest);
    let share = mix(entry.0 ^ mix(attempt.0)) >> 32;
    #[expect(clippy::cast_possible_truncation, reason = "a share of at most 150 s")]
    let off = Duration::from_nanos((((doubled / 4).as_nanos() * u128::from(share)) >> 32) as u64);
    doubled - off
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_bound_and_no_further() {
        for kind in [FaultKind::Unreachable, FaultKind::Throttled, FaultKind::Denied, FaultKind::BaseExpired] {
            let (first, longest) = bounds(kind);
            let waits: Vec<_> = (1..40).map(|n| wait(kind, n, EntryId(1), Attempt(u64::from(n)))).collect();
            assert!(waits[0] <= first && waits[0] >= first * 3 / 4, "{kind}: {waits:?}");
            assert!(waits.iter().all(|w| *w <= longest), "{kind}: {waits:?}");
            assert!(*waits.last().unwrap() >= longest * 3 / 4, "{kind}: {waits:?}");
        }
    }
}
