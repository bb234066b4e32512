//! Tables as `kubectl` prints them: aligned columns without lines, so that they can be read, cut and grepped.
//!
//! The layout is `comfy-table`'s, which measures what a terminal shows (wide characters, no colour codes). Rows are never
//! wrapped: a terminal does that, a pipe must not.

use comfy_table::{Cell, Color, ContentArrangement, Table, presets};

/// An empty table with these headings.
pub(crate) fn new(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).enforce_styling();
    table.style_text_only();
    table.set_header(headings.iter().map(Cell::new));
    table
}

/// The text of the table, with colours; `output::print_styled` takes them out where they are not wanted.
pub(crate) fn render(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The state of a role in its colour.
pub(crate) fn state(state: &str) -> Cell {
    let colour = match state {
        "fresh" => Color::DarkGreen,
        "pending" | "stale" => Color::DarkYellow,
        _ => Color::DarkRed,
    };
    Cell::new(state).fg(colour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_trails() {
        let mut table = new(&["A", "LONG", "C"]);
        table.add_row(["wide 日本", "x", ""]);
        table.add_row(["n", "long text stays on its line, however long it is and wherever it is printed", "y"]);
        let text = render(table);
        let expected = "\
A          LONG                                                                        C
wide 日本  x
n          long text stays on its line, however long it is and wherever it is printed  y
";
        assert_eq!(text, expected);
    }
}
