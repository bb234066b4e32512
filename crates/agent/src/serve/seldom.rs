//! Tells something that happens all the time only now and then.

use std::time::Duration;

/// How often it is told.
const PERIOD: Duration = Duration::from_secs(60);

/// When it was told last.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Option<Duration>);

impl Seldom {
    /// Whether to tell it at `boot`, by the clock that counts from the start of the machine.
    pub(crate) fn is_due(&mut self, boot: Duration) -> bool {
        let due = self.0.is_none_or(|told| boot.saturating_sub(told) >= PERIOD);
        if due {
            self.0 = Some(boot);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_all_the_time_is_told_once_a_minute() {
        let mut seldom = Seldom::default();
        let told: Vec<u64> = (0..150).filter(|second| seldom.is_due(Duration::from_secs(1000 + second))).collect();
        assert_eq!(told, [0, 60, 120]);
    }
}
