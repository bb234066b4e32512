//! Which lines are ours.

use super::*;

#[test]
fn what_a_line_asks_for_is_read_as_programs_read_it() {
    let asked = |line: &str| asked(line).map(|asked| (asked.state_dir, asked.words.concat()));
    let dir = |path: &str| Some(PathBuf::from(path));
    for (line, found) in [
        ("rolecall credentials a", Some((None, "a"))),
        ("\"/x y/rolecall\" credentials --state-dir '/s t' a", Some((dir("/s t"), "a"))),
        ("rolecall credentials a --state-dir=/s", Some((dir("/s"), "a"))),
        ("rolecall status", None),
        ("rolecall-x credentials a", None),
        ("sudo rolecall credentials a", None),
        ("rolecall 'credentials", None),
        ("", None),
    ] {
        assert_eq!(asked(line), found.map(|(state_dir, words)| (state_dir, words.to_owned())), "{line}");
    }
}
