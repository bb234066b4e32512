//! A session that a command asks STS for itself, while no agent runs.
//!
//! Promises that the base is never one of our own profiles: they are cut out of the user's files, a variable that names one
//! is dropped, and a second level of a command that looks for a base is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rolecall_agent::state::absent;
use rolecall_agent::state::definitions::Definitions;
use rolecall_aws::{Base, Sts};
use rolecall_core::port::Clock as _;
use rolecall_core::rotation::Issue;
use rolecall_core::{Alias, AssumeRole as _, Assumed, Fault, FaultKind, Role, Session};
use rolecall_rotator::SystemClock;

use crate::base::{SELECTORS, UserFiles};
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::{endpoint, runtime};

/// Set for what is run to get the base credentials: who sees it was started for them.
const DEPTH: &str = "ROLECALL_DEPTH";

/// Asks STS for a role, and before that for each role that it is assumed from and that has no session left, with the base of
/// this environment; tells `leave` what it answers if that is no session. Once, unless STS does not take what was left.
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
    let sts = sts(&definitions.roles, state_dir, environment)?;
    let walk = Walk { sts: &sts, definitions, state_dir };
    runtime::run(async {
        let mut outcome = walk.to(role, true).await;
        let is_left = role.source.parent().is_some();
        if is_left && outcome.as_ref().is_err_and(|fault| fault.kind == FaultKind::BaseExpired) {
            outcome = walk.to(role, false).await;
        }
        outcome.inspect_err(leave).map_err(failure)
    })
}

/// The way along a chain.
struct Walk<'a> {
    sts: &'a Sts,
    definitions: &'a Definitions,
    state_dir: &'a Path,
}

impl Walk<'_> {
    /// Goes it, from the nearest session that was left if such count, and keeps those that are new.
    async fn to(&self, role: &Role, left_counts: bool) -> Result<Session, Fault> {
        let sources: Vec<&Role> = role.chain().skip(1).collect();
        let left = |source: &Role| if left_counts { self.left(source) } else { None };
        let nearest = sources.iter().enumerate().find_map(|(at, source)| Some((at, left(source)?)));
        let (to_assume, mut session) = match nearest {
            Some((at, session)) => (&sources[..at], Some(session)),
            None => (&sources[..], None),
        };
        for source in to_assume.iter().rev() {
            let _turn = absent::turn(self.state_dir, self.definitions, &source.alias);
            // Whoever had the turn before may have left one.
            session = Some(match left(source) {
                Some(session) => session,
                None => {
                    let assumed = once(self.sts, source, session.as_ref()).await?;
                    let now = SystemClock.now().wall;
                    absent::keep(self.state_dir, self.definitions, &source.alias, &assumed, now);
                    assumed
                }
            });
        }
        once(self.sts, role, session.as_ref()).await
    }

    fn left(&self, source: &Role) -> Option<Session> {
        let left = absent::left(self.state_dir, self.definitions, source, SystemClock.now().wall)?;
        Some(Session::clone(&left.session))
    }
}

async fn once(sts: &Sts, role: &Role, parent: Option<&Session>) -> Result<Session, Fault> {
    let Assumed { credentials, expires_at, asked_for, date: _ } = alive(sts.assume_role(role, parent).await?)?;
    Ok(Session { credentials, issued_at: SystemClock.now().wall, expires_at, asked_for })
}

/// STS as it is asked with the base of this environment, which is none of these roles.
///
/// # Errors
/// When the environment names an endpoint that is none, or no home directory.
pub(crate) fn sts(roles: &[Role], state_dir: &Path, environment: &Environment) -> Result<Sts, Failure> {
    endpoint::check(environment)?;
    let aliases = roles.iter().map(|role| role.alias.clone()).collect();
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

/// The present environment, with which a Rolecall that is started for the base looks for none itself.
pub(crate) fn present_environment(environment: &Environment) -> Environment {
    environment.with(DEPTH, Some("1".into()))
}

/// The environment that the base is found in: as the agent had it where the present one leads to ourselves.
pub(crate) fn base_environment(environment: &Environment, definitions: &Definitions, state_dir: &Path) -> Environment {
    let mut base = present_environment(environment);
    let files =
        [("AWS_CONFIG_FILE", &definitions.config_file), ("AWS_SHARED_CREDENTIALS_FILE", &definitions.credentials_file)];
    for (variable, file) in files {
        // A program that is pointed at the store hands that on to us.
        if base.get(variable).is_some_and(|path| is_in(&PathBuf::from(path), state_dir)) {
            base = base.with(variable, Some(file.into()));
        }
    }
    let is_role = |name: &str| definitions.roles.iter().any(|role| role.alias.as_str() == name);
    for variable in SELECTORS {
        if base.text(variable).is_some_and(|profile| is_role(&profile) && !is_of_user(&profile, &base, state_dir)) {
            base = base.with(variable, None);
        }
    }
    if base.text("AWS_PROFILE").is_none()
        && let Some(profile) = &definitions.base_profile
    {
        base = base.with("AWS_PROFILE", Some(profile.into()));
    }
    base
}

fn is_of_user(profile: &str, environment: &Environment, state_dir: &Path) -> bool {
    UserFiles::new(environment, vec![], state_dir.into()).is_ok_and(|files| files.has(profile))
}

fn is_in(path: &Path, directory: &Path) -> bool {
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    parent.is_some() && parent == directory.canonicalize().ok()
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

#[cfg(test)]
mod tests;
