//! One condition of a statement: an operator, a key and the values that it may have
//! ([conditions](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html)).

use serde_json::Value;

use super::context::Context;
use super::document::Malformed;
use super::operator::{self, Comparison};
use super::variables::Filled;

/// Something that must hold for a statement to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    test: Test,
    key: String,
    /// One is enough.
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    /// Whether the key is missing.
    Null,
    Compare {
        comparison: Comparison,
        negated: bool,
        /// Holds when the key is missing.
        if_exists: bool,
        quantifier: Quantifier,
    },
}

/// How many values of the request must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    /// The request has one.
    Single,
    /// One at least: `ForAnyValue:`.
    Any,
    /// Each: `ForAllValues:`. Holds without any.
    All,
}

impl Condition {
    /// Reads `"operator": {"key": values}`.
    pub(super) fn read(name: &str, key: &str, values: &Value) -> Result<Self, Malformed> {
        let test = Test::read(name).ok_or_else(|| Malformed(format!("Condition: {name:?} is no operator")))?;
        let values = read_values(values).ok_or_else(|| {
            Malformed(format!("Condition: {name} of {key:?} must have a text, number or boolean, or a list of them"))
        })?;
        if key.is_empty() || values.is_empty() {
            return Err(Malformed(format!("Condition: {name} lacks a key or a value")));
        }
        if let Some(value) = values.iter().find(|value| !test.can_have(value)) {
            return Err(Malformed(format!("Condition: {value:?} cannot be compared by {name}")));
        }
        Ok(Self { test, key: key.into(), values })
    }

    /// Whether it holds in `context`; `variables` says whether `${…}` has a meaning.
    pub(super) fn holds(&self, context: &Context, variables: bool) -> bool {
        let found = context.get(&self.key);
        let Test::Compare { comparison, negated, if_exists, quantifier } = self.test else {
            return self.values.iter().any(|value| operator::boolean(value) == Some(found.is_none()));
        };
        let Some(found) = found else {
            return if_exists || quantifier == Quantifier::All || (negated && quantifier == Quantifier::Single);
        };
        let variables = variables.then_some(context);
        let wanted: Vec<Filled> = self.values.iter().filter_map(|value| Filled::new(value, variables)).collect();
        let fits = |found: &String| wanted.iter().any(|wanted| comparison.holds(wanted, found)) != negated;
        match quantifier {
            // A key with several values in a place for one: none of them may be among those that are excluded.
            Quantifier::Single if negated => found.iter().all(fits),
            Quantifier::Single | Quantifier::Any => found.iter().any(fits),
            Quantifier::All => found.iter().all(fits),
        }
    }
}

impl Test {
    fn read(name: &str) -> Option<Self> {
        if name == "Null" {
            return Some(Self::Null);
        }
        let (quantifier, name) = if let Some(name) = name.strip_prefix("ForAllValues:") {
            (Quantifier::All, name)
        } else if let Some(name) = name.strip_prefix("ForAnyValue:") {
            (Quantifier::Any, name)
        } else {
            (Quantifier::Single, name)
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let (comparison, negated) = operator::find(name)?;
        Some(Self::Compare { comparison, negated, if_exists, quantifier })
    }

    fn can_have(self, value: &str) -> bool {
        value.contains("${")
            || match self {
                Self::Null => operator::boolean(value).is_some(),
                Self::Compare { comparison, .. } => comparison.can_be(value),
            }
    }
}

fn read_values(values: &Value) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match values {
        Value::Array(values) => values.iter().map(one).collect(),
        value => Some(vec![one(value)?]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(name: &str, wanted: &Value, found: &[&str]) -> bool {
        let mut context = Context::default();
        context.set_list("key", found.iter().copied());
        context.set("who", "me");
        Condition::read(name, "KEY", wanted).unwrap().holds(&context, true)
    }

    #[test]
    fn a_missing_key_fits_what_is_negated_and_what_says_if_exists() {
        for (name, expected) in [
            ("StringEquals", false),
            ("StringNotEquals", true),
            ("StringEqualsIfExists", true),
            ("StringNotEqualsIfExists", true),
            ("ForAnyValue:StringEquals", false),
            ("ForAnyValue:StringNotEquals", false),
            ("ForAnyValue:StringEqualsIfExists", true),
            ("ForAllValues:StringEquals", true),
            ("ForAllValues:StringNotEquals", true),
        ] {
            assert_eq!(holds(name, &json!("a"), &[]), expected, "{name}");
        }
        for (name, wanted) in [("BoolIfExists", json!(true)), ("NotIpAddress", json!("10.0.0.0/8"))] {
            assert!(holds(name, &wanted, &[]), "{name}");
        }
        assert!(!holds("Bool", &json!("false"), &[]), "a missing boolean is not false");
    }

    #[test]
    fn null_asks_whether_the_key_is_there() {
        for (wanted, missing, there) in
            [(json!("true"), true, false), (json!("false"), false, true), (json!(true), true, false)]
        {
            assert_eq!((holds("Null", &wanted, &[]), holds("Null", &wanted, &["x"])), (missing, there), "{wanted}");
        }
    }

    #[test]
    fn one_of_the_values_of_a_policy_is_enough_and_none_may_be_excluded() {
        for (name, wanted, found, expected) in [
            ("StringEquals", json!(["a", "b"]), &["b"][..], true),
            ("StringEquals", json!(["a", "b"]), &["c"], false),
            ("StringNotEquals", json!(["a", "b"]), &["b"], false),
            ("StringNotEquals", json!(["a", "b"]), &["c"], true),
            ("NumericLessThan", json!(5), &["4"], true),
            ("StringEquals", json!("${who}"), &["me"], true),
            ("StringEquals", json!("${nobody}"), &["me"], false),
        ] {
            assert_eq!(holds(name, &wanted, found), expected, "{name} {wanted} {found:?}");
        }
    }

    #[test]
    fn the_values_of_a_list_are_quantified() {
        for (name, wanted, found, expected) in [
            ("ForAllValues:StringEquals", json!(["a", "b"]), &["a", "b"][..], true),
            ("ForAllValues:StringEquals", json!(["a", "b"]), &["a", "c"], false),
            ("ForAllValues:StringNotEquals", json!(["a"]), &["b", "c"], true),
            ("ForAllValues:StringNotEquals", json!(["a"]), &["a", "c"], false),
            ("ForAnyValue:StringEquals", json!(["a", "b"]), &["c", "a"], true),
            ("ForAnyValue:StringEquals", json!(["a", "b"]), &["c"], false),
            ("ForAnyValue:StringNotEquals", json!(["a"]), &["a", "c"], true),
            ("ForAnyValue:StringNotEquals", json!(["a"]), &["a"], false),
            ("ForAnyValue:StringLike", json!("c*"), &["a", "cat"], true),
        ] {
            assert_eq!(holds(name, &wanted, found), expected, "{name} {wanted} {found:?}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for (name, wanted) in [
            ("StringMatches", json!("a")),
            ("ForSomeValues:StringEquals", json!("a")),
            ("NullIfExists", json!("true")),
            ("StringEquals", json!(null)),
            ("StringEquals", json!([["a"]])),
            ("StringEquals", json!([])),
            ("Null", json!("maybe")),
            ("Bool", json!("1")),
            ("IpAddress", json!("10.0.0.0/33")),
            ("NumericEquals", json!("ten")),
            ("DateLessThan", json!("soon")),
        ] {
            assert!(Condition::read(name, "k", &wanted).is_err(), "{name} {wanted}");
        }
        assert!(Condition::read("StringEquals", "", &json!("a")).is_err());
        assert!(Condition::read("IpAddress", "k", &json!("${aws:SourceIp}")).is_ok());
    }
}
