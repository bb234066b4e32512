//! The profiles of the AWS config that assume a role, in the form in which an agent lists those that it keeps.

use std::path::Path;

use jiff::Timestamp;
use rolecall_agent::serve::wire::{ProblemDocument, ProfileDocument, ProfilesDocument, VERSION};
use rolecall_agent::settings;
use rolecall_agent::settings::env_roles::{EnvRoles, RoleDefaults};
use rolecall_agent::settings::file::FileSettings;
use rolecall_core::role::DEFAULT_DURATION;
use rolecall_rotator::State;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::host;
use crate::output::wrap::wrapped;
use crate::report::Answer;
use crate::roles::Places;

/// The list, as an answer of an agent that has just begun, and what is unusual or left out.
///
/// # Errors
/// When the AWS config cannot be read.
pub(super) fn answer(
    state_dir: &Path,
    environment: &Environment,
) -> Result<(Answer<ProfilesDocument>, Vec<String>), Failure> {
    let region = settings::default_region(|name| environment.get(name))?;
    let defaults = RoleDefaults { region, duration: DEFAULT_DURATION, host: host::name() };
    // Only the AWS config is asked about.
    let alone = environment.without_roles();
    let said = FileSettings::default();
    let places = Places { environment: &alone, file: None, said: &said, aws_config: true, state_dir };
    let EnvRoles { roles, problems, notes, .. } = places.roles(&defaults, &[])?;
    let document = ProfilesDocument {
        version: VERSION,
        default: None,
        profiles: roles.iter().map(|role| ProfileDocument::new(role, State::Pending)).collect(),
        problems: problems.iter().map(ProblemDocument::from).collect(),
    };
    let body = serde_json::to_vec(&document).map_err(|error| {
        Failure::new(ExitCode::Bug, format!("write the list: {error}"), "report this, with your AWS config")
    })?;
    Ok((Answer { document, body: Zeroizing::new(body) }, notes))
}

/// The same for people, with what is wrong in the config.
pub(super) fn text(document: &ProfilesDocument, now: Timestamp, width: Option<usize>) -> String {
    let problems = document.problems.iter();
    let problems: String = problems
        .map(|problem| format!("\n{}: {}\n  fix: {}\n", problem.origin, problem.message, problem.action))
        .collect();
    super::table(document, now, width) + &wrapped(&problems, width)
}
