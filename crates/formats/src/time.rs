//! The one spelling of a time in everything that AWS programs read from us: `YYYY-MM-DDTHH:MM:SSZ`.
//!
//! It is what all SDKs take: the JavaScript and Rust SDKs refuse offsets, botocore's parsers differ about fractions.

use jiff::Timestamp;

/// `at` in UTC, to the second. Fractions are cut off, so the text is never later than `at`.
#[must_use]
pub fn utc_seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_utc_to_the_second() {
        for (at, text) in [
            ("2025-03-01T09:05:07Z", "2025-03-01T09:05:07Z"),
            ("2025-03-01T09:05:07.999999999Z", "2025-03-01T09:05:07Z"),
            ("2025-03-01T00:30:00+02:00", "2025-02-28T22:30:00Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(utc_seconds(at.parse().unwrap()), text);
        }
    }
}
