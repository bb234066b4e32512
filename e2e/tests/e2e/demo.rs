//! `rolecall demo`: shows rotation without AWS, and leaves nothing behind.

use std::fs;
use std::time::Duration;

use e2e::{Home, Running, elapsed, finish};
use rustix::process::Signal;

/// A home, and a place for temporary files that a demo can be seen to leave clean.
fn places() -> (Home, Home) {
    (Home::new(), Home::new())
}

#[test]
fn it_prints_plain_lines_when_not_on_a_terminal_and_ends_by_itself() {
    let (home, temporary) = places();
    let demo = finish(home.rolecall(&["demo", "--for", "5s"]).env("TMPDIR", temporary.path())).code(0);
    assert!(!demo.stdout.contains('\u{1b}'), "{:?}", demo.stdout);
    assert!(demo.stdout.contains("sts get-caller-identity"), "{}", demo.stdout);
    assert_eq!(temporary.everything(), Vec::<String>::new(), "left in the temporary directory");
    assert_eq!(home.everything(), Vec::<String>::new(), "left in the home");
}

#[test]
fn it_shows_the_profiles_being_rotated() {
    let (home, temporary) = places();
    let mut demo = Running::start(home.rolecall(&["demo"]).env("TMPDIR", temporary.path()));
    for alias in ["MyFirstAccount", "MyFirstAdmin", "MySecondAccount"] {
        demo.wait_for(&format!("a second version of {alias}"), |output| {
            let rotated = |line: &str| {
                let words: Vec<&str> = line.split([' ', ':', ',']).collect();
                words.contains(&alias) && words.windows(2).any(|pair| pair == ["version", "2"])
            };
            output.lines().any(rotated).then_some(())
        });
    }
}

#[test]
fn a_signal_ends_it_at_once_and_it_still_tidies_up() {
    for signal in [Signal::INT, Signal::TERM] {
        let (home, temporary) = places();
        let mut demo = Running::start(home.rolecall(&["demo"]).env("TMPDIR", temporary.path()));
        demo.wait_for("the aws line", |output| output.contains("sts get-caller-identity").then_some(()));
        assert_ne!(fs::read_dir(temporary.path()).unwrap().count(), 0, "it works in a temporary home");
        demo.signal(signal);
        let (time, _) = elapsed(|| demo.wait(Duration::from_secs(10)));
        assert!(time < Duration::from_secs(1), "{time:?}");
        assert_eq!(temporary.everything(), Vec::<String>::new());
        assert_eq!(home.everything(), Vec::<String>::new());
    }
}
