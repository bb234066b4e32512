//! Tables as `kubectl` prints them: aligned columns without lines, so that they can be read, cut and grepped.
//!
//! Promises a line per row. In a pipe nothing is ever left out; on a terminal that is too narrow the columns that matter
//! least go, then long texts lose their middle. What a terminal shows of a text is measured by `unicode-width`.

mod fit;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

pub(crate) use fit::Fit;
use fit::{fitted, shortened};

/// What stands between two columns.
const GAP: usize = 2;

/// A table under construction.
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// A column: its heading, and what becomes of it where there is no room.
pub(crate) struct Column {
    heading: &'static str,
    fit: Fit,
}

/// What stands in one place of the table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    content: Content,
    style: Style,
}

#[derive(Clone, Debug)]
enum Content {
    Text(String),
    /// A bar as wide as its column, this share of it full.
    Bar(f64),
}

impl Table {
    /// An empty table with these columns.
    pub(crate) fn new(columns: impl IntoIterator<Item = (&'static str, Fit)>) -> Self {
        let columns = columns.into_iter().map(|(heading, fit)| Column { heading, fit }).collect();
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(crate) fn add(&mut self, row: impl IntoIterator<Item = Cell>) {
        self.rows.push(row.into_iter().collect());
    }

    /// The text of the table, with colours, for a terminal of `width` characters or for a pipe; `output::print_styled`
    /// takes the colours out where they are not wanted.
    pub(crate) fn render(&self, width: Option<usize>) -> String {
        let widths = self.widths(width);
        let headings: Vec<Cell> = self.columns.iter().map(|column| Cell::new(column.heading)).collect();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            line(&mut text, row, &widths);
        }
        text
    }

    /// The width of each column; none for one that is left out.
    fn widths(&self, width: Option<usize>) -> Vec<Option<usize>> {
        let natural = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at)).map(Cell::width);
            cells.chain([self.columns[at].heading.width()]).max().unwrap_or_default()
        };
        let columns: Vec<(usize, Fit)> =
            (0..self.columns.len()).map(|at| (natural(at), self.columns[at].fit)).collect();
        fitted(&columns, width)
    }
}

impl Cell {
    /// A text.
    pub(crate) fn new(text: impl ToString) -> Self {
        Self { content: Content::Text(text.to_string()), style: Style::new() }
    }

    /// A bar, `share` of it full: 0 to 1.
    pub(crate) fn bar(share: f64) -> Self {
        Self { content: Content::Bar(share.clamp(0.0, 1.0)), style: Style::new() }
    }

    /// The state of a role in its colour.
    pub(crate) fn state(state: &str) -> Self {
        let colour = match state {
            "fresh" => AnsiColor::Green,
            "pending" | "stale" => AnsiColor::Yellow,
            _ => AnsiColor::Red,
        };
        Self::new(state).styled(colour.on_default())
    }

    /// The same in this style.
    pub(crate) fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// The style it has.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// How many characters it needs. A bar takes what there is.
    fn width(&self) -> usize {
        match &self.content {
            Content::Text(text) => text.width(),
            Content::Bar(_) => 0,
        }
    }

    /// What is shown of it in a column of `width` characters.
    fn shown(&self, width: usize) -> String {
        match &self.content {
            Content::Text(text) => shortened(text, width),
            Content::Bar(share) => {
                // Within 0 and the width: a share is.
                let full = ((share * width as f64).round() as usize).min(width);
                "█".repeat(full) + &"░".repeat(width - full)
            }
        }
    }
}

/// One line, without blanks at its end.
fn line(text: &mut String, row: &[Cell], widths: &[Option<usize>]) {
    let mut pad = 0;
    for (cell, width) in row.iter().zip(widths) {
        let Some(width) = *width else { continue };
        let shown = cell.shown(width);
        let blank = width.saturating_sub(shown.width()) + GAP;
        if shown.is_empty() {
            pad += blank;
            continue;
        }
        let style = cell.style;
        // Writing to a string cannot fail.
        let _ = write!(text, "{:pad$}{style}{shown}{style:#}", "");
        pad = blank;
    }
    text.push('\n');
}

#[cfg(test)]
mod tests;
