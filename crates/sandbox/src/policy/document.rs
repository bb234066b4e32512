//! A policy as a whole: its JSON, its statements, its verdict.

use serde::Deserialize;
use serde_json::Value;

use super::Verdict;
use super::context::Context;
use super::principal::Subject;
use super::statement::Statement;

/// A policy that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    text: String,
    statements: Vec<Statement>,
    /// Whether `${…}` is a variable.
    variables: bool,
}

/// Where a policy belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To a role, and says who may assume it.
    Trust,
    /// To a user or a role, and says what it may do.
    Identity,
}

/// A request, put to a policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    /// Such as `sts:AssumeRole`.
    pub(crate) action: &'a str,
    /// The ARN of what it is done to.
    pub(crate) resource: &'a str,
    /// Who asks.
    pub(crate) subject: Subject<'a>,
    /// What else is known.
    pub(crate) context: &'a Context,
}

/// Why a text is no policy; as far as they are known, in the words of AWS's `MalformedPolicyDocument`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Written {
    #[serde(default)]
    version: Version,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: Value,
}

#[derive(Default, PartialEq, Deserialize)]
enum Version {
    #[default]
    #[serde(rename = "2008-10-17")]
    WithoutVariables,
    #[serde(rename = "2012-10-17")]
    WithVariables,
}

impl Policy {
    /// Reads the trust policy of a role.
    pub(crate) fn trust(json: &str) -> Result<Self, Malformed> {
        Self::read(Kind::Trust, json)
    }

    /// Reads a policy that says what its user or role may do.
    pub(crate) fn identity(json: &str) -> Result<Self, Malformed> {
        Self::read(Kind::Identity, json)
    }

    fn read(kind: Kind, json: &str) -> Result<Self, Malformed> {
        // By way of a map, since a list would be taken for the fields in their order.
        let written = serde_json::from_str(json).and_then(|map| serde_json::from_value(Value::Object(map)));
        let Written { version, statement, .. } = written.map_err(|error| Malformed(error.to_string()))?;
        let statements = match statement {
            Value::Array(statements) => statements,
            statement => vec![statement],
        };
        if statements.is_empty() {
            return Err(Malformed("Statement must have one or more statements".into()));
        }
        let read = |(place, statement)| {
            let in_place = |Malformed(problem)| Malformed(format!("statement {}: {problem}", place + 1));
            Statement::read(kind, statement).map_err(in_place)
        };
        Ok(Self {
            statements: statements.into_iter().enumerate().map(read).collect::<Result<_, _>>()?,
            variables: version == Version::WithVariables,
            text: json.trim().into(),
        })
    }

    /// The JSON that was read.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What it says of `query`: the strongest of what its statements say.
    pub(crate) fn verdict(&self, query: &Query<'_>) -> Verdict {
        let verdicts = self.statements.iter().map(|statement| statement.verdict(query, self.variables));
        verdicts.max().unwrap_or(Verdict::Silent)
    }
}
