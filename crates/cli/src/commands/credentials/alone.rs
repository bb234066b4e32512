//! `rolecall credentials` while no agent runs: a session that was left is used until it is due, then one is asked for.
//!
//! Promises at most one call to STS, never more than one at a time for a role, and that a session which is still valid is
//! printed whatever STS says.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rolecall_agent::state::absent::{self, AbsentError, Left};
use rolecall_agent::state::definitions::Definitions;
use rolecall_core::port::Clock as _;
use rolecall_core::{Alias, Fault, Role, Session};
use rolecall_formats::process;
use rolecall_rotator::SystemClock;
use zeroize::Zeroizing;

use crate::client::AskError;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::one_role::assume::{assume, base_environment, check_depth, failure};

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

fn unknown(alias: &Alias, definitions: &Definitions) -> Failure {
    let known: Vec<&str> = definitions.roles.iter().map(|role| role.alias.as_str()).collect();
    let message = format!("no agent runs, and the last one had no role named {alias}");
    Failure::new(ExitCode::UnknownAlias, message, format!("use one of {}, or start an agent with it", known.join(", ")))
}

impl From<AbsentError> for Failure {
    fn from(error: AbsentError) -> Self {
        Self::new(ExitCode::NothingToAsk, format!("no agent runs, and nothing can be done in its place: {error}"), "")
    }
}
