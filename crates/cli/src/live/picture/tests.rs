//! What is drawn, and what is printed where nothing can be drawn.

use anstream::adapter::strip_str;

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

fn shown(picture: &Picture, second: i64, size: (usize, usize)) -> String {
    strip_str(&picture.text(at(second), size)).to_string()
}

#[test]
fn the_bar_shows_what_is_left_of_the_session() {
    let picture = Picture { rows: vec![row(3), row(0)], ..Picture::default() };
    let expected = "\
ALIAS           ACCOUNT       ROLE         SESSION               EXPIRES  VERSION  KEY ID
MyFirstAccount  123456789012  MyFirstRole  ███████████████░░░░░  in 15 s  3        …AAAB
MyFirstAccount  123456789012  MyFirstRole  pending               -        0        -

Ctrl-C ends it.
";
    assert_eq!(shown(&picture, 5, (200, 24)), expected);
    let expected = "\
ALIAS           ROLE         SESSION       EXPIRES  KEY ID
MyFirstAccount  MyFirstRole  █████████░░░  in 15 s  …AAAB
MyFirstAccount  MyFirstRole  pending       -        -

Ctrl-C ends it.
";
    assert_eq!(shown(&picture, 5, (58, 24)), expected);
}

#[test]
fn a_frame_fits_every_terminal() {
    let tail = "\na denied: no\n  fix: do this\n".to_owned();
    let few = Picture { head: "agent\n\n".into(), rows: vec![row(1), row(2)], tail: tail.clone() };
    let many = Picture { rows: vec![row(1); 100], ..few.clone() };
    for picture in [&few, &many] {
        for width in 48..130 {
            for height in 8..30 {
                let text = shown(picture, 5, (width, height));
                assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
                // The last line is a line end, after which the cursor needs a place, too.
                assert!(text.lines().count() < height, "{height}:\n{text}");
                assert!(text.ends_with("\nCtrl-C ends it.\n"), "{text}");
            }
        }
    }
    let text = shown(&many, 5, (80, 24));
    let rows = text.lines().filter(|line| line.starts_with("MyFirst")).count();
    assert!(text.contains(&format!("… and {} more", 100 - rows)) && text.contains("fix: do this"), "{text}");
    assert!(!shown(&few, 5, (80, 24)).contains("more:"));
}

#[test]
fn a_new_key_is_marked_for_a_moment() {
    let picture = Picture { rows: vec![row(1)], ..Picture::default() };
    let marked = |second| picture.text(at(second), (80, 24)).lines().nth(1).unwrap().contains("\u{1b}[1m");
    assert!(marked(1));
    assert!(!marked(4));
}

#[test]
fn a_session_is_a_line_where_nothing_can_be_drawn() {
    let expected = "2023-11-14T22:13:22Z MyFirstAccount fresh: 123456789012/MyFirstRole version 3, key id …AAAB, \
                    expires in 18 s\n";
    assert_eq!(news(&row(3), at(2)), expected);
}
