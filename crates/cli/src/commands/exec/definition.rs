//! What a role is, while no agent runs: as an agent that was started here would have it, from the environment or from the
//! settings file, else as the last agent had it.

use std::path::Path;

use rolecall_agent::settings::env_roles::{EnvRoles, RoleDefaults};
use rolecall_agent::settings::{self, paths};
use rolecall_agent::state::absent;
use rolecall_agent::state::definitions::Definitions;
use rolecall_core::role::DEFAULT_DURATION;
use rolecall_core::rotation::Policy;
use rolecall_core::{Alias, Role};

use crate::environment::Environment;
use crate::failure::Failure;
use crate::host;
use crate::roles::{self, Places, takes_aws_config};
use crate::settings_file::{self, SettingsFile};

/// The session length that an agent started in this environment would ask for.
const DURATION: &str = "ROLECALL_DURATION";

/// All roles that are defined here, and what the last agent had.
pub(in crate::commands) struct Defined {
    pub(in crate::commands) found: EnvRoles,
    pub(in crate::commands) recorded: Option<Definitions>,
    /// What a role has that nobody says more about.
    pub(in crate::commands) defaults: RoleDefaults,
}

impl Defined {
    /// Looks for them.
    ///
    /// # Errors
    /// When a setting is wrong.
    pub(in crate::commands) fn find(state_dir: &Path, environment: &Environment) -> Result<Self, Failure> {
        let lookup = |name: &str| environment.get(name);
        let named = environment.text(settings_file::VARIABLE);
        let file = SettingsFile::find(named.as_ref().map(Path::new), environment);
        let said = file.as_ref().map(SettingsFile::read).transpose()?.flatten().unwrap_or_default();
        let duration = environment.text(DURATION).map(|text| settings::parse_session_duration(&text)).transpose()?;
        let defaults = RoleDefaults {
            region: settings::default_region(lookup)?,
            duration: duration.or(said.duration).unwrap_or(DEFAULT_DURATION),
            host: host::name(),
        };
        let aws_config = takes_aws_config(environment, &said);
        let places = Places { environment, file: file.as_ref(), said: &said, aws_config, state_dir };
        let found = places.roles(&defaults, &[])?;
        Ok(Self { found, recorded: absent::definitions(state_dir)?, defaults })
    }

    /// The role of this name.
    pub(in crate::commands) fn role(&self, alias: &Alias) -> Option<Role> {
        let recorded = self.recorded.iter().flat_map(|recorded| &recorded.roles);
        self.found.roles.iter().chain(recorded).find(|role| role.alias == *alias).cloned()
    }

    /// The names that there are, in order.
    pub(in crate::commands) fn aliases(&self) -> Vec<&str> {
        let recorded = self.recorded.iter().flat_map(|recorded| &recorded.roles);
        let mut known: Vec<&str> = self.found.roles.iter().chain(recorded).map(|role| role.alias.as_str()).collect();
        known.sort_unstable();
        known.dedup();
        known
    }

    /// What a command needs that stands in for an agent.
    ///
    /// # Errors
    /// When there is no home directory.
    pub(in crate::commands) fn definitions(self, environment: &Environment) -> Result<Definitions, Failure> {
        let lookup = |name: &str| environment.get(name);
        let nothing = || -> Result<Definitions, Failure> {
            Ok(Definitions {
                roles: vec![],
                default: None,
                store: false,
                socket_group: None,
                refresh_before: Policy::default().refresh_before,
                base_profile: None,
                config_file: paths::config_file(lookup)?,
                credentials_file: paths::credentials_file(lookup)?,
            })
        };
        let mut definitions = self.recorded.map_or_else(nothing, Ok)?;
        // None of them may be the base.
        definitions.roles.extend(self.found.roles);
        Ok(definitions)
    }
}

/// The role, and all that goes with it.
///
/// # Errors
/// When none of them has a role of that name, or a setting is wrong.
pub(crate) fn find(alias: &Alias, state_dir: &Path, environment: &Environment) -> Result<(Role, Definitions), Failure> {
    let defined = Defined::find(state_dir, environment)?;
    let role = defined.role(alias).ok_or_else(|| unknown(alias, &defined))?;
    Ok((role, defined.definitions(environment)?))
}

fn unknown(alias: &Alias, defined: &Defined) -> Failure {
    let last = defined.recorded.as_ref().map_or("", |_| ", the last one had none of that name");
    let nobody = format!("no agent runs{last}, and neither AWS_ROLE_1, AWS_ROLE_2 … nor a settings file defines");
    let define = format!("set AWS_ROLE_1=<role ARN>:{alias}, or start an agent with it");
    roles::unknown(alias, &defined.found, &nobody, &defined.aliases(), &define)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit_code::ExitCode;

    const FIRST: (&str, &str) = ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/R:a");

    fn find(alias: &str, variables: &[(&str, &str)]) -> Result<(Role, Definitions), Failure> {
        let home = tempfile::tempdir().unwrap();
        let environment = [&[("HOME", home.path().to_str().unwrap())], variables].concat();
        super::find(&alias.parse().unwrap(), home.path(), &Environment::from(environment.as_slice()))
    }

    #[test]
    fn the_environment_defines_a_role_as_it_does_for_an_agent() {
        let (role, definitions) =
            find("a", &[FIRST, ("AWS_REGION", "eu-central-1"), ("ROLECALL_DURATION", "15m")]).unwrap();
        assert_eq!(role.arn.to_string(), "arn:aws:iam::123456789012:role/R");
        assert_eq!(role.region.as_ref().unwrap().as_str(), "eu-central-1");
        assert_eq!(role.duration.as_secs(), 900);
        assert_eq!(definitions.roles, [role]);
        assert!(!definitions.store);
    }

    #[test]
    fn the_settings_file_defines_a_role_too() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("rolecall.toml");
        let text = "version = 1\nduration = \"30m\"\n[role.b]\narn = \"arn:aws:iam::123456789012:role/B\"\n";
        std::fs::write(&file, text).unwrap();
        let named = ("ROLECALL_CONFIG", file.to_str().unwrap());
        let (role, definitions) = find("b", &[FIRST, named]).unwrap();
        assert_eq!((role.arn.name(), role.duration.as_secs(), definitions.roles.len()), ("B", 1800, 2));
        std::fs::write(&file, "nonsense").unwrap();
        assert_eq!(find("b", &[FIRST, named]).unwrap_err().code, ExitCode::Usage);
    }

    #[test]
    fn what_nobody_defines_is_told_with_what_there_is() {
        let failure = find("b", &[FIRST, ("AWS_ROLE_2", "broken")]).unwrap_err();
        assert_eq!(failure.code, ExitCode::UnknownAlias);
        assert!(failure.message.contains("named b") && failure.message.contains("AWS_ROLE_2"), "{failure:?}");
        assert!(failure.action.starts_with("use one of a, or set AWS_ROLE_1="), "{failure:?}");
    }
}
