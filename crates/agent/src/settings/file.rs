//! `rolecall.toml`: the settings of the agent and its roles in a file.
//!
//! Pure: the text comes in. Promises that a file is taken as a whole or not at all, but for single roles, which are told
//! beside the good ones; that everything which is wrong is told at once, with line, column and the fix; and that nothing is
//! passed over in silence: a key that means nothing is an error. Where the file is and when it is read is left to the
//! command line.

mod details;
mod fleet;
mod place;
pub mod roles;
#[cfg(test)]
mod tests;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use rolecall_core::rotation::Lead;
use toml::de::DeTable;

use super::problem::Problem;
use super::{LogFormat, Publish, parse_endpoint, parse_listen, parse_session_duration};
use place::Text;
use roles::{FileRole, WrongRole};
use value::{Entry, Wrong, entries};

/// The newest version of the file that is read.
pub const VERSION: u32 = 1;

/// Every key that may stand at the top.
const KEYS: [&str; 19] = [
    "version",
    "default",
    "publish",
    "take_over",
    "store",
    "refresh_before",
    "duration",
    "endpoint",
    "health_listen",
    "metrics_listen",
    "socket_group",
    "ready_file",
    "log_format",
    "sts_in_flight",
    "sts_rate",
    "sts_burst",
    "from_aws_config",
    "role",
    "fleet",
];

/// What a file says. None where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// The name of the role that the profile `default` is for.
    pub default: Option<String>,
    /// The form that a profile takes in the user's files.
    pub publish: Option<Publish>,
    /// The names of the roles whose profiles of the user's make way for ours.
    pub take_over: Option<Vec<String>>,
    /// Whether sessions are kept in the store.
    pub store: Option<bool>,
    /// How long before its end a session is refreshed.
    pub refresh_before: Option<Lead>,
    /// The length of session to ask for where a role says none.
    pub duration: Option<Duration>,
    /// Where programs ask for credentials over HTTP; none when they shall not.
    pub endpoint: Option<Option<SocketAddr>>,
    /// Where health probes are answered.
    pub health_listen: Option<SocketAddr>,
    /// Where metrics are told.
    pub metrics_listen: Option<SocketAddr>,
    /// The name or number of the group that the state directory is shared with.
    pub socket_group: Option<String>,
    /// The file that is there while the agent is ready.
    pub ready_file: Option<PathBuf>,
    /// The form of the log.
    pub log_format: Option<LogFormat>,
    /// The most calls to STS under way at once.
    pub sts_in_flight: Option<u32>,
    /// The most calls to STS a second.
    pub sts_rate: Option<u32>,
    /// The most calls to STS at once after a pause.
    pub sts_burst: Option<u32>,
    /// Whether the profiles of the AWS config that assume a role are roles, too.
    pub from_aws_config: Option<bool>,
    /// The roles, in the order in which they stand there: single ones, and those of fleets.
    pub roles: Vec<Result<FileRole, WrongRole>>,
}

impl FileSettings {
    /// Reads a text; `name` is what the file is called in problems.
    ///
    /// # Errors
    /// Everything that is wrong with it, but for what concerns single roles.
    pub fn read(name: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let file = Text { name, text };
        let table = DeTable::parse(text).map_err(|error| {
            let action = "correct the line; the guide on configuration has a complete example";
            vec![*file.problem(&error.span().unwrap_or_default(), error.message().into(), action.into())]
        })?;
        let entries = entries(file, table.get_ref());
        check_version(file, &entries).map_err(|wrong| vec![*wrong])?;
        let mut settings = Self::default();
        let wrong = entries.iter().filter_map(|entry| settings.take(entry).err());
        let problems: Vec<_> = wrong.map(|wrong| wrong.shortened()).collect();
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// Takes one key over.
    fn take(&mut self, entry: &Entry<'_>) -> Result<(), Wrong> {
        match entry.key {
            "version" => {}
            "default" => self.default = Some(entry.text()?.into()),
            "publish" => self.publish = Some(entry.parsed()?),
            "take_over" => self.take_over = Some(entry.texts()?),
            "store" => self.store = Some(entry.truth()?),
            "refresh_before" => self.refresh_before = Some(entry.parsed()?),
            "duration" => self.duration = Some(entry.read(parse_session_duration)?),
            "endpoint" => self.endpoint = Some(endpoint(entry)?),
            "health_listen" => self.health_listen = Some(entry.read(parse_listen)?),
            "metrics_listen" => self.metrics_listen = Some(entry.read(parse_listen)?),
            "socket_group" => self.socket_group = Some(entry.text()?.into()),
            "ready_file" => self.ready_file = Some(entry.text()?.into()),
            "log_format" => self.log_format = Some(entry.parsed()?),
            "sts_in_flight" => self.sts_in_flight = Some(entry.count()?),
            "sts_rate" => self.sts_rate = Some(entry.count()?),
            "sts_burst" => self.sts_burst = Some(entry.count()?),
            "from_aws_config" => self.from_aws_config = Some(entry.truth()?),
            "role" => self.roles.extend(roles::read(entry)?),
            "fleet" => self.roles.extend(fleet::read(entry)?),
            _ => return Err(entry.unknown(&KEYS)),
        }
        Ok(())
    }
}

/// An address, or `false`.
fn endpoint(entry: &Entry<'_>) -> Result<Option<SocketAddr>, Wrong> {
    match entry.truth() {
        Ok(false) => Ok(None),
        _ => entry.read(parse_endpoint),
    }
}

/// Whether the file is one that is known here: asked first, so that a newer one is called newer, not wrong.
fn check_version(file: Text<'_>, entries: &[Entry<'_>]) -> Result<(), Wrong> {
    let Some(entry) = entries.iter().find(|entry| entry.key == "version") else {
        let action = format!("write `version = {VERSION}` as its first line");
        return Err(file.problem(&(0..0), "the file does not say its version".into(), action));
    };
    match entry.count()? {
        VERSION => Ok(()),
        version => {
            let message = format!("the file has version {version}, and this rolecall knows up to {VERSION}");
            Err(entry.wrong(&entry.value.span(), &message, "use a newer rolecall, or write the file anew"))
        }
    }
}
