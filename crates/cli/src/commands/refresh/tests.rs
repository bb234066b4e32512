//! What a refresh came to, as a row and as an exit code.

use anstream::adapter::strip_str;
use serde_json::{Value, json};

use super::*;

fn role(alias: &str, state: &str, version: u64, under_way: bool, fault: bool) -> Value {
    let expires = matches!(state, "fresh" | "stale").then_some("2026-08-21T11:00:00Z");
    let fault =
        fault.then(|| json!({ "kind": "denied", "message": "no", "action": "ask", "since": "2026-08-21T09:59:00Z" }));
    json!({
        "alias": alias, "name": alias, "arn": "arn:aws:iam::123456789012:role/R", "account": "123456789012",
        "partition": "aws", "role": "R", "region": null, "source": "base", "default": false, "state": state,
        "published": true, "expires_at": expires, "next_refresh_at": null, "fault": fault,
        "issued_at": null, "access_key_id": null, "session_version": version, "reason": null,
        "asked_for_seconds": 3600, "attempt_under_way": under_way, "notes": [],
    })
}

fn document(roles: Vec<Value>) -> RefreshDocument {
    serde_json::from_value(json!({ "version": 1, "complete": true, "profiles": roles })).unwrap()
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
        let document = document(roles);
        assert_eq!(code(&document, &before(&document)), expected, "{document:?}");
    }
}

#[test]
fn there_is_a_row_for_each_role_and_what_is_wrong_below() {
    let document = document(vec![
        role("a", "fresh", 2, false, false),
        role("b", "fresh", 1, false, true),
        role("c", "pending", 0, true, false),
    ]);
    let now = "2026-08-21T10:00:00Z".parse().unwrap();
    let text = strip_str(&text(&document, &before(&document), now, None)).to_string();
    let expected = "\
ALIAS  ACCOUNT/ROLE    OUTCOME                          EXPIRES
a      123456789012/R  refreshed                        in 1 h
b      123456789012/R  failed, the old session is kept  in 1 h
c      123456789012/R  under way                        -

b denied: no (1 min ago)
  fix: ask
";
    assert_eq!(text, expected);
}
