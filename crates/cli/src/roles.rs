//! Which roles there are here: those of the environment, of the settings file and, if wanted, of the AWS config.
//!
//! Promises the same roles to every command, with an agent or without one. What a command makes of them is its own.

use std::path::Path;

use rolecall_agent::settings::aws_config::{self, Paths};
use rolecall_agent::settings::env_roles::{EnvRoles, RoleDefaults, env_roles};
use rolecall_agent::settings::file::{FileSettings, roles};
use rolecall_agent::settings::paths;
use rolecall_agent::settings::problem::Problem;
use rolecall_core::{Alias, Fault, Role};

use crate::base::UserFiles;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::settings_file::{SettingsFile, Unusable, listed};

/// The variable that has the AWS config count.
pub(crate) const FROM_AWS_CONFIG: &str = "ROLECALL_FROM_AWS_CONFIG";

/// Whether the AWS config counts for who has no flag for it: by the variable, else by the settings file.
pub(crate) fn takes_aws_config(environment: &Environment, said: &FileSettings) -> bool {
    // As clap reads a flag's variable.
    let is_true = |text: String| ["y", "yes", "t", "true", "on", "1"].contains(&text.to_lowercase().as_str());
    environment.text(FROM_AWS_CONFIG).map_or(said.from_aws_config == Some(true), is_true)
}

/// Where roles are looked for.
pub(crate) struct Places<'a> {
    pub(crate) environment: &'a Environment,
    /// The settings file, and what it says.
    pub(crate) file: Option<&'a SettingsFile>,
    pub(crate) said: &'a FileSettings,
    /// Whether the AWS config counts.
    pub(crate) aws_config: bool,
    /// Where an agent would have its own files.
    pub(crate) state_dir: &'a Path,
}

impl Places<'_> {
    /// All roles, each linked to its source. One of the settings file that is wrong now and in `before` stays what it was.
    ///
    /// # Errors
    /// When an alias means two roles, or the AWS config cannot be read.
    pub(crate) fn roles(&self, defaults: &RoleDefaults, before: &[Role]) -> Result<EnvRoles, Unusable> {
        let mut found = env_roles(self.environment.variables(), defaults);
        let policy = |path: &Path| self.file.map_or(Err("no such file".into()), |file| file.policy(path));
        roles::add(&self.said.roles, defaults, &policy, before, &mut found)?;
        if self.aws_config {
            self.add_aws_config(defaults, &mut found)?;
        }
        found.link();
        Ok(found)
    }

    fn add_aws_config(&self, defaults: &RoleDefaults, found: &mut EnvRoles) -> Result<(), Unusable> {
        let lookup = |name: &str| self.environment.get(name);
        let (config, credentials) = (paths::config_file(lookup)?, paths::credentials_file(lookup)?);
        let files = UserFiles::new(self.environment, vec![], self.state_dir.into())?;
        // Without what is ours: our own profiles are no roles of the user's.
        let texts = files.texts().map_err(|error| Failure::from(Fault::from(error)))?;
        let read = rolecall_formats::aws_config::read(&texts.config, &texts.credentials).map_err(|error| {
            let message = format!("take the roles from the AWS config: {error}");
            Failure::new(ExitCode::Usage, message, format!("see {} and {}", config.display(), credentials.display()))
        })?;
        // The path of a token is that of the program that reads it.
        let directory = std::env::current_dir().unwrap_or_default();
        let paths = Paths { config: &config, credentials: &credentials, directory: &directory };
        Ok(aws_config::add(&read, paths, defaults, found)?)
    }
}

/// There is no role of that name: what is said of it is wrong; or, in the words of the command, `nobody` says anything,
/// and what to do is to use one of those `known` or to `define` it.
pub(crate) fn unknown(alias: &Alias, found: &EnvRoles, nobody: &str, known: &[&str], define: &str) -> Failure {
    if let Some(Problem { origin, fault, .. }) = found.unusable.get(alias) {
        let message = format!("{alias} cannot be used: {origin}: {}", fault.message);
        return Failure::new(ExitCode::Usage, message, fault.action.clone());
    }
    // It may be one of those that are so wrong that they have no name.
    let problems: String = found.problems.iter().map(|problem| format!("\n{problem}")).collect();
    let action = match known {
        [] => define.into(),
        known => format!("use one of {}, or {define}", known.join(", ")),
    };
    Failure::new(ExitCode::UnknownAlias, format!("{nobody} a role named {alias}{problems}"), action)
}

/// There is nothing to do: either nobody said a role, or nobody said a right one.
pub(crate) fn none(found: &EnvRoles) -> Failure {
    const EXAMPLE: &str = "export AWS_ROLE_1=arn:aws:iam::123456789012:role/MyFirstRole:MyFirstAccount, or name a settings file by \
                           --config, or take the profiles of your AWS config by --from-aws-config";
    if found.problems.is_empty() {
        let message = "no role is defined: AWS_ROLE_1 is not set, and no settings file has one";
        let hints: String = found.notes.iter().map(|note| format!(" ({note})")).collect();
        return Failure::new(ExitCode::Usage, format!("{message}{hints}"), EXAMPLE);
    }
    listed("none of the roles can be used", &found.problems)
}
