//! What is shown of which role, and until when.

use rolecall_core::SessionCredentials;
use rolecall_formats::store;

use super::*;
use crate::testing::{delivery, role, session};

fn aliases(holdings: &Holdings, now: Timestamp) -> Vec<&str> {
    holdings.held(now).iter().map(|held| held.role.alias.as_str()).collect()
}

#[test]
fn sessions_are_shown_in_the_order_of_the_roles_until_they_are_taken_back() {
    let roles = ["b", "a"].map(|alias| Arc::new(role(alias))).to_vec();
    let mut holdings = Holdings::new(roles, &BTreeMap::new());
    let now = session(0).issued_at;
    assert!(aliases(&holdings, now).is_empty());
    holdings.apply(&[delivery("a", Some(session(1))), delivery("b", Some(session(2)))]);
    assert_eq!(aliases(&holdings, now), ["b", "a"]);
    holdings.apply(&[delivery("b", None)]);
    assert_eq!(aliases(&holdings, now), ["a"]);
    assert_eq!(holdings.roles().len(), 2);
}

#[test]
fn an_adopted_session_ends_by_itself_and_the_rotators_by_its_word() {
    let adopted = session(1);
    let (now, later) = (adopted.issued_at, adopted.expires_at);
    let sessions = BTreeMap::from([("a".parse().unwrap(), Arc::new(adopted))]);
    let mut holdings = Holdings::new(vec![Arc::new(role("a"))], &sessions);
    assert_eq!(aliases(&holdings, now), ["a"]);
    assert!(aliases(&holdings, later).is_empty());
    // The wall clock may be wrong; the rotator knows better.
    holdings.apply(&[delivery("a", Some(session(2)))]);
    assert_eq!(aliases(&holdings, later), ["a"]);
}

#[test]
fn a_session_that_no_file_can_hold_does_not_keep_the_others_away() {
    let mut bad = session(1);
    bad.credentials = SessionCredentials::new("ASIA".into(), "two\nlines".into(), "t".into());
    let roles = ["bad", "good"].map(|alias| Arc::new(role(alias))).to_vec();
    let mut holdings = Holdings::new(roles, &BTreeMap::new());
    holdings.apply(&[delivery("bad", Some(bad)), delivery("good", Some(session(2)))]);
    let (text, refused) = render(holdings.held(Timestamp::UNIX_EPOCH), |held| store::credentials(held, None));
    assert!(text.contains("[good]") && !text.contains("[bad]"));
    assert_eq!(refused.keys().map(Alias::as_str).collect::<Vec<_>>(), ["bad"]);
    assert!(!refused.values().any(|fault| fault.to_string().contains("lines")));
}
