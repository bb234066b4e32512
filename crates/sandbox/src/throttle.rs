//! Counts calls, to refuse those that the faults throttle.
//!
//! Told the time. A rate is a bucket of one second's calls that refills evenly (the generic cell rate algorithm, in
//! whole nanoseconds).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::faults::{Faults, Throttle};

const SECOND: i128 = 1_000_000_000;

/// The counts of all throttles that are in force.
#[derive(Debug)]
pub(crate) struct Throttles {
    all: Option<Gate>,
    /// By ARN.
    roles: BTreeMap<String, Gate>,
}

#[derive(Debug)]
struct Gate {
    rule: Throttle,
    count: Mutex<Count>,
}

#[derive(Debug, Default)]
struct Count {
    refused: u64,
    /// When the bucket is full again, in nanoseconds since 1970.
    full_at: i128,
}

impl Throttles {
    /// Fresh counts for `faults`.
    pub(crate) fn new(faults: &Faults) -> Self {
        let gate = |rule| Gate { rule, count: Mutex::default() };
        let roles = faults.roles.iter().filter_map(|(arn, faults)| Some((arn.clone(), gate(faults.throttle?))));
        Self { all: faults.throttle.map(gate), roles: roles.collect() }
    }

    /// Whether a call that names `role` goes through now. Counts it.
    pub(crate) fn admit(&self, role: Option<&str>, now: Timestamp) -> bool {
        let of_role = role.and_then(|role| self.roles.get(role));
        [self.all.as_ref(), of_role].into_iter().flatten().all(|gate| gate.admits(now))
    }
}

impl Gate {
    fn admits(&self, now: Timestamp) -> bool {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        match self.rule {
            Throttle { calls: Some(calls), .. } => {
                let refuse = count.refused < calls;
                count.refused += u64::from(refuse);
                !refuse
            }
            Throttle { per_second: Some(rate), .. } => {
                let now = now.as_nanosecond();
                // A clock that was set back must not refuse for longer than it takes to fill the bucket.
                let full_at = if count.full_at > now + SECOND { now } else { count.full_at.max(now) };
                let next = full_at + SECOND / i128::from(rate.max(1));
                let admit = next - now <= SECOND;
                count.full_at = if admit { next } else { full_at };
                admit
            }
            Throttle { calls: None, per_second: None } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const T0: Timestamp = Timestamp::UNIX_EPOCH;

    fn throttles(json: &str) -> Throttles {
        Throttles::new(&serde_json::from_str(json).unwrap())
    }

    fn admitted(throttles: &Throttles, millis: i64, calls: u32) -> u32 {
        let now = T0 + SignedDuration::from_millis(millis);
        (0..calls).map(|_| u32::from(throttles.admit(None, now))).sum()
    }

    #[test]
    fn without_a_throttle_everything_goes_through() {
        assert_eq!(admitted(&throttles("{}"), 0, 1000), 1000);
    }

    #[test]
    fn everything_or_the_next_calls_can_be_refused() {
        assert_eq!(admitted(&throttles(r#"{"throttle":{}}"#), 0, 100), 0);
        let next = throttles(r#"{"throttle":{"calls":3}}"#);
        assert_eq!((admitted(&next, 0, 3), admitted(&next, 0, 5)), (0, 5));
    }

    #[test]
    fn a_rate_lets_a_second_of_calls_through_and_refills_evenly() {
        let rate = throttles(r#"{"throttle":{"per_second":10}}"#);
        assert_eq!(admitted(&rate, 0, 50), 10);
        assert_eq!(admitted(&rate, 99, 5), 0);
        assert_eq!(admitted(&rate, 100, 5), 1);
        assert_eq!(admitted(&rate, 600, 50), 5);
        assert_eq!(admitted(&rate, 60_000, 50), 10, "no more than a second's calls are saved up");
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_refuse_for_long() {
        let rate = throttles(r#"{"throttle":{"per_second":10}}"#);
        assert_eq!(admitted(&rate, 3_600_000, 50), 10);
        assert_eq!(admitted(&rate, 0, 50), 10);
    }

    #[test]
    fn the_throttle_of_a_role_is_its_own() {
        let role = "arn:aws:iam::123456789012:role/MyFirstRole";
        let throttles = throttles(&format!(r#"{{"roles":{{"{role}":{{"throttle":{{"calls":1}}}}}}}}"#));
        assert!(throttles.admit(None, T0) && throttles.admit(Some("other"), T0));
        assert!(!throttles.admit(Some(role), T0));
        assert!(throttles.admit(Some(role), T0));
    }
}
