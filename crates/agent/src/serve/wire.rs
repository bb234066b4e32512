//! What the agent answers over its socket, as data: for the agent itself and for the commands that ask it.
//!
//! No secret is in any of these. Readers ignore fields that they do not know, so fields may be added; a change that an
//! older reader would misread gets a new [`VERSION`]. Times are `YYYY-MM-DDTHH:MM:SSZ`.

use rolecall_core::{Fault, Role};
use rolecall_rotator::State;
use serde::{Deserialize, Serialize};

use crate::settings::problem::Problem;

/// The version of the documents.
pub const VERSION: u32 = 1;
/// The version of the protocol, sent with every answer.
pub const PROTOCOL: u32 = 1;
/// The header that carries [`PROTOCOL`].
pub const PROTOCOL_HEADER: &str = "rolecall-protocol";

/// Codes of errors that are not the kind of a [`rolecall_core::Fault`].
pub mod code {
    /// No role of that alias.
    pub const UNKNOWN_ALIAS: &str = "unknown_alias";
    /// STS has not answered yet.
    pub const PENDING: &str = "pending";
    /// The agent is about to end.
    pub const STOPPING: &str = "stopping";
    /// No such path.
    pub const NOT_FOUND: &str = "not_found";
    /// Not the method that the path answers.
    pub const METHOD_NOT_ALLOWED: &str = "method_not_allowed";
    /// No token, or one that opens something else.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// A request that no program of this machine sends.
    pub const FORBIDDEN: &str = "forbidden";
    /// Nothing more can be lent to commands, or not under that name.
    pub const NOT_LENT: &str = "not_lent";
    /// The agent has no loopback endpoint.
    pub const NO_ENDPOINT: &str = "no_endpoint";
    /// A query parameter or a body that means nothing.
    pub const BAD_REQUEST: &str = "bad_request";
}

/// Why a request was not answered with what it asked for. Capitals, since the AWS SDK for JavaScript reads those.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorDocument {
    /// The kind of a fault, or one of [`code`].
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub action: String,
}

/// All profiles, for programs that choose one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilesDocument {
    /// [`VERSION`].
    pub version: u32,
    /// The alias of the default role.
    pub default: Option<String>,
    /// The profiles, in the order of their definition.
    pub profiles: Vec<ProfileDocument>,
    /// Settings that could not be used, and files that could not be written.
    pub problems: Vec<ProblemDocument>,
}

/// One profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileDocument {
    /// The profile name.
    pub alias: String,
    /// The friendly name that it was made from.
    pub name: String,
    /// The role.
    pub arn: String,
    /// The account of the role.
    pub account: String,
    /// The partition of the role.
    pub partition: String,
    /// The name of the role, without its path.
    pub role: String,
    /// The Region of the profile.
    pub region: Option<String>,
    /// Where the role is assumed from.
    pub source: String,
    /// Whether it is the default role.
    pub default: bool,
    /// `pending`, `fresh`, `stale`, `failed` or `expired`.
    pub state: String,
    /// Whether the user's files have the profile, ready for `--profile`. Never with `--publish none`.
    pub published: bool,
    /// When the session that is held ends.
    pub expires_at: Option<String>,
    /// When STS is asked next.
    pub next_refresh_at: Option<String>,
    /// What is wrong: with the role, or else with its profile.
    pub fault: Option<FaultDocument>,
}

impl ProfileDocument {
    /// A role in this state, of which nothing was issued, published or told.
    #[must_use]
    pub fn new(role: &Role, state: State) -> Self {
        Self {
            alias: role.alias.to_string(),
            name: role.name.clone(),
            arn: role.arn.to_string(),
            account: role.arn.account().into(),
            partition: role.arn.partition().into(),
            role: role.arn.name().into(),
            region: role.region.as_ref().map(ToString::to_string),
            source: role.source.to_string(),
            default: false,
            state: state.to_string(),
            published: false,
            expires_at: None,
            next_refresh_at: None,
            fault: None,
        }
    }
}

/// What is wrong, since when, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultDocument {
    /// The kind of fault, as a word.
    pub kind: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub action: String,
    /// Since when it is so.
    pub since: String,
}

/// A setting that could not be used, or a file that could not be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemDocument {
    /// The variable, or the writer.
    pub origin: String,
    /// The character in the value at which it goes wrong, from 1.
    pub column: Option<usize>,
    /// The kind of fault, as a word.
    pub kind: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub action: String,
}

impl ProblemDocument {
    /// What is wrong at `origin`, from this character on.
    #[must_use]
    pub fn new(origin: &str, column: Option<usize>, Fault { kind, message, action }: &Fault) -> Self {
        Self { origin: origin.into(), column, kind: kind.to_string(), message: message.clone(), action: action.clone() }
    }
}

impl From<&Problem> for ProblemDocument {
    fn from(Problem { origin, column, value: _, fault }: &Problem) -> Self {
        Self::new(origin, *column, fault)
    }
}

/// Everything, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusDocument {
    /// [`VERSION`].
    pub version: u32,
    /// The agent itself.
    pub agent: AgentDocument,
    /// The alias of the default role.
    pub default: Option<String>,
    /// The profiles, in the order of their definition.
    pub profiles: Vec<ProfileStatus>,
    /// Settings that could not be used, and files that could not be written.
    pub problems: Vec<ProblemDocument>,
}

/// The protocol that a connection is upgraded to for a lease.
pub const LEASE: &str = "rolecall-lease";

/// What `POST /v1/tokens` is sent, with `Upgrade: rolecall-lease`. No `Debug`: the token is a secret.
/// A field that is not known is refused: it may ask for less than the role.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaseRequest {
    /// The alias of a role.
    pub alias: String,
    /// What the command will show to the endpoint: 43 characters of base64url.
    pub token: String,
    /// What the name of a session of its own is made from: 8 hex digits that the command drew, the same each time it asks
    /// again. Without it they are made from the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// An inline session policy: JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The ARNs of managed session policies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_arns: Vec<String>,
}

/// What is lent: the first and only line behind the upgrade. It lasts until either end closes the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseDocument {
    /// [`VERSION`].
    pub version: u32,
    /// The name under which it is served: the alias, or that of a session of its own.
    pub name: String,
    /// Where the endpoint serves it.
    pub url: String,
    /// The Region of the role.
    pub region: Option<String>,
}

/// What `POST /v1/refresh` is sent. No body at all means all roles, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshRequest {
    /// The aliases of the roles to ask STS for now; none: all.
    #[serde(default)]
    pub aliases: Vec<String>,
}

/// What came of a refresh, once STS has answered and what it said is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshDocument {
    /// [`VERSION`].
    pub version: u32,
    /// Whether it has come to its end for all of them; else the time limit of 20 s passed first, and it goes on.
    pub complete: bool,
    /// The roles that were asked for, in the order of their definition, as they stand now. One that failed has a fault.
    pub profiles: Vec<ProfileStatus>,
}

/// The agent itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentDocument {
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// When it started.
    pub started_at: String,
    /// Its state directory, as a real path.
    pub state_dir: String,
    /// The form of its profiles: `process`, `cat`, `file` or `none`.
    pub publish: String,
    /// Where the loopback endpoint is; none when there is none.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Its settings file, if there is one.
    pub settings_file: Option<String>,
    /// When its settings were read; an older agent does not say it.
    pub settings_read_at: Option<String>,
    /// How far the clock of the machine is ahead of AWS, if it is wrong.
    pub clock_skew_seconds: Option<i64>,
}

/// One profile with what only people care for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileStatus {
    /// What programs read, too.
    #[serde(flatten)]
    pub profile: ProfileDocument,
    /// Where the role is defined: a variable, or a line of the settings file. An older agent does not say it.
    pub origin: Option<String>,
    /// When the session that is held was received.
    pub issued_at: Option<String>,
    /// The access key id of the session that is held: an identifier, which CloudTrail shows too, and no secret.
    pub access_key_id: Option<String>,
    /// The number of its newest session; 0 before the first.
    pub session_version: u64,
    /// Why STS is being asked, or else was asked for what is held.
    pub reason: Option<String>,
    /// The duration that STS was asked for.
    pub asked_for_seconds: Option<u64>,
    /// Whether STS is being asked now.
    pub attempt_under_way: bool,
    /// What is unusual but harms nothing.
    pub notes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_ignores_what_it_does_not_know() {
        let text = r#"{"version":1,"default":null,"profiles":[],"problems":[],"added":{"later":true}}"#;
        assert_eq!(serde_json::from_str::<ProfilesDocument>(text).unwrap().version, 1);
        let text = r#"{"Code":"denied","Message":"m","Action":"a","Added":1}"#;
        assert_eq!(serde_json::from_str::<ErrorDocument>(text).unwrap().code, "denied");
    }
}
