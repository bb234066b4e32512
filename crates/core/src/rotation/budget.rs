//! How many calls may be started: a ceiling on what is under way and a token bucket on the rate, shared by all entries.
//!
//! When STS throttles, both are halved (once a second at most, so that one burst of refusals counts once) and regained
//! by a twentieth of the full budget a second.

use std::time::Duration;

use super::BudgetPolicy;

/// The least share of the budget that throttling leaves.
const LEAST: f64 = 1.0 / 64.0;
/// The share of the full budget that is regained each second.
const REGAIN: f64 = 0.05;

/// What is left of the budget.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    policy: BudgetPolicy,
    in_flight: u32,
    /// The generic cell rate algorithm's theoretical arrival time: when the bucket will be full again.
    full_at: Duration,
    /// The share of the budget that was in force at `share_at`.
    share: f64,
    share_at: Duration,
}

impl Budget {
    /// A full budget.
    #[must_use]
    pub(super) fn new(policy: BudgetPolicy) -> Self {
        let policy = least_one(policy);
        Self { policy, in_flight: 0, full_at: Duration::ZERO, share: 1.0, share_at: Duration::ZERO }
    }

    /// Another budget from now on. Calls under way keep their places, and those that were started lately count as before.
    pub(super) fn follow(&mut self, policy: BudgetPolicy, boot: Duration) {
        let policy = least_one(policy);
        // What is missing in the bucket is a number of calls, and a time only by the rate.
        let missing = self.full_at.saturating_sub(boot);
        self.full_at = self.full_at.min(boot) + missing * self.policy.per_second / policy.per_second;
        self.policy = policy;
    }

    /// Takes a call out of the budget if it has one.
    pub(super) fn take(&mut self, boot: Duration) -> bool {
        if self.in_flight >= self.ceiling(boot) || self.next_token() > boot {
            return false;
        }
        self.full_at = self.full_at.max(boot) + self.interval(boot);
        self.in_flight += 1;
        true
    }

    /// Gives the place of a call back that is no longer under way.
    pub(super) fn give_back(&mut self) {
        self.in_flight -= 1;
    }

    /// Halves the budget: STS throttled a call.
    pub(super) fn throttled(&mut self, boot: Duration) {
        let share = self.share(boot);
        if share < 1.0 && boot < self.share_at + Duration::from_secs(1) {
            return;
        }
        self.share = (share / 2.0).max(LEAST);
        self.share_at = boot;
    }

    /// How long until a call may be started; none while all places are taken, since only an answer can free one.
    #[must_use]
    pub(super) fn wait(&self, boot: Duration) -> Option<Duration> {
        (self.in_flight < self.ceiling(boot)).then(|| self.next_token().saturating_sub(boot))
    }

    fn share(&self, boot: Duration) -> f64 {
        (self.share + REGAIN * boot.saturating_sub(self.share_at).as_secs_f64()).min(1.0)
    }

    fn ceiling(&self, boot: Duration) -> u32 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the policy's own u32")]
        let ceiling = (f64::from(self.policy.in_flight) * self.share(boot)) as u32;
        ceiling.max(1)
    }

    fn interval(&self, boot: Duration) -> Duration {
        Duration::from_secs_f64(1.0 / (f64::from(self.policy.per_second) * self.share(boot)))
    }

    /// The moment from which one more call fits under the burst. The depth of the bucket is a time, so that at half the
    /// rate it holds half the calls.
    fn next_token(&self) -> Duration {
        let depth = Duration::from_secs(u64::from(self.policy.burst - 1)) / self.policy.per_second;
        self.full_at.saturating_sub(depth)
    }
}

fn least_one(policy: BudgetPolicy) -> BudgetPolicy {
    BudgetPolicy {
        in_flight: policy.in_flight.max(1),
        per_second: policy.per_second.max(1),
        burst: policy.burst.max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn take_all(budget: &mut Budget, boot: Duration) -> u32 {
        let mut taken = 0;
        while budget.take(boot) {
            budget.give_back();
            taken += 1;
        }
        taken
    }

    #[test]
    fn a_burst_then_the_rate() {
        let mut budget = Budget::new(BudgetPolicy { in_flight: 1000, per_second: 10, burst: 20 });
        assert_eq!(take_all(&mut budget, SECOND), 20);
        assert_eq!(take_all(&mut budget, SECOND * 2), 10);
        assert_eq!(take_all(&mut budget, SECOND * 60), 20);
    }

    #[test]
    fn throttling_grants_nothing_new() {
        let mut budget = Budget::new(BudgetPolicy { in_flight: 1000, per_second: 200, burst: 200 });
        assert_eq!(take_all(&mut budget, SECOND), 200);
        budget.throttled(SECOND);
        assert_eq!(take_all(&mut budget, SECOND), 0);
        let in_the_next_second = take_all(&mut budget, SECOND * 2);
        assert!((80..=120).contains(&in_the_next_second), "{in_the_next_second}");
    }

    #[test]
    fn another_budget_counts_what_was_taken_of_the_one_before() {
        let slow = BudgetPolicy { in_flight: 10, per_second: 1, burst: 100 };
        let fast = BudgetPolicy { in_flight: 10, per_second: 100, burst: 100 };
        let mut budget = Budget::new(slow);
        assert_eq!(take_all(&mut budget, SECOND), 100);
        budget.follow(fast, SECOND);
        assert_eq!(take_all(&mut budget, SECOND), 0);
        assert_eq!(take_all(&mut budget, SECOND * 2), 100, "not after the 100 s that the slow one would have taken");
        budget.follow(slow, SECOND * 2);
        assert_eq!(take_all(&mut budget, SECOND * 12), 10);
        budget.follow(BudgetPolicy { burst: 5, ..slow }, SECOND * 12);
        assert_eq!(take_all(&mut budget, SECOND * 60), 0, "a smaller bucket is not full yet");
        assert_eq!(take_all(&mut budget, SECOND * 1000), 5);
    }

    #[test]
    fn fewer_places_wait_for_those_that_are_taken() {
        let mut budget = Budget::new(BudgetPolicy { in_flight: 3, per_second: 100, burst: 100 });
        assert!((0..3).all(|_| budget.take(SECOND)));
        budget.follow(BudgetPolicy { in_flight: 1, per_second: 100, burst: 100 }, SECOND);
        budget.give_back();
        budget.give_back();
        assert!(!budget.take(SECOND) && budget.wait(SECOND).is_none());
        budget.give_back();
        assert!(budget.take(SECOND));
    }

    #[test]
    fn places_are_given_back() {
        let mut budget = Budget::new(BudgetPolicy { in_flight: 2, per_second: 100, burst: 100 });
        assert!(budget.take(SECOND) && budget.take(SECOND) && !budget.take(SECOND));
        assert_eq!(budget.wait(SECOND), None);
        budget.give_back();
        assert_eq!(budget.wait(SECOND), Some(Duration::ZERO));
        assert!(budget.take(SECOND));
    }

    #[test]
    fn throttling_halves_and_time_regains() {
        let mut budget = Budget::new(BudgetPolicy { in_flight: 64, per_second: 200, burst: 1 });
        for _ in 0..5 {
            budget.throttled(SECOND);
        }
        assert_eq!(budget.ceiling(SECOND), 32);
        assert_eq!(budget.ceiling(SECOND * 11), 64);
        for second in 0..20 {
            budget.throttled(SECOND * (20 + second));
        }
        assert!(budget.ceiling(SECOND * 39) <= 6 && budget.ceiling(SECOND * 39) >= 1);
    }

    #[test]
    fn the_wait_ends_when_a_call_fits() {
        let mut budget = Budget::new(BudgetPolicy { in_flight: 64, per_second: 10, burst: 1 });
        assert!(budget.take(SECOND));
        let wait = budget.wait(SECOND).unwrap();
        assert!(!budget.take(SECOND + wait / 2));
        assert!(budget.take(SECOND + wait));
    }
}
