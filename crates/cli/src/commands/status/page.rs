//! The page of `status`, for people. Pure: the time and the width of the terminal come in.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use rolecall_agent::serve::wire::{AgentDocument, ProfileStatus, StatusDocument};

use crate::output::duration;
use crate::output::table::{Cell, Fit, Table};
use crate::output::wrap::wrapped;

pub(crate) const RED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const BOLD: Style = Style::new().bold();

/// The page for now and for the width of a terminal.
pub(super) fn text(document: &StatusDocument, now: Timestamp, width: Option<usize>) -> String {
    let mut text = wrapped(&header(&document.agent, now), width);
    if !document.profiles.is_empty() {
        text.push('\n');
        text.push_str(&roles(&document.profiles, now, width));
    }
    text.push_str(&wrapped(&troubles(document, now), width));
    text
}

/// What is wrong or worth knowing, each with what to do.
pub(super) fn troubles(document: &StatusDocument, now: Timestamp) -> String {
    let mut text = String::new();
    if let Some(skew) = document.agent.clock_skew_seconds {
        let length = duration::words(Duration::from_secs(skew.unsigned_abs()));
        let direction = if skew < 0 { "behind" } else { "ahead of" };
        let what = format!("the clock of this machine is {length} {direction} that of AWS");
        let action = "set the clock, for example with NTP; AWS refuses requests with a wrong time";
        item(&mut text, RED, "clock", &what, action);
    }
    text.push_str(&faults(&document.profiles, now));
    for problem in &document.problems {
        let place = problem.column.map_or_else(String::new, |column| format!(", character {column}"));
        item(&mut text, RED, &format!("{}{place}", problem.origin), &problem.message, &problem.action);
    }
    text
}

/// What is wrong with these roles or worth knowing about them: once, where many roles wait for the same.
pub(crate) fn faults(profiles: &[ProfileStatus], now: Timestamp) -> String {
    let mut text = String::new();
    for (at, ProfileStatus { profile, notes, .. }) in profiles.iter().enumerate() {
        let same = |other: &&ProfileStatus| other.profile.fault.is_some() && other.profile.fault == profile.fault;
        if let Some(fault) = &profile.fault
            && !profiles[..at].iter().any(|other| same(&other))
        {
            let aliases: Vec<&str> =
                profiles[at..].iter().filter(same).map(|other| other.profile.alias.as_str()).collect();
            let since = duration::time(Some(&fault.since));
            let since = since.map_or_else(String::new, |since| format!(" ({})", duration::relative(now, since)));
            let origin = format!("{} {}", few(&aliases), fault.kind);
            item(&mut text, RED, &origin, &format!("{}{since}", fault.message), &fault.action);
        }
        for note in notes {
            item(&mut text, YELLOW, &profile.alias, note, "");
        }
    }
    text
}

/// The names, as far as they are few.
fn few(names: &[&str]) -> String {
    match names {
        [first, second, third, rest @ ..] if rest.len() > 1 => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        names => names.join(", "),
    }
}

/// One thing that is wrong or worth knowing, with what to do.
pub(crate) fn item(text: &mut String, style: Style, origin: &str, what: &str, action: &str) {
    // Writing to a string cannot fail.
    let _ = write!(text, "\n{style}{origin}{style:#}: {what}\n");
    if !action.is_empty() {
        let _ = writeln!(text, "  {BOLD}fix:{BOLD:#} {action}");
    }
}

/// Which agent it is.
pub(super) fn header(agent: &AgentDocument, now: Timestamp) -> String {
    let up = duration::time(Some(&agent.started_at))
        .map_or_else(String::new, |started| format!(", up {}", duration::words(duration::until(started, now))));
    let read = agent.settings_file.as_ref().zip(duration::time(agent.settings_read_at.as_deref()));
    let read =
        read.map_or_else(String::new, |(file, at)| format!(", settings of {file} ({})", duration::relative(now, at)));
    let endpoint = agent.endpoint.as_ref().map_or_else(String::new, |url| format!(", endpoint {url}"));
    format!(
        "{BOLD}rolecall agent {}{BOLD:#}, pid {}{up}, profiles as {}{endpoint}, state in {}{read}\n",
        agent.version, agent.pid, agent.publish, agent.state_dir
    )
}

fn roles(profiles: &[ProfileStatus], now: Timestamp, width: Option<usize>) -> String {
    let mut table = Table::new([
        ("ALIAS", Fit::Shorten),
        ("ACCOUNT/ROLE", Fit::Shorten),
        ("STATE", Fit::Keep),
        ("LEFT", Fit::Keep),
        ("REFRESH", Fit::Drop(2)),
        ("VERSION", Fit::Drop(1)),
    ]);
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
        table.add([
            Cell::new(format!("{}{mark}", profile.alias)),
            Cell::new(format!("{}/{}", profile.account, profile.role)),
            Cell::state(&profile.state),
            Cell::new(left),
            Cell::new(refresh),
            Cell::new(status.session_version),
        ]);
    }
    table.render(width)
}
