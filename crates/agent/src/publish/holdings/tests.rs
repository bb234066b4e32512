//! What is shown of which role, and until when.

use rolecall_core::SessionCredentials;
use rolecall_formats::store;

use super::*;
use crate::testing::{delivery, role, session};

fn aliases(holdings: &Holdings) -> Vec<&str> {
    holdings.held().iter().map(|held| held.role.alias.as_str()).collect()
}

#[test]
fn sessions_are_shown_in_the_order_of_the_roles_until_they_are_taken_back() {
    let roles = ["b", "a"].map(|alias| Arc::new(role(alias))).to_vec();
    let mut holdings = Holdings::new(roles, BTreeMap::new());
    assert!(aliases(&holdings).is_empty());
    holdings.apply(&[delivery("a", Some(session(1))), delivery("b", Some(session(2)))]);
    assert_eq!(aliases(&holdings), ["b", "a"]);
    holdings.apply(&[delivery("b", None)]);
    assert_eq!(aliases(&holdings), ["a"]);
    assert_eq!(holdings.roles().len(), 2);
}

#[test]
fn the_settings_say_which_roles_there_are() {
    let roles = |aliases: &[&str]| aliases.iter().map(|alias| Arc::new(role(alias))).collect::<Vec<_>>();
    let mut holdings = Holdings::new(roles(&["a", "b", "c"]), BTreeMap::new());
    holdings.apply(&["a", "b", "c"].map(|alias| delivery(alias, Some(session(1)))));
    // One goes, one comes, one is another role from now on.
    let mut others = roles(&["d", "c", "a"]);
    others[1] = Arc::new(Role { region: None, ..role("c") });
    holdings.set_roles(others);
    assert_eq!(aliases(&holdings), ["a"]);
    // What was said of the roles before does not count any more.
    holdings.apply(&["b", "c", "d"].map(|alias| delivery(alias, Some(session(2)))));
    assert_eq!(aliases(&holdings), ["d", "a"]);
    assert_eq!(holdings.roles().len(), 3);
    // Nor does it end what came for the new one.
    let new = Delivery { role: Arc::new(Role { region: None, ..role("c") }), session: Some(Arc::new(session(3))) };
    holdings.apply(&[new, delivery("c", None)]);
    assert_eq!(aliases(&holdings), ["d", "c", "a"]);
}

#[test]
fn what_an_earlier_agent_left_is_shown_until_the_rotator_says_otherwise() {
    let left = BTreeMap::from(["a", "b"].map(|alias| (alias.parse().unwrap(), Arc::new(session(1)))));
    let roles = ["a", "b"].map(|alias| Arc::new(role(alias))).to_vec();
    let mut holdings = Holdings::new(roles, left);
    assert_eq!(aliases(&holdings), ["a", "b"]);
    holdings.apply(&[delivery("a", None), delivery("b", Some(session(2)))]);
    assert_eq!(aliases(&holdings), ["b"]);
    assert_eq!(holdings.held()[0].session.credentials, session(2).credentials);
}

#[test]
fn a_session_that_no_file_can_hold_does_not_keep_the_others_away() {
    let mut bad = session(1);
    bad.credentials = SessionCredentials::new("ASIA".into(), "two\nlines".into(), "t".into());
    let roles = ["bad", "good"].map(|alias| Arc::new(role(alias))).to_vec();
    let mut holdings = Holdings::new(roles, BTreeMap::new());
    holdings.apply(&[delivery("bad", Some(bad)), delivery("good", Some(session(2)))]);
    let (text, refused) = render(holdings.held(), |held| store::credentials(held, None));
    assert!(text.contains("[good]") && !text.contains("[bad]"));
    assert_eq!(refused.keys().map(Alias::as_str).collect::<Vec<_>>(), ["bad"]);
    assert!(!refused.values().any(|fault| fault.to_string().contains("lines")));
}
