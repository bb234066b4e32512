//! The picture: a table that is drawn over itself on a terminal, and a line for each new session elsewhere.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice, adapter::strip_str};
use comfy_table::{Attribute, Cell, Color};
use crossterm::cursor::{Hide, MoveToColumn, MoveToPreviousLine, Show};
use crossterm::queue;
use crossterm::terminal::{Clear, ClearType, DisableLineWrap, EnableLineWrap};
use jiff::{SignedDuration, Timestamp};
use rolecall_formats::time::utc_seconds;

use super::row::Row;
use crate::environment::Environment;
use crate::output::{self, duration, table};

/// The widest and the narrowest bar, in characters.
const BAR: std::ops::RangeInclusive<usize> = 6..=20;
/// What the other columns take, so that the table fits a terminal of 80 characters.
const OTHER_COLUMNS: usize = 71;
/// How long a new key is marked.
const NEWS: SignedDuration = SignedDuration::from_secs(3);

/// Where the demo is shown.
pub(super) enum Screen {
    /// A terminal; how many lines were drawn last.
    Live(u16),
    /// A file or a pipe; the session of each role that was told last.
    Lines(BTreeMap<String, u64>),
}

impl Screen {
    /// A terminal that can move its cursor is drawn on, everything else gets lines.
    pub(super) fn new(environment: &Environment) -> Self {
        let dumb = environment.text("TERM").is_none_or(|term| term == "dumb");
        if io::stdout().is_terminal() && !dumb { Self::Live(0) } else { Self::Lines(BTreeMap::new()) }
    }

    /// Whether a person watches it.
    pub(super) fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// Prints what stays above the picture.
    pub(super) fn greet(&mut self, text: &str) -> io::Result<()> {
        let mut out = text.as_bytes().to_vec();
        if let Self::Live(_) = self {
            queue!(out, Hide)?;
        }
        write(&out)
    }

    /// Shows how the roles stand.
    pub(super) fn draw(&mut self, rows: &[Row], now: Timestamp) -> io::Result<()> {
        match self {
            Self::Live(drawn) => {
                let mut out = Vec::new();
                // A line that is too long for the terminal is cut, since a wrapped one would not be drawn over.
                queue!(out, DisableLineWrap)?;
                if *drawn > 0 {
                    queue!(out, MoveToPreviousLine(*drawn), Clear(ClearType::FromCursorDown))?;
                }
                let width = usize::from(output::terminal_width().unwrap_or(80));
                let text = picture(rows, now, width);
                *drawn = u16::try_from(text.lines().count()).unwrap_or(u16::MAX);
                match AutoStream::choice(&io::stdout()) {
                    ColorChoice::Never => write!(out, "{}", strip_str(&text))?,
                    _ => out.extend_from_slice(text.as_bytes()),
                }
                queue!(out, EnableLineWrap)?;
                write(&out)
            }
            Self::Lines(told) => {
                let mut out = String::new();
                for row in rows {
                    if row.version > told.insert(row.alias.clone(), row.version).unwrap_or(0) {
                        out.push_str(&news(row, now));
                    }
                }
                write(out.as_bytes())
            }
        }
    }

    /// Gives the terminal back.
    pub(super) fn close(self) -> io::Result<()> {
        match self {
            Self::Live(_) => {
                restore_cursor()?;
                write(b"Ended. Nothing is left behind.\n")
            }
            Self::Lines(_) => Ok(()),
        }
    }
}

/// Shows the cursor again, at the start of a line without the `^C` that the terminal put there.
pub(super) fn restore_cursor() -> io::Result<()> {
    let mut out = Vec::new();
    queue!(out, EnableLineWrap, MoveToColumn(0), Clear(ClearType::CurrentLine), Show)?;
    write(&out)
}

fn write(out: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(out)?;
    stdout.flush()
}

/// The table, for a terminal of `width` characters.
fn picture(rows: &[Row], now: Timestamp, width: usize) -> String {
    let width = width.saturating_sub(OTHER_COLUMNS).clamp(*BAR.start(), *BAR.end());
    let mut table = table::new(&["ALIAS", "ACCOUNT", "ROLE", "SESSION", "EXPIRES", "VERSION", "KEY ID"]);
    for row in rows {
        let (session, expires) = match row.life {
            Some((begin, end)) => (bar(begin, end, now, width), duration::relative(now, end)),
            None => (table::state(&row.state), "-".into()),
        };
        let key = Cell::new(row.key.as_ref().map_or_else(|| "-".into(), |key| format!("…{key}")));
        let new = row.life.is_some_and(|(begin, _)| now.duration_since(begin) < NEWS);
        table.add_row([
            Cell::new(&row.alias),
            Cell::new(&row.account),
            Cell::new(&row.role),
            session,
            Cell::new(expires),
            Cell::new(row.version),
            if new { key.fg(Color::DarkGreen).add_attribute(Attribute::Bold) } else { key },
        ]);
    }
    format!("{}\nCtrl-C ends it.\n", table::render(table, None))
}

/// How much of a session is left.
fn bar(begin: Timestamp, end: Timestamp, now: Timestamp, width: usize) -> Cell {
    let (left, whole) = (duration::until(now, end), duration::until(begin, end));
    let share = left.as_secs_f64() / whole.as_secs_f64().max(1.0);
    // Within 0 and the width: a share is.
    let full = (share.min(1.0) * width as f64).round() as usize;
    let colour = if share >= 0.5 { Color::DarkGreen } else { Color::DarkYellow };
    Cell::new("█".repeat(full) + &"░".repeat(width.saturating_sub(full))).fg(colour)
}

/// A new session, as a line.
fn news(row: &Row, now: Timestamp) -> String {
    let Row { alias, account, role, state, version, life, key } = row;
    let expires = life.map_or_else(String::new, |(_, end)| format!(", expires {}", duration::relative(now, end)));
    let key = key.as_ref().map_or_else(String::new, |key| format!(", key id …{key}"));
    format!("{} {alias} {state}: {account}/{role} version {version}{key}{expires}\n", utc_seconds(now))
}

#[cfg(test)]
mod tests;
