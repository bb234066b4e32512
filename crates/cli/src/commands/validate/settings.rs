//! What is said here of the roles and of how they are assumed, as an agent that was started here would have it.

use std::path::PathBuf;

use rolecall_agent::settings;
use rolecall_agent::settings::env_roles::{EnvRoles, RoleDefaults};
use rolecall_core::rotation::BudgetPolicy;

use super::Args;
use crate::args::Sourced;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::host;
use crate::roles::Places;
use crate::settings_file::SettingsFile;

/// All that counts here.
pub(super) struct Here {
    /// The roles that are defined, and what is wrong with others.
    pub(super) found: EnvRoles,
    /// What a role has that says nothing more than its ARN.
    pub(super) defaults: RoleDefaults,
    /// How fast STS may be asked.
    pub(super) budget: BudgetPolicy,
    /// Where an agent would have its own files.
    pub(super) state_dir: PathBuf,
}

/// Reads the environment and the settings file.
///
/// # Errors
/// When a setting is wrong that is not one role's alone.
pub(super) fn read(sourced: &Sourced<Args>, environment: &Environment) -> Result<Here, Failure> {
    let args = &sourced.args;
    let lookup = |name: &str| environment.get(name);
    let file = SettingsFile::find(args.config.as_deref(), environment);
    let said = file.as_ref().map(SettingsFile::read).transpose()?.flatten().unwrap_or_default();
    let defaults = RoleDefaults {
        region: settings::default_region(lookup)?,
        duration: sourced.or("duration", args.duration, said.duration),
        host: host::name(),
    };
    let state_dir: PathBuf = args.state_dir.resolve(environment)?.into();
    let aws_config = args.aws_config.counts(sourced, &said);
    let places = Places { environment, file: file.as_ref(), said: &said, aws_config, state_dir: &state_dir };
    let found = places.roles(&defaults, &[])?;
    let budget = args.budget.policy(sourced, &said);
    Ok(Here { found, defaults, budget, state_dir })
}
