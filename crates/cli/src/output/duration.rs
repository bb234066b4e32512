//! Times and lengths of time: as documents of the agent write them, and as a person says them, which is the two units
//! that matter, rounded down.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// `12 s`, `48 min`, `3 h 5 min`, `2 d 4 h`. Minutes alone from one minute on, since nobody plans by seconds there.
pub(crate) fn words(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |big: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big} {unit}"),
        small => format!("{big} {unit} {small} {small_unit}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => two(hours, "h", minutes % 60, "min"),
        (days, hours, _) => two(days, "d", hours % 24, "h"),
    }
}

/// `in 48 min`, `now`, `12 s ago`.
pub(crate) fn relative(now: Timestamp, then: Timestamp) -> String {
    let difference = then.duration_since(now);
    match difference.as_secs() {
        0 => "now".into(),
        1.. => format!("in {}", words(difference.unsigned_abs())),
        _ => format!("{} ago", words(difference.unsigned_abs())),
    }
}

/// A time in a document of the agent, where it says one.
pub(crate) fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}

/// The time from `now` until `then`; nothing when it has passed.
pub(crate) fn until(now: Timestamp, then: Timestamp) -> Duration {
    then.duration_since(now).max(SignedDuration::ZERO).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_at_most_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (2939, "48 min"),
            (3600, "1 h"),
            (11100, "3 h 5 min"),
            (86399, "23 h 59 min"),
            (86400, "1 d"),
            (190_000, "2 d 4 h"),
        ] {
            assert_eq!(words(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn past_and_future_are_told_apart() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        for (seconds, text) in [(2880, "in 48 min"), (0, "now"), (-12, "12 s ago"), (-7200, "2 h ago")] {
            assert_eq!(relative(now, now + SignedDuration::from_secs(seconds)), text);
        }
        assert_eq!(until(now, now - SignedDuration::from_secs(3)), Duration::ZERO);
    }
}
