//! What the demo draws, and what it prints where nothing can be drawn.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn row(version: u64) -> Row {
    let held = version > 0;
    Row {
        alias: "MyFirstAccount".into(),
        account: "123456789012".into(),
        role: "MyFirstRole".into(),
        state: if held { "fresh" } else { "pending" }.into(),
        version,
        life: held.then(|| (at(0), at(20))),
        key: held.then(|| "AAAB".into()),
    }
}

#[test]
fn the_bar_shows_what_is_left_of_the_session() {
    let text = strip_str(&picture(&[row(3), row(0)], at(5), 200)).to_string();
    let expected = "\
ALIAS           ACCOUNT       ROLE         SESSION               EXPIRES  VERSION  KEY ID
MyFirstAccount  123456789012  MyFirstRole  ███████████████░░░░░  in 15 s  3        …AAAB
MyFirstAccount  123456789012  MyFirstRole  pending               -        0        -

Ctrl-C ends it.
";
    assert_eq!(text, expected);
}

#[test]
fn the_picture_of_the_demo_fits_a_terminal_of_80_characters() {
    let rows: Vec<Row> = crate::commands::demo::ROLES
        .map(|(_, value)| Row {
            alias: value.rsplit(':').next().unwrap().into(),
            role: value.rsplit('/').next().unwrap().split(':').next().unwrap().into(),
            ..row(1)
        })
        .into();
    let text = strip_str(&picture(&rows, at(1), 80)).to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("█████████"), "{text}");
}

#[test]
fn a_new_key_is_marked_for_a_moment() {
    let marked = |second| picture(&[row(1)], at(second), 80).contains("\u{1b}[1m");
    assert!(marked(1));
    assert!(!marked(4));
}

#[test]
fn a_session_is_a_line_where_nothing_can_be_drawn() {
    let expected = "2023-11-14T22:13:22Z MyFirstAccount fresh: 123456789012/MyFirstRole version 3, key id …AAAB, \
                    expires in 18 s\n";
    assert_eq!(news(&row(3), at(2)), expected);
}
