//! The engine's settings: how early, how fast, how patient.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How long before its end a session is refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// A fixed time.
    Time(Duration),
    /// A share of the session's lifetime, 1 to 50.
    Percent(u8),
}

/// The text is no lead time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a time such as `10m`, `90s` or `1h30m`, nor a share of the lifetime from `1%` to `50%`")]
pub struct LeadError(String);

impl Lead {
    /// The lead for a session of this lifetime; never more than half of it, so that short sessions are used at all.
    #[must_use]
    pub fn of(self, lifetime: Duration) -> Duration {
        let lead = match self {
            Self::Time(lead) => lead,
            Self::Percent(percent) => lifetime * u32::from(percent) / 100,
        };
        lead.min(lifetime / 2)
    }
}

impl FromStr for Lead {
    type Err = LeadError;

    fn from_str(text: &str) -> Result<Self, LeadError> {
        let wrong = || LeadError(text.into());
        if let Some(percent) = text.strip_suffix('%') {
            return match percent.parse() {
                Ok(percent @ 1..=50) => Ok(Self::Percent(percent)),
                _ => Err(wrong()),
            };
        }
        let time: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
        match Duration::try_from(time) {
            Ok(time) if time >= Duration::from_secs(1) => Ok(Self::Time(time)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "{:#}", super::now::signed(*time)),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// How many calls may be made to STS. STS allows 600 a second per account and Region by default; a third of that leaves
/// room for everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetPolicy {
    /// Calls under way at once; at least 1.
    pub in_flight: u32,
    /// Calls started a second; at least 1.
    pub per_second: u32,
    /// Calls that may be started at once after a pause; at least 1.
    pub burst: u32,
}

impl Default for BudgetPolicy {
    fn default() -> Self {
        Self { in_flight: 64, per_second: 200, burst: 200 }
    }
}

/// The settings of one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long before its end a session is refreshed: 10 minutes by default.
    pub refresh_before: Lead,
    /// How long one call may take before it is given up: 30 s by default.
    pub deadline: Duration,
    /// How many calls may be made.
    pub budget: BudgetPolicy,
    /// Where jitter is drawn from: differs per process, so that a fleet started together does not refresh together.
    pub seed: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            refresh_before: Lead::Time(Duration::from_secs(10 * 60)),
            deadline: Duration::from_secs(30),
            budget: BudgetPolicy::default(),
            seed: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_a_time_or_a_share() {
        for (text, lead) in [
            ("10m", Lead::Time(Duration::from_secs(600))),
            ("90s", Lead::Time(Duration::from_secs(90))),
            ("1h30m", Lead::Time(Duration::from_secs(5400))),
            ("1%", Lead::Percent(1)),
            ("50%", Lead::Percent(50)),
        ] {
            assert_eq!(text.parse(), Ok(lead), "{text}");
            assert_eq!(lead.to_string().parse(), Ok(lead), "{lead}");
        }
        for text in ["", "10", "0s", "-5m", "0%", "51%", "%", "ten minutes"] {
            assert_eq!(text.parse::<Lead>(), Err(LeadError(text.into())), "{text}");
        }
    }

    #[test]
    fn a_lead_is_never_more_than_half_of_the_lifetime() {
        let hour = Duration::from_secs(3600);
        assert_eq!(Lead::Time(Duration::from_secs(600)).of(hour), Duration::from_secs(600));
        assert_eq!(Lead::Percent(50).of(hour), hour / 2);
        assert_eq!(Lead::Time(hour).of(Duration::from_secs(20)), Duration::from_secs(10));
    }
}
