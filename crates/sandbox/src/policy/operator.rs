//! The operators of conditions, each on one value of the request and one of the policy
//! ([condition operators](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html)).

use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::arn::is_arn_like;
use super::glob::matches;
use super::variables::Filled;

/// How two values are compared. Each negated operator is the opposite of one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    String,
    StringIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    /// Base64 on both sides.
    Binary,
    IpAddress,
    Arn,
}

/// What the value of the request must be, compared with the one of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// The comparison of an operator without its prefix and suffix, and whether it is negated; none when there is none of
/// that name.
pub(super) fn find(name: &str) -> Option<(Comparison, bool)> {
    Some(match name {
        "StringEquals" => (Comparison::String, false),
        "StringNotEquals" => (Comparison::String, true),
        "StringEqualsIgnoreCase" => (Comparison::StringIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Comparison::StringIgnoreCase, true),
        "StringLike" => (Comparison::StringLike, false),
        "StringNotLike" => (Comparison::StringLike, true),
        "Bool" => (Comparison::Bool, false),
        "BinaryEquals" => (Comparison::Binary, false),
        "IpAddress" => (Comparison::IpAddress, false),
        "NotIpAddress" => (Comparison::IpAddress, true),
        // The two behave identically.
        "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
        name => {
            let (kind, order): (fn(Order) -> Comparison, _) = if let Some(order) = name.strip_prefix("Numeric") {
                (Comparison::Numeric, order)
            } else {
                (Comparison::Date, name.strip_prefix("Date")?)
            };
            let (order, negated) = match order {
                "Equals" => (Order::Equal, false),
                "NotEquals" => (Order::Equal, true),
                "LessThan" => (Order::Less, false),
                "LessThanEquals" => (Order::LessOrEqual, false),
                "GreaterThan" => (Order::Greater, false),
                "GreaterThanEquals" => (Order::GreaterOrEqual, false),
                _ => return None,
            };
            (kind(order), negated)
        }
    })
}

impl Comparison {
    /// Whether the value of a policy, without variables, can be compared so.
    pub(super) fn can_be(self, text: &str) -> bool {
        match self {
            Self::String | Self::StringIgnoreCase | Self::StringLike | Self::Arn => true,
            Self::Numeric(_) => text.parse::<f64>().is_ok(),
            Self::Date(_) => date(text).is_some(),
            Self::Bool => boolean(text).is_some(),
            Self::Binary => !text.is_empty(),
            Self::IpAddress => network(text).is_some(),
        }
    }

    /// Whether the value `found` in the request fits the one of the policy. A value of another kind does not.
    pub(super) fn holds(self, wanted: &Filled, found: &str) -> bool {
        match self {
            Self::String | Self::Binary => wanted.text() == found,
            Self::StringIgnoreCase => wanted.text().to_lowercase() == found.to_lowercase(),
            Self::StringLike => matches(wanted.pattern(), found),
            Self::Arn => is_arn_like(wanted.pattern(), found),
            Self::Numeric(order) => match (found.parse::<f64>(), wanted.text().parse()) {
                (Ok(found), Ok(wanted)) => found.partial_cmp(&wanted).is_some_and(|found| order.holds(found)),
                _ => false,
            },
            Self::Date(order) => match (date(found), date(&wanted.text())) {
                (Some(found), Some(wanted)) => order.holds(found.cmp(&wanted)),
                _ => false,
            },
            Self::Bool => boolean(found).is_some() && boolean(found) == boolean(&wanted.text()),
            Self::IpAddress => match (found.parse::<IpAddr>(), network(&wanted.text())) {
                (Ok(found), Some(wanted)) => wanted.contains(&found),
                _ => false,
            },
        }
    }
}

/// A time of ISO 8601, a day, or seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let seconds = || Timestamp::from_second(text.parse().ok()?).ok();
    text.parse().ok().or_else(day).or_else(seconds)
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A network as CIDR; an address alone is a network of one.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_compares_as_aws_says() {
        for (operator, wanted, found, expected) in [
            ("StringEquals", "a", "a", true),
            ("StringEquals", "a", "A", false),
            ("StringEquals", "*", "a", false),
            ("StringNotEquals", "a", "b", true),
            ("StringNotEquals", "a", "a", false),
            ("StringEqualsIgnoreCase", "Ä", "ä", true),
            ("StringNotEqualsIgnoreCase", "a", "A", false),
            ("StringLike", "a?*", "abc", true),
            ("StringLike", "A*", "abc", false),
            ("StringNotLike", "a*", "abc", false),
            ("StringNotLike", "b*", "abc", true),
            ("NumericEquals", "10", "10.0", true),
            ("NumericNotEquals", "10", "11", true),
            ("NumericLessThan", "10", "9", true),
            ("NumericLessThan", "10", "10", false),
            ("NumericLessThanEquals", "10", "10", true),
            ("NumericGreaterThan", "10", "10", false),
            ("NumericGreaterThan", "-10", "-9.5", true),
            ("NumericGreaterThanEquals", "10", "10", true),
            ("NumericEquals", "10", "ten", false),
            ("NumericNotEquals", "10", "ten", true),
            ("DateEquals", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", true),
            ("DateNotEquals", "2026-03-01", "2026-03-01T00:00:01Z", true),
            ("DateLessThan", "2026-03-01", "2026-02-28T23:59:59Z", true),
            ("DateLessThanEquals", "0", "1970-01-01T00:00:00Z", true),
            ("DateGreaterThan", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", false),
            ("DateGreaterThanEquals", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", true),
            ("DateLessThan", "2026-03-01", "soon", false),
            ("Bool", "true", "True", true),
            ("Bool", "false", "true", false),
            ("Bool", "true", "yes", false),
            ("BinaryEquals", "QUJD", "QUJD", true),
            ("BinaryEquals", "QUJD", "QUJE", false),
            ("IpAddress", "10.0.0.0/8", "10.255.0.1", true),
            ("IpAddress", "10.0.0.1", "10.0.0.1", true),
            ("IpAddress", "10.0.0.1", "10.0.0.2", false),
            ("IpAddress", "2001:db8::/32", "2001:db8:1::1", true),
            ("IpAddress", "0.0.0.0/0", "::1", false),
            ("NotIpAddress", "10.0.0.0/8", "11.0.0.1", true),
            ("NotIpAddress", "10.0.0.0/8", "10.0.0.1", false),
            ("ArnEquals", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a/b", true),
            ("ArnLike", "arn:aws:iam::*:role/R", "arn:aws:iam::1:role/R", true),
            ("ArnNotEquals", "arn:aws:iam::1:role/R", "arn:aws:iam::1:role/S", true),
            ("ArnNotLike", "arn:aws:iam::*:role/R", "arn:aws:iam::1:role/R", false),
        ] {
            let (comparison, negated) = find(operator).unwrap();
            let holds = comparison.holds(&Filled::new(wanted, None).unwrap(), found);
            assert_eq!(holds != negated, expected, "{operator} {wanted} {found}");
        }
    }

    #[test]
    fn names_that_are_no_operators_are_not_found() {
        for name in ["", "stringEquals", "String", "StringMatches", "NumericLike", "DateNotLessThan", "Null", "NotBool"]
        {
            assert_eq!(find(name), None, "{name}");
        }
    }
}
