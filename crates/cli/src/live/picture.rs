//! The text of one frame. Pure: the time and the size of the terminal come in.

use anstyle::AnsiColor;
use jiff::{SignedDuration, Timestamp};
use rolecall_formats::time::utc_seconds;

use super::Row;
use crate::output::duration;
use crate::output::table::{Cell, Fit, Table};
use crate::output::wrap::wrapped;

/// How long a new key is marked.
const NEWS: SignedDuration = SignedDuration::from_secs(3);
/// The last line.
const FOOTER: &str = "Ctrl-C ends it.";
/// One in so many lines stays with the roles, however much there is to say about them.
const ROLES_SHARE: usize = 2;

/// What one frame shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    /// Lines above the roles.
    pub(crate) head: String,
    /// The roles.
    pub(crate) rows: Vec<Row>,
    /// Lines below the roles: what is wrong.
    pub(crate) tail: String,
}

impl Picture {
    /// The frame in at most `height` lines of `width` characters. What finds no room is counted.
    pub(super) fn text(&self, now: Timestamp, (width, height): (usize, usize)) -> String {
        let (head, tail) = (wrapped(&self.head, Some(width)), wrapped(&self.tail, Some(width)));
        let (head, tail): (Vec<&str>, Vec<&str>) = (head.lines().collect(), tail.lines().collect());
        // Without the headings of the table, the footer, and the line behind it, where the cursor stands.
        let room = height.saturating_sub(head.len() + 4);
        let rows = self.rows.len().min(room.saturating_sub(tail.len()).max(room / ROLES_SHARE));
        let hidden = self.rows.len() - rows;
        let rows = if hidden > 0 { rows.saturating_sub(1) } else { rows };
        let hidden = self.rows.len() - rows;
        let table = table(&self.rows[..rows], now).render(Some(width));
        let mut lines = head;
        lines.extend(table.lines());
        let more = format!("… and {hidden} more: `rolecall status` shows all");
        if hidden > 0 {
            lines.push(&more);
        }
        lines.extend(&tail);
        lines.truncate(height.saturating_sub(3));
        format!("{}\n\n{FOOTER}\n", lines.join("\n"))
    }
}

fn table(rows: &[Row], now: Timestamp) -> Table {
    let mut table = Table::new([
        ("ALIAS", Fit::Shorten),
        ("ACCOUNT", Fit::Drop(2)),
        ("ROLE", Fit::Shorten),
        ("SESSION", Fit::Fill(7, 20)),
        ("EXPIRES", Fit::Keep),
        ("VERSION", Fit::Drop(1)),
        ("KEY ID", Fit::Drop(3)),
    ]);
    for row in rows {
        let (session, expires) = match row.life {
            Some((begin, end)) => (bar(begin, end, now), duration::relative(now, end)),
            None => (Cell::state(&row.state), "-".into()),
        };
        let key = Cell::new(row.key.as_ref().map_or_else(|| "-".into(), |key| format!("…{key}")));
        let new = row.life.is_some_and(|(begin, _)| now.duration_since(begin) < NEWS);
        table.add([
            Cell::new(&row.alias),
            Cell::new(&row.account),
            Cell::new(&row.role),
            session,
            Cell::new(expires),
            Cell::new(row.version),
            if new { key.styled(AnsiColor::Green.on_default().bold()) } else { key },
        ]);
    }
    table
}

/// How much of a session is left.
fn bar(begin: Timestamp, end: Timestamp, now: Timestamp) -> Cell {
    let (left, whole) = (duration::until(now, end), duration::until(begin, end));
    let share = left.as_secs_f64() / whole.as_secs_f64().max(1.0);
    let colour = if share >= 0.5 { AnsiColor::Green } else { AnsiColor::Yellow };
    Cell::bar(share).styled(colour.on_default())
}

/// A new session, as a line.
pub(super) fn news(row: &Row, now: Timestamp) -> String {
    let Row { alias, account, role, state, version, life, key } = row;
    let expires = life.map_or_else(String::new, |(_, end)| format!(", expires {}", duration::relative(now, end)));
    let key = key.as_ref().map_or_else(String::new, |key| format!(", key id …{key}"));
    format!("{} {alias} {state}: {account}/{role} version {version}{key}{expires}\n", utc_seconds(now))
}

#[cfg(test)]
mod tests;
