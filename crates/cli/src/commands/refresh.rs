//! `rolecall refresh`: asks STS for new sessions now, and says what came of it for each role.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_agent::serve::wire::{ProfileStatus, RefreshDocument, StatusDocument};
use rolecall_core::Alias;
use rolecall_core::port::Clock as _;
use rolecall_rotator::SystemClock;

use crate::args::{Output, StateDirArg};
use crate::client;
use crate::commands::status::page;
use crate::environment::Environment;
use crate::exit_code::{ExitCode, Tally};
use crate::failure::Failure;
use crate::output::table::{Cell, Fit, Table};
use crate::output::wrap::wrapped;
use crate::output::{self, duration};

/// The agent itself waits for STS for 20 s and then says so.
const LIMIT: Duration = Duration::from_secs(25);

/// Ask AWS for new sessions now
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The roles, by profile name; none: all of them
    #[arg(value_name = "ALIAS", value_parser = Alias::of_profile)]
    aliases: Vec<Alias>,
    /// A text for people, or JSON for programs
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Output,
    #[command(flatten)]
    state_dir: StateDirArg,
}

const AFTER_HELP: &str = "\
The agent refreshes its roles by itself. This is for the moment after a permission was given or a login renewed: it does \
not wait for the next try. A session that is held stays in use until a new one is there.

Examples:
  rolecall refresh
  rolecall refresh MyFirstAccount

Exit codes:
  0  every role has a new session
  2  wrong command line
  3  some have none, or their profiles could not be written
  4  no role has a session
  5  no role has that alias
  6  no agent runs, or it is another user's
  7  AWS has not answered yet, or not for all of them";

/// Asks, waits, and prints a row for each role.
///
/// # Errors
/// When there is no agent to ask, an alias is unknown, or stdout takes no more.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    let state_dir = args.state_dir.resolve(environment)?;
    let before: StatusDocument =
        client::parsed(&state_dir, "/v1/status", &client::get(&state_dir, "/v1/status", client::AT_HAND)?)?;
    let before = before.profiles.into_iter().map(|status| (status.profile.alias, status.session_version)).collect();
    let aliases: Vec<String> = args.aliases.iter().map(ToString::to_string).collect();
    let body = client::refresh::ask(&state_dir, &aliases, LIMIT)?;
    let document: RefreshDocument = client::parsed(&state_dir, client::refresh::TARGET, &body)?;
    match args.output {
        Output::Json => output::print_document(body)?,
        Output::Table => {
            output::print_styled(&text(&document, &before, SystemClock.now().wall, output::terminal_width()))?;
        }
    }
    Ok(code(&document, &before))
}

/// What came of it for one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Refreshed,
    /// It has a new session, and something is wrong with its profile.
    Troubled,
    /// No new one; the one before is still valid.
    Kept,
    Failed,
    UnderWay,
}

impl Outcome {
    /// `complete` says whether AWS has answered for all roles: until then a role without a new session may not even have
    /// been asked for.
    fn of(status: &ProfileStatus, before: &BTreeMap<String, u64>, complete: bool) -> Self {
        let profile = &status.profile;
        let new = status.session_version > before.get(&profile.alias).copied().unwrap_or(0);
        match profile.state.as_str() {
            _ if !new && !complete => Self::UnderWay,
            "failed" | "expired" => Self::Failed,
            _ if new && profile.fault.is_none() => Self::Refreshed,
            _ if new => Self::Troubled,
            _ if status.attempt_under_way => Self::UnderWay,
            _ => Self::Kept,
        }
    }

    fn cell(self) -> Cell {
        let (text, state) = match self {
            Self::Refreshed => ("refreshed", "fresh"),
            Self::Troubled => ("refreshed, not all is well", "stale"),
            Self::Kept => ("failed, the old session is kept", "stale"),
            Self::Failed => ("failed", "failed"),
            Self::UnderWay => ("under way", "pending"),
        };
        Cell::new(text).styled(Cell::state(state).style())
    }
}

fn code(document: &RefreshDocument, before: &BTreeMap<String, u64>) -> ExitCode {
    let mut tally = Tally::default();
    let mut under_way = false;
    for status in &document.profiles {
        match Outcome::of(status, before, document.complete) {
            Outcome::Refreshed => tally.well += 1,
            Outcome::Troubled | Outcome::Kept => tally.troubled += 1,
            Outcome::Failed => tally.failed += 1,
            Outcome::UnderWay => under_way = true,
        }
    }
    if under_way { ExitCode::TimeLimit } else { tally.into() }
}

fn text(document: &RefreshDocument, before: &BTreeMap<String, u64>, now: Timestamp, width: Option<usize>) -> String {
    let mut table = Table::new([
        ("ALIAS", Fit::Shorten),
        ("ACCOUNT/ROLE", Fit::Shorten),
        ("OUTCOME", Fit::Keep),
        ("EXPIRES", Fit::Drop(1)),
    ]);
    for status in &document.profiles {
        let profile = &status.profile;
        let expires = duration::time(profile.expires_at.as_deref());
        table.add([
            Cell::new(&profile.alias),
            Cell::new(format!("{}/{}", profile.account, profile.role)),
            Outcome::of(status, before, document.complete).cell(),
            Cell::new(expires.map_or_else(|| "-".into(), |then| duration::relative(now, then))),
        ]);
    }
    table.render(width) + &wrapped(&page::faults(&document.profiles, now), width)
}

#[cfg(test)]
mod tests;
