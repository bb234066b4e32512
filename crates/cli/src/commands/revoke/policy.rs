//! The policy. Pure: the time comes in.
//!
//! It is the one that the [IAM console](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html)
//! puts on a role for "Revoke active sessions".

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rolecall_formats::time::utc_seconds;
use serde::Serialize;

/// Its name, and that of its statement: as the console calls it.
pub(super) const NAME: &str = "AWSRevokeOlderSessions";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: [Statement; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: &'static str,
    resource: &'static str,
    condition: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
}

/// Denies everything to the sessions that were issued until `now`, as JSON in several lines.
///
/// AWS knows the time of a session to the second. So the limit is the next one: else a session would go on that was issued
/// just now.
pub(super) fn until(now: Timestamp) -> String {
    let limit = now.checked_add(SignedDuration::from_secs(1)).unwrap_or(now);
    let statement = Statement {
        sid: NAME,
        effect: "Deny",
        action: "*",
        resource: "*",
        condition: BTreeMap::from([("DateLessThan", BTreeMap::from([("aws:TokenIssueTime", utc_seconds(limit))]))]),
    };
    // Texts alone: nothing in it can fail.
    serde_json::to_string_pretty(&Policy { version: "2012-10-17", statement: [statement] }).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sessions_of_this_second_end_too() {
        for now in ["2026-08-21T10:00:00Z", "2026-08-21T10:00:00.999999999Z"] {
            let policy: serde_json::Value = serde_json::from_str(&until(now.parse().unwrap())).unwrap();
            let expected = json!({ "DateLessThan": { "aws:TokenIssueTime": "2026-08-21T10:00:01Z" } });
            assert_eq!(policy["Statement"][0]["Condition"], expected, "{now}");
            assert_eq!((&policy["Version"], &policy["Statement"][0]["Effect"]), (&json!("2012-10-17"), &json!("Deny")));
        }
    }
}
