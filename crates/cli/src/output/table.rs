//! Tables as `kubectl` prints them: aligned columns without lines, so that they can be read, cut and grepped.
//!
//! The layout is `comfy-table`'s, which measures what a terminal shows (wide characters, no colour codes). On a terminal
//! that is too narrow a cell goes on in the next line of its row; nothing is ever cut, and in a pipe a row is a line.

use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};

/// An empty table with these headings.
pub(crate) fn new(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).enforce_styling();
    table.style_text_only();
    table.set_header(headings.iter().map(Cell::new));
    table
}

/// The text of the table, with colours, for a terminal of `width` characters or for a pipe; `output::print_styled` takes
/// the colours out where they are not wanted.
pub(crate) fn render(mut table: Table, width: Option<u16>) -> String {
    if let Some(width) = width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    // A heading is one word.
    let headings: Vec<u16> = table.header().into_iter().flat_map(|row| row.cell_iter()).map(heading_width).collect();
    for (column, heading) in table.column_iter_mut().zip(headings) {
        column.set_padding((0, 2)).set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(heading + 2)));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn heading_width(heading: &Cell) -> u16 {
    heading.content().len().try_into().unwrap_or(u16::MAX)
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
        let text = render(table, None);
        let expected = "\
A          LONG                                                                        C
wide 日本  x
n          long text stays on its line, however long it is and wherever it is printed  y
";
        assert_eq!(text, expected);
    }

    #[test]
    fn on_a_narrow_terminal_a_cell_is_wrapped_and_never_cut() {
        let (alias, role) = ("a".repeat(64), format!("123456789012/{}", "r".repeat(64)));
        for width in [60, 80, 120, 300] {
            let mut table = new(&["ALIAS", "ACCOUNT/ROLE", "STATE", "LEFT", "REFRESH", "VERSION"]);
            table.add_row([alias.as_str(), &role, "fresh", "48 min of 1 h", "in 38 min", "3"]);
            let text = render(table, Some(width));
            assert!(text.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}:\n{text}");
            let count = |c| text.matches(c).count();
            assert!(text.starts_with("ALIAS ") && text.lines().next().unwrap().ends_with(" VERSION"), "{text}");
            // Those of the other cells, too.
            assert!(count('a') >= 64 && count('r') >= 64 && !text.contains('…'), "{width}:\n{text}");
        }
    }
}
