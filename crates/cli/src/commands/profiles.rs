//! `rolecall profiles`: which profiles there are, for an agent program that chooses one, and for people.

use std::time::Duration;

use comfy_table::Cell;
use jiff::Timestamp;
use rolecall_agent::wire::ProfilesDocument;
use rolecall_core::port::Clock as _;
use rolecall_rotator::SystemClock;

use crate::args::{Output, StateDirArg};
use crate::client;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output::{self, duration, table};

/// The agent has this at hand.
const LIMIT: Duration = Duration::from_secs(5);

/// List the profiles that the agent keeps
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// A table for people, or JSON for programs
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Output,
    #[command(flatten)]
    state_dir: StateDirArg,
}

const AFTER_HELP: &str = "\
Examples:
  rolecall profiles
  The profiles that can be used now:
    rolecall profiles --output json | jq -r '.profiles[] | select(.state == \"fresh\") | .alias'

Exit codes:
  0  listed
  2  wrong command line
  6  no agent runs
  7  the agent does not answer";

/// Prints the list.
///
/// # Errors
/// When there is no agent to ask, or stdout takes no more.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    let state_dir = args.state_dir.resolve(environment)?;
    let body = client::get(&state_dir, "/v1/profiles", LIMIT)?;
    match args.output {
        Output::Json => output::print_document(body)?,
        Output::Table => {
            let document = client::parsed(&state_dir, &body)?;
            output::print_styled(&text(&document, SystemClock.now().wall))?;
        }
    }
    Ok(ExitCode::Ok)
}

fn text(document: &ProfilesDocument, now: Timestamp) -> String {
    let mut table = table::new(&["ALIAS", "ACCOUNT", "ROLE", "REGION", "STATE", "EXPIRES", "DEFAULT"]);
    for profile in &document.profiles {
        let expires = profile.expires_at.as_deref().and_then(|text| text.parse().ok());
        table.add_row([
            Cell::new(&profile.alias),
            Cell::new(&profile.account),
            Cell::new(&profile.role),
            Cell::new(profile.region.as_deref().unwrap_or("-")),
            table::state(&profile.state),
            Cell::new(expires.map_or_else(|| "-".into(), |then| duration::relative(now, then))),
            Cell::new(if profile.default { "default" } else { "" }),
        ]);
    }
    let mut text = table::render(table);
    let faulty = document.profiles.iter().any(|profile| profile.fault.is_some());
    if faulty || !document.problems.is_empty() {
        text.push_str("\nNot all is well: `rolecall status` says what and what to do.\n");
    }
    text
}

#[cfg(test)]
mod tests;
