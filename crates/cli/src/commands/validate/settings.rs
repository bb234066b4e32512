//! What is said here of the roles and of how they are assumed, as an agent that was started here would have it.

use std::path::PathBuf;

use rolecall_agent::settings;
use rolecall_agent::settings::env_roles::{EnvRoles, RoleDefaults};
use rolecall_agent::state::absent;
use rolecall_agent::state::definitions::Definitions;
use rolecall_core::rotation::BudgetPolicy;

use super::Args;
use crate::args::Sourced;
use crate::commands::exec::definition::Defined;
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
    /// What must not be taken for the base, and where the base is.
    pub(super) definitions: Definitions,
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
    let aws_config = sourced.or("from_aws_config", args.from_aws_config, said.from_aws_config);
    let places = Places { environment, file: file.as_ref(), said: &said, aws_config, state_dir: &state_dir };
    let found = places.roles(&defaults, &[])?;
    let budget = BudgetPolicy {
        in_flight: sourced.or("sts_in_flight", args.sts_in_flight, said.sts_in_flight),
        per_second: sourced.or("sts_rate", args.sts_rate, said.sts_rate),
        burst: sourced.or("sts_burst", args.sts_burst, said.sts_burst),
    };
    // What an agent left only tells where its base was: where it cannot be read, this environment says enough.
    let recorded = absent::definitions(&state_dir).ok().flatten();
    let defined = Defined { found: found.clone(), recorded, defaults: defaults.clone() };
    let definitions = defined.definitions(environment)?;
    Ok(Here { found, defaults, definitions, budget, state_dir })
}
