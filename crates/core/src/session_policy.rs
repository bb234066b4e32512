//! The session policy: what a session may do at most, whatever its role may
//! ([session policies](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session)).
//!
//! Promises JSON within the limits of
//! [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html), as it was written but for white
//! space. What the JSON means is left to STS, which refuses what is no policy, and packs it together with tags into a limit
//! of its own.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// The most characters of an inline policy and of the ARNs of managed ones, together.
const CHARACTERS: usize = 2048;
/// The most managed policies.
const POLICIES: usize = 10;

/// What a session is narrowed to; the default narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SessionPolicy {
    document: Option<String>,
    arns: Vec<PolicyArn>,
}

/// The ARN of a managed policy, such as `arn:aws:iam::aws:policy/ReadOnlyAccess`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyArn(String);

/// Why a session cannot be narrowed so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionPolicyError {
    /// No JSON.
    #[error("the policy is not JSON: {0}")]
    Json(String),
    /// JSON, but no policy document.
    #[error("the policy is not a JSON object with a `Statement`")]
    NoStatement,
    /// More than STS takes.
    #[error(
        "the policy has {0} characters without white space, and STS takes {CHARACTERS} with the ARNs of managed policies"
    )]
    TooLarge(usize),
    /// More than STS takes.
    #[error("{0} managed policies, and STS takes {POLICIES}")]
    TooMany(usize),
    /// No ARN of a managed policy.
    #[error("{0:?} is not the ARN of a managed policy, such as arn:aws:iam::aws:policy/ReadOnlyAccess")]
    Arn(String),
}

impl SessionPolicy {
    /// Narrows to what an inline policy and the managed policies allow together; white space of the inline policy is left
    /// out, since STS counts it.
    ///
    /// # Errors
    /// When STS would refuse it by its form or size.
    pub fn new(document: Option<&str>, arns: Vec<PolicyArn>) -> Result<Self, SessionPolicyError> {
        let document = document.map(compact).transpose()?;
        if arns.len() > POLICIES {
            return Err(SessionPolicyError::TooMany(arns.len()));
        }
        let texts = document.iter().chain(arns.iter().map(|PolicyArn(arn)| arn));
        let characters: usize = texts.map(|text| text.chars().count()).sum();
        if characters > CHARACTERS {
            return Err(SessionPolicyError::TooLarge(characters));
        }
        Ok(Self { document, arns })
    }

    /// Whether it narrows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.document.is_none() && self.arns.is_empty()
    }

    /// The inline policy: JSON without white space.
    #[must_use]
    pub fn document(&self) -> Option<&str> {
        self.document.as_deref()
    }

    /// The managed policies.
    #[must_use]
    pub fn arns(&self) -> &[PolicyArn] {
        &self.arns
    }
}

fn compact(document: &str) -> Result<String, SessionPolicyError> {
    let value: Value = serde_json::from_str(document).map_err(|error| SessionPolicyError::Json(error.to_string()))?;
    if value.get("Statement").is_none() {
        return Err(SessionPolicyError::NoStatement);
    }
    Ok(without_white_space(document))
}

/// JSON without the white space between its tokens (RFC 8259, section 2), and as it was written otherwise: duplicate names
/// and the form of numbers are for STS to judge.
fn without_white_space(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let is_kept = |character: &char| {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        in_string || !matches!(character, ' ' | '\t' | '\n' | '\r')
    };
    json.chars().filter(is_kept).collect()
}

impl PolicyArn {
    /// AWS's own managed policy of this name in a partition.
    #[must_use]
    pub fn of_aws(partition: &str, name: &str) -> Self {
        Self(format!("arn:{partition}:iam::aws:policy/{name}"))
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PolicyArn {
    type Err = SessionPolicyError;

    fn from_str(text: &str) -> Result<Self, SessionPolicyError> {
        let is_account = |part: &str| part == "aws" || part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, "iam", "", account, resource]
                if partition.starts_with("aws")
                    && is_account(account)
                    && resource.strip_prefix("policy/").is_some_and(|name| !name.is_empty())
                    && text.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(SessionPolicyError::Arn(text.into())),
        }
    }
}

impl fmt::Display for PolicyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const LOOK: &str = r#"{ "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}] }"#;

    #[test]
    fn white_space_counts_for_nothing() {
        let padded = LOOK.replace(' ', &" ".repeat(1000));
        let (one, other) = (SessionPolicy::new(Some(LOOK), vec![]), SessionPolicy::new(Some(&padded), vec![]));
        assert_eq!(one, other);
        assert!(!one.unwrap().document().unwrap().contains(' '));
        assert!(SessionPolicy::new(None, vec![]).unwrap().is_empty());
    }

    #[test]
    fn all_else_stays_as_it_was_written() {
        for (written, sent) in [
            (r#"{ "Statement": [], "Statement": [ {} ] }"#, r#"{"Statement":[],"Statement":[{}]}"#),
            (
                r#"{"Statement": [1.0, 1E2, -0, 0.10, 123456789012345678901234567890]}"#,
                r#"{"Statement":[1.0,1E2,-0,0.10,123456789012345678901234567890]}"#,
            ),
            (r#"{"Statement" : "a \" b \\" , "\u0041" : "\/ \n" }"#, r#"{"Statement":"a \" b \\","\u0041":"\/ \n"}"#),
            ("{\r\n\t\"Statement\":\n\"\u{a0} \u{2028}\"}\n", "{\"Statement\":\"\u{a0} \u{2028}\"}"),
        ] {
            assert_eq!(SessionPolicy::new(Some(written), vec![]).unwrap().document(), Some(sent));
        }
    }

    /// The tokens of a JSON value.
    fn tokens() -> impl Strategy<Value = Vec<String>> {
        let string = any::<String>().prop_map(|text| json!(text).to_string());
        let escaped = Just(r#""\"\u0020 \\""#.to_owned());
        let leaf =
            prop_oneof![string, escaped, r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,9})?([eE][-+]?[0-9])?", "true|false|null"];
        leaf.prop_map(|leaf| vec![leaf]).prop_recursive(4, 32, 4, |value| {
            let array = prop::collection::vec(value.clone(), 0..4).prop_map(|values| within("[", values, "]"));
            // Names that come twice are JSON, too.
            let member = ("\"[ a-c]\"", value).prop_map(|(name, value)| [vec![name, ":".into()], value].concat());
            let object = prop::collection::vec(member, 0..4).prop_map(|members| within("{", members, "}"));
            prop_oneof![array, object]
        })
    }

    fn within(open: &str, parts: Vec<Vec<String>>, close: &str) -> Vec<String> {
        [vec![open.into()], parts.join(&",".to_owned()), vec![close.into()]].concat()
    }

    proptest! {
        #[test]
        fn the_tokens_are_the_same_and_nothing_is_between_them(
            value in tokens(),
            gaps in prop::collection::vec("[ \t\n\r]{0,3}", 1..20),
        ) {
            let policy = within("{", vec![[vec![r#""Statement""#.into(), ":".into()], value].concat()], "}");
            let spread: String = policy.iter().zip(gaps.iter().cycle()).flat_map(|(token, gap)| [token, gap]).cloned().collect();
            prop_assert_eq!(compact(&spread), Ok(policy.concat()));
        }
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in ["", "{", "Allow *"] {
            assert!(matches!(SessionPolicy::new(Some(text), vec![]), Err(SessionPolicyError::Json(_))), "{text}");
        }
        for text in ["[]", "{}", "1"] {
            assert_eq!(SessionPolicy::new(Some(text), vec![]), Err(SessionPolicyError::NoStatement), "{text}");
        }
    }

    #[test]
    fn the_limits_of_sts_hold() {
        let arn: PolicyArn = "arn:aws:iam::123456789012:policy/p".parse().unwrap();
        let of_length = |length: usize| {
            let text = format!(r#"{{"Statement":"{}"}}"#, "x".repeat(length - r#"{"Statement":""}"#.len()));
            SessionPolicy::new(Some(&text), vec![arn.clone()])
        };
        let room = CHARACTERS - arn.as_str().len();
        assert!(of_length(room).is_ok());
        assert_eq!(of_length(room + 1), Err(SessionPolicyError::TooLarge(CHARACTERS + 1)));
        assert!(SessionPolicy::new(None, vec![arn.clone(); 10]).is_ok());
        assert_eq!(SessionPolicy::new(None, vec![arn.clone(); 11]), Err(SessionPolicyError::TooMany(11)));
    }

    #[test]
    fn arns_of_managed_policies_are_told_from_others() {
        for text in ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws-cn:iam::123456789012:policy/a/b"] {
            assert_eq!(text.parse::<PolicyArn>().unwrap().as_str(), text);
        }
        assert_eq!(PolicyArn::of_aws("aws", "ReadOnlyAccess").as_str(), "arn:aws:iam::aws:policy/ReadOnlyAccess");
        for text in [
            "",
            "ReadOnlyAccess",
            "arn:aws:iam::123456789012:role/r",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam::aws:policy/a b",
        ] {
            assert_eq!(text.parse::<PolicyArn>(), Err(SessionPolicyError::Arn(text.into())), "{text}");
        }
    }
}
