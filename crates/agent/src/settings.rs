//! The settings of the agent as plain data, and the checks that every way of giving them shares.
//!
//! Promises that a value of these types can be used as it is. Where a setting comes from (flag, variable, file) and
//! which one wins is left to the command line; where files are is in [`paths`]; how variables become roles in [`env_roles`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use rolecall_core::region::RegionError;
use rolecall_core::rotation::Policy;
use rolecall_core::{Alias, Region, Role};

pub mod aws_config;
pub mod env_roles;
pub mod file;
pub mod group;
pub mod paths;
pub mod problem;

use env_roles::EnvRoles;
use group::Group;
use problem::Problem;

/// The shortest and the longest session that STS issues
/// ([AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)).
const SESSION: std::ops::RangeInclusive<Duration> = Duration::from_secs(15 * 60)..=Duration::from_secs(12 * 3600);

/// Everything that an agent needs to know before it starts.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// The roles to keep assumed, in the order in which they are shown.
    pub roles: Vec<Role>,
    /// Where each role is defined: a variable, or a line of the settings file.
    pub origins: BTreeMap<Alias, String>,
    /// The settings file, if there is one.
    pub file: Option<PathBuf>,
    /// The settings that could not be used: told beside the roles.
    pub problems: Vec<Problem>,
    /// What is unusual but harms nothing: logged once.
    pub notes: Vec<String>,
    /// The role that the profile `default` is for; none: no such profile is written.
    pub default: Option<Alias>,
    /// The form that a profile takes in the user's files.
    pub publish: Publish,
    /// The roles whose profiles of the user's make way for ours; the files are copied first.
    pub take_over: Vec<Alias>,
    /// Where programs ask for credentials over HTTP, if at all: a loopback address.
    pub endpoint: Option<SocketAddr>,
    /// Where health probes are answered, if at all.
    pub health_listen: Option<SocketAddr>,
    /// Where metrics are told, if at all.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether sessions are kept in the store, for programs that are pointed at it and for the next agent.
    pub store: bool,
    /// The directory of the agent's own files; it is created.
    pub state_dir: PathBuf,
    /// The group whose members may use the state directory, beside this user.
    pub socket_group: Option<Group>,
    /// The user's AWS config file.
    pub config_file: PathBuf,
    /// The user's AWS credentials file.
    pub credentials_file: PathBuf,
    /// The profile that the base credentials come from; told to the commands that run without an agent.
    pub base_profile: Option<String>,
    /// The absolute path of the `rolecall` command, for `credential_process`.
    pub command: PathBuf,
    /// How early, how fast, how patient.
    pub policy: Policy,
    /// Whether the sessions that an earlier agent left are used until they are due. Else a new one is asked for at once
    /// for each role, and what was left stays written until then: for an agent that does one round.
    pub adopt: bool,
}

/// The form that a profile takes in the user's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Publish {
    /// `credential_process` in the config file: always fresh, no secret in the user's files.
    #[default]
    Process,
    /// A `credential_process` that prints a file of the agent's with `cat`: needs no rolecall where the program runs.
    Cat,
    /// Keys in the credentials file, Region in the config file: for programs that know nothing else.
    File,
    /// Nothing is written into the user's files.
    None,
}

/// A setting that stops the agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The form of publishing is none of ours.
    #[error("publish: {0:?} is none of `process`, `cat`, `file`, `none`")]
    Publish(String),
    /// The text is no duration.
    #[error("duration: {0:?} is not a time such as `1h`, `45m` or `900s`")]
    Duration(String),
    /// STS issues no session of that length.
    #[error("duration: {0:?} is not from 15 minutes to 12 hours, the sessions that AWS issues")]
    SessionLength(String),
    /// Nobody can listen there.
    #[error("{0:?} is neither a port nor an address with a port, such as `8080` or `0.0.0.0:8080`")]
    Listen(String),
    /// Others than this machine could ask for credentials there.
    #[error("endpoint: {0:?} is neither `false` nor a loopback address with a port, such as `127.0.0.1:0` or `8080`")]
    Endpoint(String),
    /// No group has that name, or can have that number.
    #[error("socket group: {0:?} is no group of /etc/group; name one that is in it, or give its number")]
    UnknownGroup(String),
    /// The Region cannot be one.
    #[error("{variable}: {source}; correct or unset it")]
    Region {
        /// The variable that says it.
        variable: &'static str,
        /// Why it cannot be one.
        source: RegionError,
    },
    /// An alias means one role here and another one there.
    #[error("{alias} is defined twice and not the same: {first} and {second}; take one of the two away, or rename it")]
    TwoRoles {
        /// The alias.
        alias: Alias,
        /// Where it was said first.
        first: String,
        /// And where then.
        second: String,
    },
    /// The form of the log is none of ours.
    #[error("log_format: {0:?} is neither `text` nor `json`")]
    LogFormat(String),
    /// A setting names a role that there is not.
    #[error("{setting}: no role is named {name:?}; {known}")]
    UnknownRole {
        /// The setting.
        setting: &'static str,
        /// The name that was asked for.
        name: String,
        /// The names that there are, as a sentence part.
        known: String,
    },
    /// No home directory is known, so there is no place for a file.
    #[error("HOME is not set, so there is no place for {what}; set HOME or {instead}")]
    NoHome {
        /// The file or directory.
        what: &'static str,
        /// The variable that says its place directly.
        instead: &'static str,
    },
}

/// The form of the lines of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(SettingsError::LogFormat(text.into())),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

impl Publish {
    /// The form as it is written in settings and in `status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Cat => "cat",
            Self::File => "file",
            Self::None => "none",
        }
    }
}

impl FromStr for Publish {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        [Self::Process, Self::Cat, Self::File, Self::None]
            .into_iter()
            .find(|form| form.as_str() == text)
            .ok_or_else(|| SettingsError::Publish(text.into()))
    }
}

impl fmt::Display for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Reads a time such as `1h`, `45m`, `900s` or `1h30m`.
///
/// # Errors
/// When the text is something else, or not above zero.
pub fn parse_duration(text: &str) -> Result<Duration, SettingsError> {
    let wrong = || SettingsError::Duration(text.into());
    let time: SignedDuration = text.trim().parse().map_err(|_| wrong())?;
    Duration::try_from(time).ok().filter(|time| !time.is_zero()).ok_or_else(wrong)
}

/// Reads the length of session to ask for: 15 minutes to 12 hours.
///
/// # Errors
/// When the text is no time, or AWS issues no such session.
pub fn parse_session_duration(text: &str) -> Result<Duration, SettingsError> {
    let duration = parse_duration(text)?;
    if SESSION.contains(&duration) { Ok(duration) } else { Err(SettingsError::SessionLength(text.into())) }
}

/// Reads an address to listen on: `127.0.0.1:8080`, `[::1]:8080`, or a port alone, which is one of the loopback address.
///
/// # Errors
/// When the text is something else; a host name is.
pub fn parse_listen(text: &str) -> Result<SocketAddr, SettingsError> {
    let text = text.trim();
    match text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        Ok(port) => Ok((Ipv4Addr::LOCALHOST, port).into()),
        Err(_) => text.parse().map_err(|_| SettingsError::Listen(text.into())),
    }
}

/// Reads where the loopback endpoint shall be: an address as [`parse_listen`] takes it, or `false` for none.
///
/// # Errors
/// When the text is something else, or the address is not of this machine alone.
pub fn parse_endpoint(text: &str) -> Result<Option<SocketAddr>, SettingsError> {
    if text.trim() == "false" {
        return Ok(None);
    }
    let address = parse_listen(text).ok().filter(|address| address.ip().is_loopback());
    address.map(Some).ok_or_else(|| SettingsError::Endpoint(text.into()))
}

/// The Region of every role that says none itself: `AWS_REGION`, else `AWS_DEFAULT_REGION`, else none. An empty variable
/// counts as unset.
///
/// # Errors
/// When the variable that counts is no Region.
pub fn default_region(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Option<Region>, SettingsError> {
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let Some(value) = lookup(variable).filter(|value| !value.is_empty()) else { continue };
        let region = value.to_string_lossy().trim().parse();
        return region.map(Some).map_err(|source| SettingsError::Region { variable, source });
    }
    Ok(None)
}

/// The role that a setting such as `ROLECALL_DEFAULT` names: by its profile name or by the friendly name that it was made
/// from.
///
/// # Errors
/// When it is the name of no role that can be used; the error lists those that can.
pub fn role_named(setting: &'static str, name: &str, found: &EnvRoles) -> Result<Alias, SettingsError> {
    let alias = Alias::from_name(name.trim()).ok();
    if let Some(alias) = alias.filter(|alias| found.roles.iter().any(|role| role.alias == *alias)) {
        return Ok(alias);
    }
    let aliases: Vec<&str> = found.roles.iter().map(|role| role.alias.as_str()).collect();
    let mut known = match aliases.as_slice() {
        [] => "there is no role at all".to_owned(),
        aliases => format!("use one of {}", aliases.join(", ")),
    };
    if !found.problems.is_empty() {
        let origins: Vec<&str> = found.problems.iter().map(|problem| problem.origin.as_str()).collect();
        known = format!("{known}, or correct {}", origins.join(", "));
    }
    Err(SettingsError::UnknownRole { setting, name: name.into(), known })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::env_roles::{RoleDefaults, env_roles};

    #[test]
    fn forms_survive_the_round_trip() {
        for form in [Publish::Process, Publish::Cat, Publish::File, Publish::None] {
            assert_eq!(form.to_string().parse(), Ok(form));
        }
        assert!("paper".parse::<Publish>().is_err());
    }

    #[test]
    fn a_session_is_from_15_minutes_to_12_hours() {
        for (text, seconds) in [("15m", 900), ("900s", 900), ("1h", 3600), ("1h30m", 5400), ("12h", 43200)] {
            assert_eq!(parse_session_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["14m", "899s", "12h1s", "13h"] {
            assert_eq!(parse_session_duration(text), Err(SettingsError::SessionLength(text.into())), "{text}");
        }
        for text in ["", "900", "-1h", "0s", "an hour"] {
            assert_eq!(parse_session_duration(text), Err(SettingsError::Duration(text.into())), "{text}");
        }
    }

    #[test]
    fn a_port_alone_is_one_of_the_loopback_address() {
        for (text, address) in [
            ("8080", "127.0.0.1:8080"),
            (":8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(parse_listen(text).unwrap().to_string(), address);
        }
        for text in ["", ":", "localhost:80", "127.0.0.1", "65536", "::1"] {
            assert_eq!(parse_listen(text), Err(SettingsError::Listen(text.into())));
        }
    }

    #[test]
    fn an_endpoint_is_of_this_machine_alone() {
        for (text, address) in [("127.0.0.1:0", "127.0.0.1:0"), ("8080", "127.0.0.1:8080"), ("[::1]:80", "[::1]:80")] {
            assert_eq!(parse_endpoint(text).unwrap().unwrap().to_string(), address);
        }
        assert_eq!(parse_endpoint("false"), Ok(None));
        for text in ["", "0.0.0.0:80", "10.0.0.1:80", "true", "localhost:80"] {
            assert_eq!(parse_endpoint(text), Err(SettingsError::Endpoint(text.into())), "{text}");
        }
    }

    #[test]
    fn the_region_is_the_first_variable_that_is_not_empty() {
        let region = |first: &str, second: &str| {
            default_region(|name| Some(if name == "AWS_REGION" { first.into() } else { second.into() }))
        };
        assert_eq!(region("eu-west-1", "us-east-1"), Ok(Some("eu-west-1".parse().unwrap())));
        assert_eq!(region("", "us-east-1"), Ok(Some("us-east-1".parse().unwrap())));
        assert_eq!(region("", ""), Ok(None));
        assert!(region("EU", "us-east-1").unwrap_err().to_string().starts_with("AWS_REGION: "));
    }

    #[test]
    fn a_role_that_is_named_must_be_one_of_the_roles() {
        let defaults = RoleDefaults { region: None, duration: Duration::from_secs(3600), host: "h".into() };
        let variables = [("AWS_ROLE_1", "arn:aws:iam::123456789012:role/R:My Account"), ("AWS_ROLE_2", "bad")];
        let found = env_roles(variables.map(|(name, value)| (name.into(), value.into())), &defaults);
        for name in ["My Account", "My-Account", " My-Account "] {
            assert_eq!(role_named("X", name, &found).unwrap().as_str(), "My-Account");
        }
        let error = role_named("X", "my-account", &found).unwrap_err().to_string();
        assert!(
            error.starts_with("X: no role is named") && error.contains("use one of My-Account, or correct AWS_ROLE_2"),
            "{error}"
        );
        assert!(role_named("X", "", &EnvRoles::default()).unwrap_err().to_string().contains("no role at all"));
    }
}
