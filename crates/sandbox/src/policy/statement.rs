//! One statement of a policy: read, and asked whether it is about a request.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Verdict;
use super::arn::is_arn_like;
use super::condition::Condition;
use super::document::{Kind, Malformed, Query};
use super::glob::is_like;
use super::principal::{Principal, Reach};
use super::variables::Filled;

/// A statement that has all its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    allows: bool,
    /// None in an identity policy: whoever has it.
    principals: Option<Vec<Principal>>,
    actions: Names,
    /// None in a trust policy: the role that has it.
    resources: Option<Names>,
    conditions: Vec<Condition>,
}

/// A list of patterns, or all but those.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Names {
    In(Vec<String>),
    NotIn(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Written {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    principal: Option<Value>,
    not_principal: Option<Value>,
    action: Option<Value>,
    not_action: Option<Value>,
    resource: Option<Value>,
    not_resource: Option<Value>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
enum Effect {
    Allow,
    Deny,
}

impl Statement {
    pub(super) fn read(kind: Kind, value: Value) -> Result<Self, Malformed> {
        let written: Written = serde_json::from_value(value).map_err(|error| Malformed(error.to_string()))?;
        let Written { effect, principal, not_principal, action, not_action, resource, not_resource, .. } = written;
        let prohibited = |name: &str| Malformed(format!("Has prohibited field {name}"));
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        if not_principal.is_some() {
            return Err(prohibited("NotPrincipal"));
        }
        let principals = match (kind, principal) {
            (Kind::Trust, Some(value)) => Some(read_principals(&value)?),
            (Kind::Trust, None) => return Err(Malformed("Missing required field Principal".into())),
            (Kind::Identity, None) => None,
            (Kind::Identity, Some(_)) => return Err(prohibited("Principal")),
        };
        let actions = Names::read("Action", action, not_action)?;
        let resources = match kind {
            Kind::Identity => Some(Names::read("Resource", resource, not_resource)?),
            Kind::Trust if resource.is_some() => return Err(prohibited("Resource")),
            Kind::Trust if not_resource.is_some() => return Err(prohibited("NotResource")),
            Kind::Trust => None,
        };
        check_actions(kind, &actions)?;
        if let Some(resource) = resources.iter().flat_map(Names::all).find(|it| *it != "*" && !it.starts_with("arn:")) {
            return Err(Malformed(format!("Resource {resource} must be in ARN format or \"*\".")));
        }
        let conditions = written
            .condition
            .iter()
            .flat_map(|(operator, keys)| keys.iter().map(move |(key, values)| Condition::read(operator, key, values)));
        let conditions = conditions.collect::<Result<_, _>>()?;
        Ok(Self { allows: matches!(effect, Effect::Allow), principals, actions, resources, conditions })
    }

    /// What it says of `query`; `variables` says whether `${…}` has a meaning.
    pub(super) fn verdict(&self, query: &Query<'_>, variables: bool) -> Verdict {
        let Query { action, resource, subject, context } = query;
        let reach = match &self.principals {
            None => Some(Reach::Direct),
            Some(principals) => {
                let mut reaches = principals.iter().filter_map(|principal| principal.reach(*subject));
                reaches.clone().find(|reach| *reach == Reach::Direct).or_else(|| reaches.next())
            }
        };
        let filled = variables.then_some(*context);
        let is_resource = |pattern: &str| {
            Filled::new(pattern, filled).is_some_and(|pattern| is_arn_like(pattern.pattern(), resource))
        };
        // Names of actions are the same in any case.
        let is_action = |pattern: &str| is_like(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase());
        let is_about = self.actions.have(is_action)
            && self.resources.as_ref().is_none_or(|resources| resources.have(is_resource))
            && self.conditions.iter().all(|condition| condition.holds(context, variables));
        match reach {
            Some(_) if is_about && !self.allows => Verdict::Denied,
            Some(Reach::Direct) if is_about => Verdict::Allowed,
            Some(Reach::Account) if is_about => Verdict::ToAccount,
            _ => Verdict::Silent,
        }
    }
}

impl Names {
    fn read(name: &str, is: Option<Value>, is_not: Option<Value>) -> Result<Self, Malformed> {
        let read = |value: &Value| {
            let wrong = || Malformed(format!("{name} must be a text or a list of texts, one or more"));
            texts(value).filter(|texts| !texts.is_empty()).ok_or_else(wrong)
        };
        match (is, is_not) {
            (Some(value), None) => Ok(Self::In(read(&value)?)),
            (None, Some(value)) => Ok(Self::NotIn(read(&value)?)),
            (None, None) => Err(Malformed(format!("Missing required field {name}"))),
            (Some(_), Some(_)) => Err(Malformed(format!("has both {name} and Not{name}; leave one out"))),
        }
    }

    fn all(&self) -> &[String] {
        let (Self::In(names) | Self::NotIn(names)) = self;
        names
    }

    fn have(&self, is: impl Fn(&str) -> bool) -> bool {
        let listed = self.all().iter().any(|name| is(name));
        listed == matches!(self, Self::In(_))
    }
}

fn check_actions(kind: Kind, actions: &Names) -> Result<(), Malformed> {
    for action in actions.all() {
        let service = action.split_once(':').map(|(service, _)| service);
        if kind == Kind::Trust && !service.is_some_and(|service| service.eq_ignore_ascii_case("sts")) {
            return Err(Malformed("AssumeRole policy may only specify STS AssumeRole actions.".into()));
        }
        if action != "*" && service.is_none() {
            let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
            return Err(Malformed(message.into()));
        }
    }
    Ok(())
}

fn read_principals(value: &Value) -> Result<Vec<Principal>, Malformed> {
    let wrong = |value: &Value| Malformed(format!("Invalid principal in policy: {value}"));
    let kinds = match value {
        Value::String(text) if text == "*" => return Ok(vec![Principal::Everybody]),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        value => return Err(wrong(value)),
    };
    let mut principals = Vec::new();
    for (kind, names) in kinds {
        for name in texts(names).filter(|names| !names.is_empty()).ok_or_else(|| wrong(value))? {
            let principal = match kind.as_str() {
                "AWS" => Principal::aws(&name),
                "Federated" => Some(Principal::Federated(name.clone())),
                "Service" => name.contains('.').then(|| Principal::Service(name.clone())),
                _ => None,
            };
            let problem = || Malformed(format!("Invalid principal in policy: \"{kind}\":\"{name}\""));
            principals.push(principal.ok_or_else(problem)?);
        }
    }
    Ok(principals)
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(values) => values.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}
