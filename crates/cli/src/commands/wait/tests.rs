//! What is waited for, and what is not.

use serde_json::{Value, json};

use super::*;
use crate::fixture::{self, NOW};

/// A document of one role, with these fields on top of those of a role that has a session for an hour.
fn document(publish: &str, fields: Value) -> StatusDocument {
    let mut role = serde_json::to_value(fixture::role("a", "fresh")).unwrap();
    for (key, value) in fields.as_object().unwrap() {
        role[key] = value.clone();
    }
    let mut document = fixture::document(vec![serde_json::from_value(role).unwrap()]);
    document.agent.publish = publish.into();
    document
}

fn lacking(document: &StatusDocument, minutes: Option<u64>) -> Option<Lack> {
    lack(document, minutes.map_or(LEAST, |minutes| Duration::from_secs(60 * minutes)), NOW.parse().unwrap())
}

fn fault(kind: &str) -> Value {
    serde_json::to_value(fixture::fault(kind)).unwrap()
}

#[test]
fn a_role_that_can_be_used_lacks_nothing() {
    let ready = document("process", json!({}));
    assert_eq!(lacking(&ready, None), None);
    assert_eq!(lacking(&ready, Some(60)), None);
    assert_eq!(lacking(&document("none", json!({ "published": false })), None), None);
    let failing = document("process", json!({ "fault": fault("unreachable") }));
    assert_eq!(lacking(&failing, None), None, "it still has a session");
}

#[test]
fn what_may_come_by_itself_is_waited_for() {
    for (fields, minutes, short, part) in [
        (json!({ "expires_at": null }), None, false, "no valid session"),
        (json!({ "expires_at": null, "fault": fault("denied") }), None, false, "could not assume R; allow it"),
        (json!({ "published": false }), None, false, "not written yet"),
        (json!({ "expires_at": "2026-08-21T10:05:00Z" }), Some(15), true, "valid for 5 min more"),
        (json!({ "expires_at": "2026-08-21T10:05:00Z", "attempt_under_way": true }), Some(15), false, "being asked"),
    ] {
        let Some(Lack::Time(aliases, reason)) = lacking(&document("process", fields.clone()), minutes) else {
            panic!("{fields}")
        };
        assert_eq!(!aliases.is_empty(), short, "{fields}");
        assert!(reason.starts_with("a: ") && reason.contains(part), "{reason}");
    }
    let mut empty = document("process", json!({}));
    empty.profiles.clear();
    assert!(matches!(lacking(&empty, None), Some(Lack::Time(..))));
}

#[test]
fn what_only_a_person_can_change_is_told_at_once() {
    let taken = document("process", json!({ "published": false, "fault": fault("profile_taken") }));
    assert_eq!(lacking(&taken, None), Some(Lack::Person("could not assume R".into(), "allow it".into())));
    let Some(Lack::Person(message, action)) = lacking(&document("process", json!({})), Some(61)) else { panic!() };
    assert_eq!(message, "a has sessions of 1 h");
    assert!(action.contains("less than 1 h 1 min") && action.contains("--duration"), "{action}");
}

#[test]
fn a_setting_that_means_nothing_is_told_once_the_roles_are_there() {
    let mut ready = document("process", json!({}));
    ready.problems.push(fixture::problem("store"));
    assert_eq!(lacking(&ready, None), None, "a file that cannot be written is no role");
    for origin in ["AWS_ROLE_3", "/home/me/.config/rolecall/rolecall.toml:3"] {
        ready.problems.truncate(1);
        ready.problems.push(fixture::problem(origin));
        let Some(Lack::Person(message, _)) = lacking(&ready, None) else { panic!() };
        assert!(message.starts_with(&format!("{origin}: ")), "{message}");
    }
    let mut pending = document("process", json!({ "expires_at": null }));
    pending.problems = ready.problems;
    assert!(matches!(lacking(&pending, None), Some(Lack::Time(..))));
}

#[test]
fn a_round_is_over_when_each_role_works_or_is_known_not_to() {
    for (fields, over) in [
        (json!({}), true),
        (json!({ "expires_at": null, "fault": fault("denied") }), true),
        (json!({ "expires_at": null, "attempt_under_way": true }), false),
        (json!({ "published": false }), false),
    ] {
        let over_by = |document: &StatusDocument| all_tried(document, LEAST, NOW.parse().unwrap());
        assert_eq!(over_by(&document("process", fields.clone())), over, "{fields}");
    }
    let mut empty = document("process", json!({}));
    empty.profiles.clear();
    assert!(!all_tried(&empty, LEAST, NOW.parse().unwrap()));
}
