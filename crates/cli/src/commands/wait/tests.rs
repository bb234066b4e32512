//! What is waited for, and what is not.

use serde_json::{Value, json};

use super::*;

/// A document of one role, with these fields on top of those of a role that has a session for an hour.
fn document(publish: &str, fields: Value) -> StatusDocument {
    let mut role = json!({
        "alias": "a", "name": "a", "arn": "arn:aws:iam::123456789012:role/R", "account": "123456789012",
        "partition": "aws", "role": "R", "region": null, "source": "base", "default": false, "state": "fresh",
        "published": true, "expires_at": "2026-08-21T11:00:00Z", "next_refresh_at": null, "fault": null,
        "issued_at": null, "access_key_id": null, "session_version": 1, "reason": null, "asked_for_seconds": 3600,
        "attempt_under_way": false, "notes": [],
    });
    for (key, value) in fields.as_object().unwrap() {
        role[key] = value.clone();
    }
    let agent = json!({
        "version": "0", "pid": 1, "started_at": "", "state_dir": "/s", "publish": publish, "clock_skew_seconds": null,
    });
    let document = json!({ "version": 1, "agent": agent, "default": null, "profiles": [role], "problems": [] });
    serde_json::from_value(document).unwrap()
}

fn lacking(document: &StatusDocument, minutes: Option<u64>) -> Option<Lack> {
    lack(document, minutes.map(|minutes| Duration::from_secs(60 * minutes)), "2026-08-21T10:00:00Z".parse().unwrap())
}

fn fault(kind: &str) -> Value {
    json!({ "kind": kind, "message": "the message", "action": "the action", "since": "2026-08-21T10:00:00Z" })
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
        (json!({ "expires_at": null, "fault": fault("denied") }), None, false, "the message; the action"),
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
    assert_eq!(lacking(&taken, None), Some(Lack::Person("the message".into(), "the action".into())));
    let Some(Lack::Person(message, action)) = lacking(&document("process", json!({})), Some(61)) else { panic!() };
    assert_eq!(message, "a has sessions of 1 h");
    assert!(action.contains("less than 1 h 1 min") && action.contains("--duration"), "{action}");
}
