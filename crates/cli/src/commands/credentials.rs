//! `rolecall credentials ALIAS`: what an AWS program runs as its `credential_process`.
//!
//! The only command whose speed matters: AWS programs start it at every start of their own, some at every call. With an
//! agent: no runtime, no SDK, no logger, and the answer is copied as the agent rendered it; without one `alone` does the
//! agent's work for this one role. Nothing is written to stderr when all is well (the Go SDK hands it to the user), and
//! one line when not (boto3 puts it into its error).

mod alone;

use std::time::Duration;

use rolecall_core::Alias;
use zeroize::Zeroizing;

use crate::args::StateDirArg;
use crate::client;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::state_dir::StateDir;
use crate::{hardening, output};

/// The agent itself waits for STS for 20 s and then says so.
const LIMIT: Duration = Duration::from_secs(25);

/// Print the credentials of a role, for `credential_process`
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The role: its profile name
    #[arg(value_parser = Alias::of_profile)]
    alias: Alias,
    #[command(flatten)]
    pub(crate) state_dir: StateDirArg,
}

const AFTER_HELP: &str = "\
The profiles that `rolecall agent` writes call this. The answer holds secrets: it is for programs.

While no agent runs, the role is assumed by this command itself, with the base credentials that it finds in its own \
environment and files, and the session is kept for the next call.

Examples:
  rolecall credentials MyFirstAccount
  A profile of your own in ~/.aws/config:
    [profile mine]
    credential_process = /usr/local/bin/rolecall credentials MyFirstAccount

Exit codes:
  0  printed
  2  wrong command line or settings
  4  the role has no session
  5  no role has that alias
  6  no agent runs and none has run there, or it is another user's
  7  the role is still being assumed";

/// Prints the `credential_process` answer.
pub(crate) fn run(args: &Args, environment: &Environment) -> ExitCode {
    match answer(args, environment) {
        Ok(()) => ExitCode::Ok,
        Err(failure) => {
            failure.print_line();
            failure.code
        }
    }
}

fn answer(args: &Args, environment: &Environment) -> Result<(), Failure> {
    hardening::no_core_dumps();
    let state_dir = args.state_dir.resolve(environment)?;
    output::print_document(document(&args.alias, &state_dir, environment)?)
}

/// The `credential_process` answer for a role, from the agent or without one.
///
/// # Errors
/// Why there is no session.
pub(crate) fn document(
    alias: &Alias,
    state_dir: &StateDir,
    environment: &Environment,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Every character of an alias may stand in a path as it is.
    match client::get(state_dir, &format!("/v1/credentials/{alias}?form=process"), LIMIT) {
        Ok(document) => Ok(document),
        Err(nobody) if nobody.is_absence() => alone::document(alias, state_dir, environment, nobody),
        Err(error) => Err(error.into()),
    }
}
