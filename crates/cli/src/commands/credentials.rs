//! `rolecall credentials ALIAS`: what an AWS program runs as its `credential_process`.
//!
//! The only command whose speed matters: AWS programs start it at every start of their own, some at every call. No
//! runtime, no SDK, no logger, and the answer is copied as the agent rendered it. Nothing is written to stderr when all
//! is well (the Go SDK hands it to the user), and one line when not (boto3 puts it into its error).

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use rolecall_core::Alias;

use crate::args::StateDirArg;
use crate::client;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;

/// The agent itself waits for STS for 20 s and then says so.
const LIMIT: Duration = Duration::from_secs(25);

/// Print the credentials of a role, for `credential_process`
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The role: its profile name
    alias: Alias,
    #[command(flatten)]
    pub(crate) state_dir: StateDirArg,
}

impl Args {
    /// Reads the command line that the profiles hold, and no other: building a parser for all commands would be a tenth
    /// of the whole process.
    pub(crate) fn of_profile(line: &[OsString]) -> Option<Self> {
        let [_, command, flag, state_dir, alias] = line else { return None };
        let state_dir = Path::new(state_dir);
        if command != "credentials" || flag != "--state-dir" || !state_dir.is_absolute() {
            return None;
        }
        Some(Self { alias: alias.to_str()?.parse().ok()?, state_dir: StateDirArg::of(state_dir) })
    }
}

const AFTER_HELP: &str = "\
The profiles that `rolecall agent` writes call this. The answer holds secrets: it is for programs.

Examples:
  rolecall credentials MyFirstAccount
  A profile of your own in ~/.aws/config:
    [profile mine]
    credential_process = /usr/local/bin/rolecall credentials MyFirstAccount

Exit codes:
  0  printed
  2  wrong command line
  4  the role has no session
  5  no role has that alias
  6  no agent runs
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
    let state_dir = args.state_dir.resolve(environment)?;
    // Every character of an alias may stand in a path as it is.
    let target = format!("/v1/credentials/{}?form=process", args.alias);
    output::print_document(client::get(&state_dir, &target, LIMIT)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn the_line_of_a_profile_is_read_as_the_parser_reads_it() {
        let line = ["credentials", "--state-dir", "/s t/x", "My.Account"];
        let Command::Credentials(parsed) = Cli::of_line(&line).unwrap().command else { unreachable!() };
        let full: Vec<OsString> = ["/bin/rolecall"].into_iter().chain(line).map(OsString::from).collect();
        let read = Args::of_profile(&full).unwrap();
        assert_eq!(format!("{read:?}"), format!("{parsed:?}"));
    }

    #[test]
    fn every_other_line_is_left_to_the_parser() {
        for line in [
            "rolecall",
            "rolecall credentials a",
            "rolecall credentials a --state-dir /s",
            "rolecall credentials --state-dir s a",
            "rolecall credentials --state-dir /s --help",
            "rolecall credentials --state-dir /s a b",
            "rolecall profiles --state-dir /s a",
        ] {
            let line: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(Args::of_profile(&line).is_none(), "{line:?}");
        }
    }
}
