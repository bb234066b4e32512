//! A role that this command keeps itself, while no agent runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rolecall_agent::alone::Alone;
use rolecall_agent::state::absent::{self, Left};
use rolecall_core::port::Clock as _;
use rolecall_core::rotation::Policy;
use rolecall_core::{Alias, Session};
use rolecall_rotator::{NotServed, SystemClock};

use crate::commands::exec::{Access, Args, Beside, Granted, MARK, definition, new_token};
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::one_role::assume;
use crate::one_role::keys::Keys;
use crate::output::duration;
use crate::runtime;

/// How long AWS is waited for, as an agent does.
const LIMIT: Duration = Duration::from_secs(20);

/// Assumes the role, or takes over the session of it that was left, and refreshes it as long as the command runs.
///
/// # Errors
/// When nobody defined the role, or it, or the policy, is refused.
pub(super) fn grant(args: &Args, state_dir: &Path, environment: &Environment) -> Result<Granted, Failure> {
    if environment.text(MARK).is_some() {
        return Err(nested(&args.alias, environment));
    }
    assume::check_depth(&args.alias, environment)?;
    let (role, definitions) = definition::find(&args.alias, state_dir, environment)?;
    let policy = args.policy.of(&role.arn)?;
    let role = role.narrowed(policy).map_err(|error| {
        let action = "leave the policy out, or define the role a second time without its session policy";
        Failure::new(ExitCode::Usage, error.to_string(), action)
    })?;
    let left = absent::left(state_dir, &definitions, &role, SystemClock.now().wall);
    let left = left.filter(|left| !left.due).map(|Left { session, .. }| Session::clone(&session));
    let base = assume::base_environment(environment, &definitions, state_dir);
    if args.keys {
        let new = || assume::assume(&role, &definitions, state_dir, &base, |_| ());
        let keys = Keys::of(&role, &left.map_or_else(new, Ok)?);
        return Ok(Granted { role, access: Access::Keys(keys), lease: None, beside: None });
    }
    let sts = Arc::new(assume::sts(&definitions.roles, state_dir, &base)?);
    let token = new_token()?;
    // What differs from command to command.
    let policy =
        Policy { refresh_before: definitions.refresh_before, seed: std::process::id().into(), ..Policy::default() };
    let runtime = runtime::beside()?;
    let alone = runtime.block_on(async {
        let start = Alone::start(role.clone(), left, token.clone(), policy, sts, Arc::new(SystemClock));
        let alone = start.await.map_err(|error| {
            let message = format!("listen on {} for the command: {}", error.address, error.source);
            Failure::new(ExitCode::NotStarted, message, "see that this machine has a loopback address, or use --keys")
        })?;
        alone.session(LIMIT).await.map_err(|why| not_served(&role.alias, why))?;
        Ok::<_, Failure>(alone)
    })?;
    let url = alone.url().into();
    Ok(Granted {
        role,
        access: Access::Endpoint { url, token },
        lease: None,
        beside: Some(Beside { _alone: alone, runtime }),
    })
}

fn not_served(alias: &Alias, why: NotServed) -> Failure {
    match why {
        NotServed::Failed(fault) => assume::failure(fault),
        NotServed::Pending | NotServed::Unknown | NotServed::Stopped => {
            let message = format!("assume {alias}: AWS has not answered within {}", duration::words(LIMIT));
            Failure::new(ExitCode::TimeLimit, message, "try again; see whether this machine reaches AWS")
        }
    }
}

/// The base of the command that runs us is not in its environment, and must not be looked for elsewhere.
fn nested(alias: &Alias, environment: &Environment) -> Failure {
    let outer = environment.text(MARK).unwrap_or_default();
    let message =
        format!("{alias}: no agent runs, and `rolecall exec {outer}` took away what a role could be assumed with");
    Failure::new(
        ExitCode::NotStarted,
        message,
        "start `rolecall agent` outside of it; then `rolecall exec` works inside, too",
    )
}
