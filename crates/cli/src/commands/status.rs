//! `rolecall status`: how everything stands, for people: each role's session, and each fault with what to do about it.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::Cell;
use jiff::Timestamp;
use rolecall_agent::wire::{AgentDocument, ProfileStatus, StatusDocument};

use crate::environment::Environment;
use crate::exit_code::{ExitCode, Tally};
use crate::failure::Failure;
use crate::output::{duration, table};
use crate::report::ReportArgs;

const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const BOLD: Style = Style::new().bold();

/// Show how every role stands, and what to do about those that do not work
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    report: ReportArgs,
}

const AFTER_HELP: &str = "\
Examples:
  rolecall status
  In a health check:
    rolecall status > /dev/null || exit 1

Exit codes:
  0  all is well
  2  wrong command line
  3  something is wrong with a role or a setting
  4  no role has a session
  6  no agent runs, or it is another user's
  7  the agent does not answer";

/// Prints how everything stands; the exit code says it too.
///
/// # Errors
/// When there is no agent to ask, or stdout takes no more.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    let document = args.report.print(environment, "/v1/status", text)?;
    Ok(tally(&document).into())
}

fn tally(document: &StatusDocument) -> Tally {
    let mut tally = Tally { problems: document.problems.len(), ..Tally::default() };
    for ProfileStatus { profile, .. } in &document.profiles {
        match profile.state.as_str() {
            "failed" | "expired" => tally.failed += 1,
            _ if profile.fault.is_none() => tally.well += 1,
            _ => tally.troubled += 1,
        }
    }
    tally
}

fn text(document: &StatusDocument, now: Timestamp, width: Option<u16>) -> String {
    let mut text = header(&document.agent, now);
    if !document.profiles.is_empty() {
        text.push('\n');
        text.push_str(&roles(&document.profiles, now, width));
    }
    let mut item = |style: Style, origin: &str, what: &str, action: &str, since: &str| {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{style}{origin}{style:#}: {what}{since}\n");
        if !action.is_empty() {
            let _ = writeln!(text, "  {BOLD}fix:{BOLD:#} {action}");
        }
    };
    if let Some(skew) = document.agent.clock_skew_seconds {
        let length = duration::words(Duration::from_secs(skew.unsigned_abs()));
        let direction = if skew < 0 { "behind" } else { "ahead of" };
        let what = format!("the clock of this machine is {length} {direction} that of AWS");
        item(RED, "clock", &what, "set the clock, for example with NTP; AWS refuses requests with a wrong time", "");
    }
    for ProfileStatus { profile, notes, .. } in &document.profiles {
        if let Some(fault) = &profile.fault {
            let since =
                duration::time(Some(&fault.since)).map(|since| format!(" ({})", duration::relative(now, since)));
            let origin = format!("{} {}", profile.alias, fault.kind);
            item(RED, &origin, &fault.message, &fault.action, &since.unwrap_or_default());
        }
        for note in notes {
            item(YELLOW, &profile.alias, note, "", "");
        }
    }
    for problem in &document.problems {
        let place = problem.column.map_or_else(String::new, |column| format!(", character {column}"));
        item(RED, &format!("{}{place}", problem.origin), &problem.message, &problem.action, "");
    }
    text
}

fn header(agent: &AgentDocument, now: Timestamp) -> String {
    let up = duration::time(Some(&agent.started_at))
        .map_or_else(String::new, |started| format!(", up {}", duration::words(duration::until(started, now))));
    format!(
        "{BOLD}rolecall agent {}{BOLD:#}, pid {}{up}, profiles as {}, state in {}\n",
        agent.version, agent.pid, agent.publish, agent.state_dir
    )
}

fn roles(profiles: &[ProfileStatus], now: Timestamp, width: Option<u16>) -> String {
    let mut table = table::new(&["ALIAS", "ACCOUNT/ROLE", "STATE", "LEFT", "REFRESH", "VERSION"]);
    for status in profiles {
        let profile = &status.profile;
        let left = match (duration::time(status.issued_at.as_deref()), duration::time(profile.expires_at.as_deref())) {
            (Some(issued), Some(expires)) => {
                let (left, total) = (duration::until(now, expires), duration::until(issued, expires));
                format!("{} of {}", duration::words(left), duration::words(total))
            }
            _ => "-".into(),
        };
        let refresh = match duration::time(profile.next_refresh_at.as_deref()) {
            _ if status.attempt_under_way => "under way".into(),
            Some(next) => duration::relative(now, next),
            None => "-".into(),
        };
        let mark = if profile.default { " (default)" } else { "" };
        table.add_row([
            Cell::new(format!("{}{mark}", profile.alias)),
            Cell::new(format!("{}/{}", profile.account, profile.role)),
            table::state(&profile.state),
            Cell::new(left),
            Cell::new(refresh),
            Cell::new(status.session_version),
        ]);
    }
    table::render(table, width)
}

#[cfg(test)]
mod tests;
