//! What an agent is told: flags over variables, variables over the file, the file over the defaults, and all of it checked
//! together before anything is done.
//!
//! What each setting means is left to `rolecall_agent::settings`.

use std::path::PathBuf;

use rolecall_agent::settings::env_roles::{EnvRoles, RoleDefaults};
use rolecall_agent::settings::group::Group;
use rolecall_agent::settings::{self, AgentSettings, LogFormat, Publish, SettingsError, paths};
use rolecall_core::port::Clock as _;
use rolecall_core::rotation::Policy;
use rolecall_core::{Alias, Role};
use rolecall_rotator::SystemClock;

use super::Args;
use crate::args::Sourced;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::host;
use crate::roles::{self, Places};
use crate::settings_file::{SettingsFile, Unusable};

/// Where groups have their names.
const GROUPS: &str = "/etc/group";

/// What the settings need to know of this machine and process.
pub(super) struct Machine {
    host: String,
    command: PathBuf,
    /// Differs from agent to agent.
    seed: u64,
}

impl Machine {
    pub(super) fn this() -> Result<Self, Failure> {
        let command = std::env::current_exe().map_err(|error| {
            Failure::new(ExitCode::Bug, format!("find the path of this program: {error}"), "start it by its full path")
        })?;
        let started = SystemClock.now().wall.as_nanosecond();
        let seed = u64::try_from(started).unwrap_or_default() ^ u64::from(std::process::id()).rotate_left(32);
        Ok(Self { host: host::name(), command, seed })
    }
}

/// All that was said, and what has the last word counts.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) agent: AgentSettings,
    pub(super) ready_file: Option<PathBuf>,
    pub(super) log_format: LogFormat,
    pub(super) from_aws_config: bool,
}

impl Made {
    /// The same as far as it can count for an agent that began with others, and the keys that count at its next start.
    pub(super) fn after(mut self, before: &Self) -> (Self, Vec<&'static str>) {
        let mut later = vec![];
        if self.log_format != before.log_format {
            self.log_format = before.log_format;
            later.push("log_format");
        }
        if self.agent.socket_group != before.agent.socket_group {
            self.agent.socket_group = before.agent.socket_group;
            later.push("socket_group");
        }
        (self, later)
    }
}

/// What the agent is told: flags, variables and the file, checked together. `before` are the roles that it has: one that
/// the file says wrongly now stays what it was.
pub(super) fn settings(
    sourced: &Sourced<Args>,
    environment: &Environment,
    machine: &Machine,
    file: Option<&SettingsFile>,
    before: &[Role],
) -> Result<Made, Unusable> {
    let args = &sourced.args;
    let read = file.map(SettingsFile::read).transpose()?.flatten();
    let path = file.filter(|_| read.is_some()).map(|file| file.path().to_owned());
    let said = read.unwrap_or_default();

    let lookup = |name: &str| environment.get(name);
    let region = settings::default_region(lookup)?;
    let duration = sourced.or("duration", args.duration, said.duration);
    let defaults = RoleDefaults { region, duration, host: machine.host.clone() };
    let state_dir: PathBuf = args.state_dir.resolve(environment)?.into();
    let aws_config = sourced.or("from_aws_config", args.from_aws_config, said.from_aws_config);
    let places = Places { environment, file, said: &said, aws_config, state_dir: &state_dir };
    let found = places.roles(&defaults, before)?;
    if found.roles.is_empty() {
        return Err(roles::none(&found).into());
    }
    let publish = sourced.or("publish", args.publish, said.publish);
    let says_form = sourced.is_given("publish") || said.publish.is_some();
    if aws_config && says_form && publish != Publish::None {
        let message = format!("--from-aws-config: your profiles stay as they are, so none is published as {publish}");
        return Err(Failure::new(ExitCode::Usage, message, "leave one of the two out, or say `--publish none`").into());
    }
    let publish = if aws_config { Publish::None } else { publish };
    let default = match &args.default {
        Some(name) => role_of("ROLECALL_DEFAULT", Some(name), &found)?,
        None => role_of("default in the settings file", said.default.as_ref(), &found)?,
    };
    if let Some(role) = default.as_ref().filter(|_| found.roles.iter().any(|role| role.alias.as_str() == "default")) {
        let message = format!("{role} cannot be the default: your AWS config has a profile `default` that is a role");
        return Err(Failure::new(ExitCode::Usage, message, "leave one of the two out").into());
    }
    let take_over = match (&args.take_over[..], &said.take_over) {
        ([], Some(names)) => take_over("take_over in the settings file", names, &found)?,
        (names, _) => take_over("--take-over", names, &found)?,
    };
    if !take_over.is_empty() && publish == Publish::None {
        let message = "--take-over: with `--publish none` there is no profile to put in the place of yours";
        return Err(Failure::new(ExitCode::Usage, message, "leave one of the two out").into());
    }
    let store = !args.no_store && sourced.or("store", args.store, said.store);
    check_store(store, publish)?;
    let budget = args.budget.policy(sourced, &said);
    let refresh_before = sourced.or("refresh_before", args.refresh_before, said.refresh_before);
    let EnvRoles { roles, origins, problems, notes, sources: _, unusable: _ } = found;
    let agent = AgentSettings {
        roles,
        origins,
        file: path,
        problems,
        notes,
        default,
        publish,
        take_over,
        // One round is over before anybody asks.
        endpoint: sourced.or("endpoint", args.endpoint.0, said.endpoint).filter(|_| !args.once),
        health_listen: args.health_listen.or(said.health_listen),
        metrics_listen: args.metrics_listen.or(said.metrics_listen),
        store,
        state_dir,
        socket_group: socket_group(args.socket_group.as_ref().or(said.socket_group.as_ref()))?,
        config_file: paths::config_file(lookup)?,
        credentials_file: paths::credentials_file(lookup)?,
        base_profile: environment.text("AWS_PROFILE"),
        command: machine.command.clone(),
        policy: Policy { refresh_before, budget, seed: machine.seed, ..Policy::default() },
        // One round is one session for each role.
        adopt: !args.once,
    };
    let ready_file = args.ready_file.clone().or(said.ready_file);
    let log_format = sourced.or("log_format", args.log_format, said.log_format);
    Ok(Made { agent, ready_file, log_format, from_aws_config: aws_config })
}

/// The role that a setting names; an empty name is none.
fn role_of(setting: &'static str, name: Option<&String>, found: &EnvRoles) -> Result<Option<Alias>, SettingsError> {
    let name = name.filter(|name| !name.is_empty());
    name.map(|name| settings::role_named(setting, name, found)).transpose()
}

/// The group that the state directory is shared with.
fn socket_group(name: Option<&String>) -> Result<Option<Group>, SettingsError> {
    let Some(text) = name.filter(|text| !text.is_empty()) else { return Ok(None) };
    // A machine without the file, as an image from scratch is, has numbers only.
    let groups = std::fs::read(GROUPS).unwrap_or_default();
    Group::named(text, &String::from_utf8_lossy(&groups)).map(Some)
}

/// The roles whose profiles are to be taken over.
fn take_over(setting: &'static str, names: &[String], found: &EnvRoles) -> Result<Vec<Alias>, SettingsError> {
    names.iter().filter_map(|name| role_of(setting, Some(name), found).transpose()).collect()
}

/// Whether what is published can do without a store.
fn check_store(store: bool, publish: Publish) -> Result<(), Failure> {
    if !store && publish == Publish::Cat {
        let message = "--no-store: with `--publish cat` programs print files of the state directory that hold sessions";
        let action = "leave one of the two out; with `--publish process` no session is in any file";
        return Err(Failure::new(ExitCode::Usage, message, action));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
