//! `rolecall credentials` while no agent runs: a session that was left is used until it is due, then one is asked for.
//!
//! Promises at most one call to STS, never more than one at a time for a role, and that a session which is still valid is
//! printed whatever STS says. The base is never one of our own profiles: they are cut out of the user's files, a variable
//! that names one is dropped, and a second level of this command is refused.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rolecall_agent::state::absent::{self, AbsentError, Left};
use rolecall_agent::state::definitions::Definitions;
use rolecall_aws::{Base, Sts};
use rolecall_core::port::Clock as _;
use rolecall_core::rotation::Issue;
use rolecall_core::{Alias, AssumeRole as _, Assumed, Fault, FaultKind, Role, Session};
use rolecall_formats::process;
use rolecall_rotator::SystemClock;
use zeroize::Zeroizing;

use crate::base::{SELECTORS, UserFiles};
use crate::client::AskError;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::{endpoint, runtime};

/// Set for what is run to get the base credentials: who sees it was started for them.
const DEPTH: &str = "ROLECALL_DEPTH";

/// The `credential_process` answer for a role.
///
/// # Errors
/// That there is `nobody` to ask when no agent has ever run there; else why there is no session.
pub(super) fn document(
    alias: &Alias,
    state_dir: &Path,
    environment: &Environment,
    nobody: AskError,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let Some(definitions) = absent::definitions(state_dir)? else { return Err(nobody.into()) };
    let role =
        definitions.roles.iter().find(|role| role.alias == *alias).ok_or_else(|| unknown(alias, &definitions))?;
    let left = || absent::left(state_dir, &definitions, role, SystemClock.now().wall);
    if let Some(Left { session, due: false }) = left() {
        return Ok(rendered(role, &session));
    }
    check_depth(alias, environment)?;
    let environment = base_environment(environment, &definitions, state_dir);
    let base = fingerprint(&environment);
    let since = SystemClock.now().wall;
    let turn = absent::turn(state_dir, &definitions, alias);
    // Whoever had the turn before may have left one, or why there is none.
    let held = match left() {
        Some(Left { session, due: false }) => return Ok(rendered(role, &session)),
        held => held,
    };
    let leave = |fault: &Fault| {
        if let Some(turn) = &turn {
            turn.leave(fault, base, SystemClock.now().wall);
        }
    };
    let outcome = match turn.as_ref().and_then(|turn| turn.fault(base, since, SystemClock.now().wall)) {
        Some(fault) => Err(failure(fault)),
        None => assume(role, &definitions, state_dir, &environment, leave),
    };
    match outcome {
        Ok(session) => {
            absent::keep(state_dir, &definitions, alias, &session, SystemClock.now().wall);
            Ok(rendered(role, &session))
        }
        Err(failure) => match held.filter(|held| held.session.expires_at > SystemClock.now().wall) {
            Some(Left { session, .. }) => Ok(rendered(role, &session)),
            None => Err(failure),
        },
    }
}

/// A number that tells one base from another, by what it is found with in the environment.
fn fingerprint(environment: &Environment) -> u64 {
    let is_of_base = |name: &OsStr| name == "HOME" || name.as_bytes().starts_with(b"AWS_");
    let mut variables: Vec<_> = environment.variables().filter(|(name, _)| is_of_base(name)).collect();
    variables.sort();
    let mut hasher = DefaultHasher::new();
    variables.hash(&mut hasher);
    hasher.finish()
}

fn rendered(role: &Role, session: &Session) -> Zeroizing<Vec<u8>> {
    let mut text = process::document(role, session, SystemClock.now().wall);
    Zeroizing::new(std::mem::take(&mut *text).into_bytes())
}

/// Asks STS once, with the base of this environment, and tells `leave` what it answers if that is no session.
///
/// # Errors
/// Why there is no session.
pub(crate) fn assume(
    role: &Role,
    definitions: &Definitions,
    state_dir: &Path,
    environment: &Environment,
    leave: impl FnOnce(&Fault),
) -> Result<Session, Failure> {
    let sts = sts(definitions, state_dir, environment)?;
    let assumed = runtime::run(async {
        let assumed = sts.assume_role(role).await;
        assumed.and_then(alive).inspect_err(leave).map_err(failure)
    })?;
    let issued_at = SystemClock.now().wall;
    let Assumed { credentials, expires_at, asked_for, date: _ } = assumed;
    Ok(Session { credentials, issued_at, expires_at, asked_for })
}

/// STS as it is asked with the base of this environment.
///
/// # Errors
/// When the environment names an endpoint that is none, or no home directory.
pub(crate) fn sts(definitions: &Definitions, state_dir: &Path, environment: &Environment) -> Result<Sts, Failure> {
    endpoint::check(environment)?;
    let aliases = definitions.roles.iter().map(|role| role.alias.clone()).collect();
    let files = UserFiles::new(environment, aliases, state_dir.into())?;
    let variables = rolecall_aws::Environment::new(environment.variables());
    Ok(Sts::new(Base::DefaultChain { files: Arc::new(files), environment: variables }))
}

/// Refuses what had ended before it came.
fn alive(assumed: Assumed) -> Result<Assumed, Fault> {
    let Assumed { expires_at, asked_for, date, .. } = assumed;
    Issue { expires_at, asked_for, date }.life(SystemClock.now())?;
    Ok(assumed)
}

/// The environment that the base is found in: as the agent had it where the present one leads to ourselves.
pub(crate) fn base_environment(environment: &Environment, definitions: &Definitions, state_dir: &Path) -> Environment {
    let is_role = |name: &str| definitions.roles.iter().any(|role| role.alias.as_str() == name);
    let mut base = environment.with(DEPTH, Some("1".into()));
    for variable in SELECTORS {
        if base.text(variable).is_some_and(|profile| is_role(&profile)) {
            base = base.with(variable, None);
        }
    }
    if base.text("AWS_PROFILE").is_none()
        && let Some(profile) = &definitions.base_profile
    {
        base = base.with("AWS_PROFILE", Some(profile.into()));
    }
    let files =
        [("AWS_CONFIG_FILE", &definitions.config_file), ("AWS_SHARED_CREDENTIALS_FILE", &definitions.credentials_file)];
    for (variable, file) in files {
        // A program that is pointed at the store hands that on to us.
        if base.get(variable).is_some_and(|path| is_in(&PathBuf::from(path), state_dir)) {
            base = base.with(variable, Some(file.into()));
        }
    }
    base
}

fn is_in(path: &Path, directory: &Path) -> bool {
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    parent.is_some() && parent == directory.canonicalize().ok()
}

fn unknown(alias: &Alias, definitions: &Definitions) -> Failure {
    let known: Vec<&str> = definitions.roles.iter().map(|role| role.alias.as_str()).collect();
    let message = format!("no agent runs, and the last one had no role named {alias}");
    Failure::new(ExitCode::UnknownAlias, message, format!("use one of {}, or start an agent with it", known.join(", ")))
}

/// Refuses to look for a base while one is being looked for.
///
/// # Errors
/// When this command was started for the base credentials of another.
pub(crate) fn check_depth(alias: &Alias, environment: &Environment) -> Result<(), Failure> {
    if environment.text(DEPTH).is_none() {
        return Ok(());
    }
    let message = format!(
        "assume {alias}: the base credentials come from a command that runs rolecall itself, which would go on without end"
    );
    let action = "give the profile that the base comes from other credentials, or set AWS_PROFILE to one that has them";
    Err(Failure::new(ExitCode::Usage, message, action))
}

/// Whatever is wrong, the role has no session.
pub(crate) fn failure(fault: Fault) -> Failure {
    let code = if fault.kind == FaultKind::Bug { ExitCode::Bug } else { ExitCode::AllFailed };
    Failure::new(code, fault.message, fault.action)
}

impl From<AbsentError> for Failure {
    fn from(error: AbsentError) -> Self {
        Self::new(ExitCode::NothingToAsk, format!("no agent runs, and nothing can be done in its place: {error}"), "")
    }
}

#[cfg(test)]
mod tests;
