//! Words are split as others split them, and what is quoted reads back as it was.
//!
//! The input is a text to split, or two paths divided by `|`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_formats::command::Command;
use rolecall_formats::shell::{quote, split};

fuzz_target!(|text: &str| {
    let words = split(text);
    // Comments, and what a backslash does between double quotes, differ between Python and shells.
    if !text.contains(['#', '\\']) {
        // A carriage return divides words for Python alone.
        assert_eq!(words, shlex::split(&text.replace('\r', " ")).filter(|_| !text.contains('\r')).or(words.clone()));
    }
    assert_eq!(split(&quote(text)).as_deref(), Some(&[text.to_owned()][..]));
    assert_eq!(shlex::split(&quote(text)).as_deref(), Some(&[text.to_owned()][..]));

    let (program, state_dir) = text.split_once('|').unwrap_or((text, "/state"));
    let Ok(command) = Command::new(program, state_dir) else { return };
    let line = command.line(&"My.Account".parse().expect("an alias"));
    let expected = [program, "credentials", "--state-dir", state_dir, "My.Account"].map(String::from);
    assert_eq!(split(&line).as_deref(), Some(&expected[..]), "{line}");
    assert_eq!(shlex::split(&line).as_deref(), Some(&expected[..]), "{line}");
    assert!(!line.contains(|c: char| c.is_control()), "{line}");
    assert!(![" #", " ;", "\u{a0}#"].iter().any(|comment| line.contains(comment)), "{line}");
});
