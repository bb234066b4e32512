//! One statement of a trust policy: whom it names, for what, and whether its conditions are met.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::commands::explain::principal::Principal;

/// The one condition key whose value is known.
const EXTERNAL_ID: &str = "sts:ExternalId";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// How a statement names a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    Nobody,
    Account,
    /// By name, or as one of everybody.
    Caller,
}

/// Whether all conditions are met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Met {
    Yes,
    /// The external id is another one, or none.
    No,
    /// These keys decide, and nobody here knows their values.
    Unknown(BTreeSet<String>),
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) effect: Effect,
    /// None: `NotPrincipal`, which is not read here.
    principals: Option<Vec<String>>,
    /// None: `NotAction`, which is not read here.
    actions: Option<Vec<String>>,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
struct Condition {
    operator: String,
    key: String,
    values: Vec<String>,
}

impl Statement {
    /// None when it is none.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let effect = match value.get("Effect")?.as_str()? {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            _ => return None,
        };
        let principals = match value.get("Principal") {
            None => None,
            Some(Value::String(text)) => Some(vec![text.clone()]),
            Some(Value::Object(kinds)) => Some(kinds.get("AWS").map_or_else(Vec::new, texts)),
            Some(_) => return None,
        };
        let conditions = value.get("Condition").and_then(Value::as_object);
        let conditions = conditions.into_iter().flatten().filter_map(|(operator, keys)| {
            let conditions = |keys: &Map<String, Value>| -> Vec<Condition> {
                let one = |(key, values): (&String, &Value)| Condition {
                    operator: operator.clone(),
                    key: key.clone(),
                    values: texts(values),
                };
                keys.iter().map(one).collect()
            };
            keys.as_object().map(conditions)
        });
        let conditions = conditions.flatten().collect();
        Some(Self { effect, principals, actions: value.get("Action").map(texts), conditions })
    }

    /// How it names `caller`; none when that cannot be told.
    pub(super) fn names(&self, caller: &Principal) -> Option<Names> {
        let mut names = Names::Nobody;
        let mut open = false;
        for principal in self.principals.as_ref()? {
            match caller.is_named_by(principal) {
                _ if principal == "*" => return Some(Names::Caller),
                Some(true) => return Some(Names::Caller),
                None => open = true,
                Some(false) if caller.is_of_account(principal) => names = Names::Account,
                Some(false) => {}
            }
        }
        if open { None } else { Some(names) }
    }

    /// Whether it is about `action`; none when that cannot be told.
    pub(super) fn is_for(&self, action: &str) -> Option<bool> {
        let action = action.to_lowercase();
        Some(self.actions.as_ref()?.iter().any(|pattern| is_like(&action, &pattern.to_lowercase())))
    }

    /// Whether its conditions are met by a caller with this external id.
    pub(super) fn met(&self, external_id: Option<&str>) -> Met {
        let mut unknown = BTreeSet::new();
        let mut wrong = false;
        for condition in &self.conditions {
            match condition.is_met(external_id) {
                Some(true) => {}
                Some(false) => wrong = true,
                None => {
                    unknown.insert(condition.key.clone());
                }
            }
        }
        match (wrong, unknown.is_empty()) {
            (true, _) => Met::No,
            (false, true) => Met::Yes,
            (false, false) => Met::Unknown(unknown),
        }
    }

    /// Whether it has a condition on the external id.
    pub(super) fn asks_for_external_id(&self) -> bool {
        self.conditions.iter().any(Condition::is_about_external_id)
    }

    /// The ids that stand where the name of a deleted user or role was
    /// ([principals](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html)).
    pub(super) fn removed(&self) -> impl Iterator<Item = String> {
        let is_id = |name: &&String| name.starts_with("AROA") || name.starts_with("AIDA");
        self.principals.iter().flatten().filter(is_id).cloned()
    }
}

impl Condition {
    fn is_about_external_id(&self) -> bool {
        self.key.eq_ignore_ascii_case(EXTERNAL_ID)
    }

    /// None when it is about something that is not known here.
    fn is_met(&self, given: Option<&str>) -> Option<bool> {
        if !self.is_about_external_id() || self.values.iter().any(|value| value.contains("${")) {
            return None;
        }
        let any = |matches: fn(&str, &str) -> bool| {
            given.is_some_and(|given| self.values.iter().any(|value| matches(given, value)))
        };
        match self.operator.as_str() {
            "StringEquals" => Some(any(|given, value| given == value)),
            "StringNotEquals" => Some(!any(|given, value| given == value)),
            "StringLike" => Some(any(is_like)),
            "StringNotLike" => Some(!any(is_like)),
            _ => None,
        }
    }
}

/// A text or a list of texts.
pub(super) fn texts(value: &Value) -> Vec<String> {
    list(value).iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// What stands alone or in a list.
pub(super) fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |many| many.iter().collect())
}

/// Whether a text is of the pattern: `*` is any text, `?` one character.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where the last `*` is, and the text behind what it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(c) if *c == '?' || *c == text[at] => (at, of) = (at + 1, of + 1),
            _ => match star {
                Some((star_at, taken)) => {
                    star = Some((star_at, taken + 1));
                    (at, of) = (taken + 1, star_at + 1);
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_iam() {
        for (text, pattern, expected) in [
            ("sts:assumerole", "sts:*", true),
            ("sts:assumerole", "*", true),
            ("sts:assumerole", "sts:assumerole*", true),
            ("sts:assumerole", "sts:a?sumerole", true),
            ("sts:assumerole", "s*:*role", true),
            ("sts:assumerole", "iam:*", false),
            ("sts:assumerole", "sts:assume", false),
            ("aab", "*ab", true),
            ("", "*", true),
            ("", "?", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
        }
    }
}
