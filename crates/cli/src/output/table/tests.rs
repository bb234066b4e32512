//! Tables in pipes and on terminals of every width.

use anstream::adapter::strip_str;

use super::*;

/// As `status` has them.
const COLUMNS: [(&str, Fit); 6] = [
    ("ALIAS", Fit::Shorten),
    ("ACCOUNT/ROLE", Fit::Shorten),
    ("STATE", Fit::Keep),
    ("LEFT", Fit::Keep),
    ("REFRESH", Fit::Drop(2)),
    ("VERSION", Fit::Drop(1)),
];

fn table(alias: &str, role: &str) -> Table {
    let mut table = Table::new(COLUMNS);
    table.add([alias, role, "fresh", "48 min of 1 h", "in 38 min", "3"].map(Cell::new));
    table
}

fn shown(table: &Table, width: Option<usize>) -> String {
    strip_str(&table.render(width)).to_string()
}

#[test]
fn columns_are_aligned_and_nothing_trails() {
    let mut table = Table::new([("A", Fit::Shorten), ("LONG", Fit::Keep), ("C", Fit::Keep)]);
    table.add([Cell::new("wide 日本"), Cell::state("fresh"), Cell::new("")]);
    table.add(["n", "long text stays on its line, however long it is and wherever it is printed", "y"].map(Cell::new));
    let expected = "\
A          LONG                                                                        C
wide 日本  fresh
n          long text stays on its line, however long it is and wherever it is printed  y
";
    assert_eq!(shown(&table, None), expected);
}

#[test]
fn a_narrow_terminal_gets_the_columns_that_matter() {
    let table = table("MyFirstAccount", "123456789012/MyFirstRole");
    for (width, expected) in [
        (100, "MyFirstAccount  123456789012/MyFirstRole  fresh  48 min of 1 h  in 38 min  3"),
        (80, "MyFirstAccount  123456789012/MyFirstRole  fresh  48 min of 1 h  in 38 min"),
        (72, "MyFirstAccount  123456789012/MyFirstRole  fresh  48 min of 1 h"),
        (60, "MyFirstAccount  12345678901…yFirstRole  fresh  48 min of 1 h"),
    ] {
        let text = shown(&table, Some(width));
        assert_eq!(text.lines().nth(1), Some(expected), "{width}:\n{text}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal_and_a_row_is_a_line() {
    let table = table(&"a".repeat(64), &format!("123456789012/{}", "日".repeat(64)));
    for width in 49..300 {
        let text = shown(&table, Some(width));
        assert_eq!(text.lines().count(), 2);
        assert!(text.lines().all(|line| line.width() <= width), "{width}:\n{text}");
    }
    // All of it, where it is not looked at.
    assert!(shown(&table, None).contains(&"a".repeat(64)));
}

#[test]
fn a_bar_takes_what_the_others_leave() {
    let mut table = Table::new([("A", Fit::Keep), ("BAR", Fit::Fill(4, 10))]);
    table.add([Cell::new("aaaa"), Cell::bar(0.5)]);
    for (width, bar) in [(None, "█████░░░░░"), (Some(99), "█████░░░░░"), (Some(12), "███░░░"), (Some(3), "██░░")]
    {
        assert_eq!(shown(&table, width).lines().nth(1), Some(format!("aaaa  {bar}").as_str()), "{width:?}");
    }
}

#[test]
fn a_text_keeps_its_begin_and_its_end() {
    for (text, width, expected) in [
        ("abcdefgh", 8, "abcdefgh"),
        ("abcdefgh", 7, "abc…fgh"),
        ("abcdefgh", 6, "abc…gh"),
        ("日本語日本語", 6, "日…語"),
    ] {
        assert_eq!(shortened(text, width), expected);
        assert!(shortened(text, width).width() <= width);
    }
}
