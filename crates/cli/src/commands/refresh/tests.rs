//! What a refresh came to, as a row and as an exit code.

use anstream::adapter::strip_str;
use rolecall_agent::serve::wire::VERSION;

use super::*;
use crate::fixture::{self, NOW, fault};

fn role(alias: &str, state: &str, version: u64, under_way: bool, at_fault: bool) -> ProfileStatus {
    let mut role = fixture::role(alias, state);
    role.profile.fault = at_fault.then(|| fault("denied"));
    ProfileStatus { session_version: version, attempt_under_way: under_way, ..role }
}

fn document(complete: bool, profiles: Vec<ProfileStatus>) -> RefreshDocument {
    RefreshDocument { version: VERSION, complete, profiles }
}

/// Every role had its first session before.
fn before(document: &RefreshDocument) -> BTreeMap<String, u64> {
    document.profiles.iter().map(|status| (status.profile.alias.clone(), 1)).collect()
}

#[test]
fn the_code_says_what_it_came_to() {
    let refreshed = || role("a", "fresh", 2, false, false);
    for (roles, expected) in [
        (vec![refreshed(), refreshed()], ExitCode::Ok),
        (vec![refreshed(), role("b", "failed", 1, false, true)], ExitCode::SomeFailed),
        (vec![role("b", "fresh", 1, false, true)], ExitCode::SomeFailed),
        (vec![role("b", "fresh", 2, false, true)], ExitCode::SomeFailed),
        (vec![role("b", "failed", 0, false, true)], ExitCode::AllFailed),
        (vec![refreshed(), role("b", "fresh", 1, true, false)], ExitCode::TimeLimit),
    ] {
        let document = document(true, roles);
        assert_eq!(code(&document, &before(&document)), expected, "{document:?}");
    }
}

#[test]
fn what_may_not_have_been_asked_for_yet_has_not_failed() {
    for waiting in [role("b", "fresh", 1, false, false), role("b", "failed", 0, false, true)] {
        let document = document(false, vec![role("a", "fresh", 2, false, false), waiting]);
        let outcomes = document.profiles.iter().map(|status| Outcome::of(status, &before(&document), false));
        assert_eq!(outcomes.collect::<Vec<_>>(), [Outcome::Refreshed, Outcome::UnderWay]);
        assert_eq!(code(&document, &before(&document)), ExitCode::TimeLimit);
    }
}

#[test]
fn there_is_a_row_for_each_role_and_what_is_wrong_below() {
    let document = document(
        true,
        vec![
            role("a", "fresh", 2, false, false),
            role("b", "fresh", 1, false, true),
            role("c", "pending", 0, true, false),
        ],
    );
    let text = strip_str(&text(&document, &before(&document), NOW.parse().unwrap(), None)).to_string();
    let expected = "\
ALIAS  ACCOUNT/ROLE    OUTCOME                          EXPIRES
a      123456789012/R  refreshed                        in 1 h
b      123456789012/R  failed, the old session is kept  in 1 h
c      123456789012/R  under way                        -

b denied: could not assume R (3 min ago)
  fix: allow it
";
    assert_eq!(text, expected);
}
