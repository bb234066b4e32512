//! The page of `status`, its exit code, and what is left of it when roles are named.

use anstream::adapter::strip_str;
use rolecall_agent::serve::wire::{FaultDocument, ProblemDocument, ProfileDocument};

use super::*;
use crate::fixture::{self, NOW, document, fault};

/// A role whose third session, if it has one, is a fifth over.
fn role(alias: &str, state: &str, fault: Option<FaultDocument>) -> ProfileStatus {
    let mut role = fixture::role(alias, state);
    let time = |text: &str| role.issued_at.is_some().then(|| text.to_owned());
    let (issued, expires, next) =
        (time("2026-08-21T09:48:30Z"), time("2026-08-21T10:48:30Z"), time("2026-08-21T10:38:30Z"));
    role.session_version *= 3;
    role.issued_at = issued;
    role.profile =
        ProfileDocument { default: alias == "a", expires_at: expires, next_refresh_at: next, fault, ..role.profile };
    role
}

fn shown(document: &StatusDocument) -> String {
    strip_str(&page::text(document, NOW.parse().unwrap(), None)).to_string()
}

#[test]
fn when_all_is_well_there_is_a_row_for_each_role_and_no_more() {
    let document = document(vec![role("a", "fresh", None), role("b", "pending", None)]);
    let expected = "\
rolecall agent 0.1.0, pid 4711, up 3 h 5 min, profiles as process, state in /home/me/.local/state/rolecall

ALIAS        ACCOUNT/ROLE    STATE    LEFT           REFRESH    VERSION
a (default)  123456789012/R  fresh    48 min of 1 h  in 38 min  3
b            123456789012/R  pending  -              under way  0
";
    assert_eq!(shown(&document), expected);
    assert_eq!(ExitCode::from(tally(&document)), ExitCode::SomeFailed, "one has no session yet");
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let mut document = document(vec![role("a", "failed", Some(fault("denied"))), role("b", "fresh", None)]);
    document.agent.clock_skew_seconds = Some(-7500);
    document.profiles[1].notes.push("a note".into());
    document.problems.push(ProblemDocument {
        origin: "AWS_ROLE_3".into(),
        column: Some(14),
        kind: "misconfigured".into(),
        message: "the account id is wrong".into(),
        action: "correct it".into(),
    });
    let text = shown(&document);
    let expected = "
clock: the clock of this machine is 2 h 5 min behind that of AWS
  fix: set the clock, for example with NTP; AWS refuses requests with a wrong time

a denied: could not assume R (3 min ago)
  fix: allow it

b: a note

AWS_ROLE_3, character 14: the account id is wrong
  fix: correct it
";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn what_many_roles_wait_for_is_told_once() {
    let waiting = |n: usize| role(&format!("leaf{n}"), "failed", Some(fault("denied")));
    let two = shown(&document((0..2).map(waiting).collect()));
    assert!(two.ends_with("\nleaf0, leaf1 denied: could not assume R (3 min ago)\n  fix: allow it\n"), "{two}");
    let many = shown(&document((0..100).map(waiting).collect()));
    assert!(many.contains("\nleaf0, leaf1, leaf2 and 97 more denied: ") && many.matches("allow it").count() == 1);
}

#[test]
fn where_the_settings_are_from_and_when_they_were_read() {
    let mut document = document(vec![]);
    document.agent.settings_file = Some("/etc/rolecall.toml".into());
    document.agent.settings_read_at = Some("2026-08-21T09:57:00Z".into());
    let text = shown(&document);
    assert!(
        text.ends_with("state in /home/me/.local/state/rolecall, settings of /etc/rolecall.toml (3 min ago)\n"),
        "{text}"
    );
}

#[test]
fn the_exit_code_says_what_can_be_used() {
    let taken = || Some(fault("profile_taken"));
    for (states, code) in [
        (vec![("fresh", None), ("stale", None)], ExitCode::Ok),
        (vec![("fresh", None), ("pending", None)], ExitCode::SomeFailed),
        (vec![("pending", None)], ExitCode::SomeFailed),
        (vec![("fresh", None), ("failed", taken())], ExitCode::SomeFailed),
        (vec![("fresh", taken())], ExitCode::SomeFailed),
        (vec![("stale", taken())], ExitCode::SomeFailed),
        (vec![("expired", taken()), ("failed", taken())], ExitCode::AllFailed),
        (vec![], ExitCode::Ok),
    ] {
        let document = document(states.iter().map(|(state, fault)| role("r", state, fault.clone())).collect());
        assert_eq!(ExitCode::from(tally(&document)), code, "{states:?}");
    }
}

#[test]
fn the_roles_that_are_named_stay_and_so_does_what_a_later_version_says_of_them() {
    let body = r#"{"later":1,"problems":[{}],"profiles":[{"alias":"a","later":2},{"alias":"b"}],"version":1}"#;
    let mut document = document(vec![role("a", "fresh", None), role("b", "fresh", None)]);
    validity::select(&mut document, &["a".parse().unwrap()]).unwrap();
    let text = String::from_utf8(selected(body.as_bytes(), &document)).unwrap();
    assert_eq!(text, r#"{"later":1,"problems":[],"profiles":[{"alias":"a","later":2}],"version":1}"#);
}

#[test]
fn what_is_watched_is_on_the_screen_for_as_long_as_it_is_wrong() {
    let document = document(vec![role("a", "failed", Some(fault("denied")))]);
    let now = NOW.parse().unwrap();
    let picture = watch::picture(&document, None, now);
    assert!(picture.head.contains("pid 4711") && picture.tail.contains("allow it"), "{picture:?}");
    let gone = Failure::new(ExitCode::NothingToAsk, "no agent runs", "start one");
    let picture = watch::picture(&document, Some(&gone), now);
    assert!(picture.head.contains("no agent runs") && picture.rows.len() == 1, "{picture:?}");
}
