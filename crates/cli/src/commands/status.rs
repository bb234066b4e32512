//! `rolecall status`: how everything stands, for people: each role's session, and each fault with what to do about it.
//!
//! The page is in `page`; `watch` keeps it on the screen; with `--min-valid` there is no page, but a yes or no.

pub(crate) mod page;
mod watch;

use std::io::Write as _;
use std::time::Duration;

use anstyle::AnsiColor;
use rolecall_agent::serve::wire::{ProfileStatus, StatusDocument};
use rolecall_agent::settings::parse_duration;
use rolecall_core::Alias;
use rolecall_core::port::Clock as _;
use rolecall_rotator::SystemClock;
use serde_json::Value;

use crate::args::Output;
use crate::environment::Environment;
use crate::exit_code::{ExitCode, Tally};
use crate::failure::Failure;
use crate::report::{Answer, ReportArgs};
use crate::validity;

/// What the agent is asked for.
const TARGET: &str = "/v1/status";

/// Show how every role stands, and what to do about those that do not work
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Only these roles, by profile name
    #[arg(value_name = "ALIAS", value_parser = Alias::of_profile)]
    aliases: Vec<Alias>,
    /// Stay, and show how the sessions run down and are refreshed
    #[arg(long, conflicts_with_all = ["output", "min_valid"])]
    watch: bool,
    /// For scripts: succeed only if every session is valid for at least this long; prints what is not, on stderr
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    min_valid: Option<Duration>,
    #[command(flatten)]
    report: ReportArgs,
}

const AFTER_HELP: &str = "\
Examples:
  rolecall status
  rolecall status --watch
  In a health check:
    rolecall status > /dev/null || exit 1
  Before a job of ten minutes:
    rolecall status MyFirstAccount --min-valid 15m || exit 1

Exit codes:
  0  all is well, and every role has a session
  2  wrong command line
  3  something is wrong with a role or a setting, or a role has no session yet
  4  no role has a session; with --min-valid: none is valid for that long
  5  no role has that alias
  6  no agent runs, or it is another user's
  7  the agent does not answer";

/// Prints how everything stands; the exit code says it too.
///
/// # Errors
/// When there is no agent to ask, an alias is unknown, or stdout takes no more.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    if args.watch {
        return watch::run(args, environment);
    }
    let answer = ask(args, environment)?;
    match args.min_valid {
        None => Ok(tally(&args.report.print(answer, page::text)?).into()),
        Some(least) if args.report.output == Output::Json => Ok(enough(&args.report.print(answer, page::text)?, least)),
        Some(least) => Ok(enough(&answer.document, least)),
    }
}

/// What the agent says of the roles that are meant.
fn ask(args: &Args, environment: &Environment) -> Result<Answer<StatusDocument>, Failure> {
    let mut answer: Answer<StatusDocument> = args.report.ask(environment, TARGET)?;
    if !args.aliases.is_empty() {
        validity::select(&mut answer.document, &args.aliases)?;
        answer.body = selected(&answer.body, &answer.document).into();
    }
    Ok(answer)
}

/// The document as it came with the roles that were selected from it: fields that only a later version knows stay.
fn selected(body: &[u8], document: &StatusDocument) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(body).unwrap_or_default();
    let stays = |alias: &Value| document.profiles.iter().any(|status| *alias == status.profile.alias);
    if let Some(profiles) = value["profiles"].as_array_mut() {
        profiles.retain(|profile| stays(&profile["alias"]));
    }
    if let Some(problems) = value["problems"].as_array_mut() {
        problems.truncate(document.problems.len());
    }
    value.to_string().into_bytes()
}

pub(crate) fn tally(document: &StatusDocument) -> Tally {
    let mut tally = Tally { problems: document.problems.len(), ..Tally::default() };
    for ProfileStatus { profile, .. } in &document.profiles {
        match profile.state.as_str() {
            "failed" | "expired" => tally.failed += 1,
            // What is to come is none yet.
            state if state != "pending" && profile.fault.is_none() => tally.well += 1,
            _ => tally.troubled += 1,
        }
    }
    tally
}

/// Says on stderr which roles are not valid for as long as `least`.
fn enough(document: &StatusDocument, least: Duration) -> ExitCode {
    let now = SystemClock.now().wall;
    let mut stderr = anstream::stderr().lock();
    let red = AnsiColor::Red.on_default().bold();
    let mut tally = Tally { problems: document.problems.len(), ..Tally::default() };
    // Nobody is left to tell that stderr is closed.
    for status in &document.profiles {
        match validity::shortfall(status, now, least) {
            None => tally.well += 1,
            Some(why) => {
                tally.failed += 1;
                let _ = writeln!(stderr, "{red}{}{red:#}: {why}", status.profile.alias);
            }
        }
    }
    for problem in &document.problems {
        let _ = writeln!(stderr, "{red}{}{red:#}: {}; {}", problem.origin, problem.message, problem.action);
    }
    tally.into()
}

#[cfg(test)]
mod tests;
