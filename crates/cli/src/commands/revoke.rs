//! `rolecall revoke ALIAS`: prints the policy that ends all sessions of a role, and what to do with it.
//!
//! Promises to change nothing, at AWS or here: whoever may change the role attaches the policy. `known` finds the role and
//! those that it concerns, `policy` is the document, `page` is what a person has to know about it.

mod known;
mod page;
mod policy;

use jiff::Timestamp;
use rolecall_agent::serve::wire::ProfilesDocument;
use rolecall_core::Alias;
use rolecall_core::port::Clock as _;
use rolecall_rotator::SystemClock;

use crate::args::StateDirArg;
use crate::client::{self, AskError};
use crate::commands::exec::definition;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::state_dir::StateDir;
use known::{Concerned, Known};

const TARGET: &str = "/v1/profiles";

/// Print the policy that ends all sessions of a role
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The role: its profile name
    #[arg(value_parser = Alias::of_profile)]
    alias: Alias,
    /// A text for people, or the bare policy for a file
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Format,
    #[command(flatten)]
    state_dir: StateDirArg,
}

/// How it is told.
// The variants have no doc comments: clap would give each a paragraph in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

const AFTER_HELP: &str = "\
Sessions cannot be called back, but a role can deny everything to those that were issued before a time: for when keys got \
into wrong hands. The policy goes onto the role itself, by somebody who may change it, and concerns everybody who has a \
session of it. This command only prints it, for the time at which it is run. Sessions that were assumed with a session of the \
role are another role's, and are not ended by it; the text names those that are known here.

With an agent the role is one of its own; without one it is found as `rolecall exec` finds it.

Examples:
  rolecall revoke MyFirstAccount

  rolecall revoke MyFirstAccount --output json > revoke.json
  aws iam put-role-policy --role-name MyFirstRole \\
    --policy-name AWSRevokeOlderSessions --policy-document file://revoke.json
  rolecall refresh MyFirstAccount

Exit codes:
  0  printed
  2  wrong command line or settings
  5  no role has that alias
  6  the agent is another user's
  7  the agent does not answer";

/// Prints the policy.
///
/// # Errors
/// When no role has that name, or stdout takes no more.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    let state_dir = args.state_dir.resolve(environment)?;
    let concerned = find(&args.alias, &state_dir, environment)?;
    let now: Timestamp = SystemClock.now().wall;
    let policy = policy::until(now);
    match args.output {
        Format::Text => output::print_styled(&page::text(&concerned, &policy, output::terminal_width()))?,
        Format::Json => output::print_document(policy.into_bytes().into())?,
    }
    Ok(ExitCode::Ok)
}

/// The role and those that it concerns, from whoever has them.
fn find(alias: &Alias, state_dir: &StateDir, environment: &Environment) -> Result<Concerned, Failure> {
    let asked = client::get(state_dir, TARGET, client::AT_HAND)
        .and_then(|body| client::parsed::<ProfilesDocument>(state_dir, TARGET, &body));
    match asked {
        Ok(document) => known::concerned(alias, &Known::of_agent(&document)?, true),
        Err(error) if AskError::is_absence(&error) => {
            let (_, definitions) = definition::find(alias, state_dir, environment)?;
            known::concerned(alias, &Known::of_definitions(&definitions), false)
        }
        Err(error) => Err(error.into()),
    }
}
