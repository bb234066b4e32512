//! `rolecall exec ALIAS -- CMD`: runs a command with one role and nothing else.
//!
//! Promises that whatever is wrong with the role is told before the command starts, that the command ends with the exit
//! code that it would have without us, and that the token which it was handed opens nothing any more once we have ended,
//! however. Keys (`--keys`) are good until they end: nobody can take those back.

mod agent;
mod alone;
pub(crate) mod definition;
mod files;
mod policy;
mod process;
mod signals;

use std::ffi::OsString;
use std::process::Command;

use rolecall_agent::alone::Alone;
use rolecall_agent::state::tokens::Token;
use rolecall_core::port::Clock as _;
use rolecall_core::{Alias, Role};
use rolecall_rotator::SystemClock;
use tokio::runtime::Runtime;

use crate::args::StateDirArg;
use crate::client::lease::Lease;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, NO_ROOM};
use crate::hardening;
use crate::one_role::keys::Keys;
use crate::one_role::variables::{self, Credentials, Handover};
use agent::AgentError;
use files::PrivateFiles;
use policy::PolicyArgs;
use signals::Signals;

/// Set for the command, with the alias: what its keys and files were is gone on purpose.
const MARK: &str = "ROLECALL_EXEC";

/// Run a command with one role and nothing else
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The role: its profile name
    #[arg(value_parser = Alias::of_profile)]
    alias: Alias,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Hand over the keys themselves, for programs that know no credentials endpoint; they are not refreshed, and good until
    /// they end, whatever becomes of the command
    #[arg(long)]
    keys: bool,
    #[command(flatten)]
    state_dir: StateDirArg,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
The command finds the role where AWS programs look for a container's credentials, refreshed as long as it runs, and none \
of your profiles, keys or files. That keeps programs from using another role by mistake; it is no fence against one that \
goes looking for more. Signals that are sent to `rolecall exec` reach the command.

A policy only takes away: the command may do what both the role and the policy allow. --read-only is AWS's managed policy \
ReadOnlyAccess, which reads the data in buckets, tables and queues, too.

With an agent the role is one of its own; without one this command keeps it itself: from AWS_ROLE_1 and so on in its \
environment, from the settings file, or as the last agent had it.

Examples:
  rolecall exec MyFirstAccount -- aws sts get-caller-identity
  rolecall exec MyFirstAccount --read-only -- ./report.sh
  rolecall exec MyFirstAccount --policy only-my-bucket.json -- my-agent

  A shell that is the role until you leave it:
    rolecall exec MyFirstAccount -- bash

  For a program that reads nothing but AWS_ACCESS_KEY_ID and its siblings:
    rolecall exec MyFirstAccount --keys -- old-tool

Exit codes:
  the command's own; 128 and the number of the signal when one ended it
  125  the command was not started: wrong command line, no session
  126  the command was found, and does not run
  127  the command was not found";

/// A role that was granted, for the command that is to have it.
struct Granted {
    role: Role,
    access: Access,
    /// None when the agent lends nothing.
    lease: Option<Lease>,
    /// None when somebody else keeps the session.
    beside: Option<Beside>,
}

/// How the command comes to the session.
enum Access {
    Endpoint { url: String, token: Token },
    Keys(Keys),
}

/// The engine and the endpoint of this process, and what they run on: they live as long as the command.
struct Beside {
    _alone: Alone,
    runtime: Runtime,
}

/// Runs the command, and says how it ended.
pub(crate) fn run(args: &Args, environment: &Environment) -> std::process::ExitCode {
    match exec(args, environment) {
        Ok(code) => code.into(),
        Err(failure) => {
            failure.print();
            failure.code.into()
        }
    }
}

fn exec(args: &Args, environment: &Environment) -> Result<u8, Failure> {
    // Not the limit, which the command would have, too.
    hardening::no_core_dump_of_this_process();
    let granted = grant(args, environment).map_err(|failure| not_started(args.policy.named_in(failure)))?;
    if let Access::Keys(keys) = &granted.access {
        keys.tell_if_little_is_left(&args.alias, SystemClock.now().wall);
    }
    // From here on a signal must not leave files behind.
    let signals = Signals::catch().map_err(|error| {
        Failure::new(ExitCode::NotStarted, format!("catch the signals for the command: {error}"), NO_ROOM)
    })?;
    let token = match &granted.access {
        Access::Endpoint { token, .. } => Some(token.as_str()),
        Access::Keys(_) => None,
    };
    let private = PrivateFiles::write(&granted.role, token)?;
    let credentials = match &granted.access {
        Access::Endpoint { url, .. } => Credentials::Endpoint { url, token_file: &private.token },
        Access::Keys(keys) => Credentials::Keys(keys),
    };
    let handover = Handover { credentials, region: granted.role.region.as_ref(), files: &private.files };
    let mut command = command(args, environment, handover);
    if let Some(lease) = granted.lease {
        agent::hold(lease, args.alias.clone(), private.token.clone())?;
    }
    let code = process::run(&mut command, signals);
    if let Some(beside) = granted.beside {
        // Nothing that may still be under way is waited for.
        beside.runtime.shutdown_background();
    }
    code
}

/// What the command will show to the endpoint.
fn new_token() -> Result<Token, Failure> {
    let action = "allow this program the system call getrandom, or give it a /dev/urandom";
    Token::new().map_err(|error| Failure::new(ExitCode::NotStarted, error.to_string(), action))
}

/// The role, from whoever has it.
fn grant(args: &Args, environment: &Environment) -> Result<Granted, Failure> {
    let state_dir = args.state_dir.resolve(environment)?;
    match agent::grant(args, &state_dir) {
        Ok(granted) => Ok(granted),
        Err(AgentError::Ask(error)) if error.is_absence() => alone::grant(args, &state_dir, environment),
        Err(AgentError::Ask(error)) => Err(error.into()),
        Err(AgentError::Other(failure)) => Err(failure),
    }
}

fn command(args: &Args, environment: &Environment, handover: Handover<'_>) -> Command {
    let (program, rest) = args.command.split_first().expect("clap asks for at least one");
    let mut command = Command::new(program);
    command.args(rest).env(MARK, args.alias.as_str());
    let names = environment.variables().map(|(name, _)| name);
    for change in variables::changes(names, handover) {
        match change.value {
            Some(value) => command.env(change.name, value.as_os_str()),
            None => command.env_remove(change.name),
        };
    }
    command
}

fn not_started(failure: Failure) -> Failure {
    Failure { code: ExitCode::NotStarted, ..failure }
}
