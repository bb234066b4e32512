//! The explanation for programs. No secret is in it. Readers ignore fields that they do not know, so fields may be added; a
//! change that an older reader would misread gets a new [`VERSION`].

use serde_json::{Value, json};

use super::causes::Cause;
use super::explanation::{Caller, Explanation, Hop, Outcome};
use super::policy;
use rolecall_core::Fault;
use rolecall_formats::time::utc_seconds;

/// The version of the document.
const VERSION: u32 = 1;

/// The document on one line.
pub(super) fn document(explanation: &Explanation) -> String {
    let Explanation { alias, start, hops, clock_ahead } = explanation;
    let arn = hops.last().map(|hop| hop.arn.to_string());
    json!({
        "version": VERSION,
        "alias": alias,
        "arn": arn,
        "assumable": explanation.is_well(),
        "clock_ahead_seconds": clock_ahead,
        "start": {
            "source": start.source,
            "fault": start.failed.as_ref().map(|(fault, _)| of_fault(fault)),
            "causes": start.failed.iter().flat_map(|(_, causes)| causes).map(of_cause).collect::<Vec<_>>(),
        },
        "hops": hops.iter().map(of_hop).collect::<Vec<_>>(),
    })
    .to_string()
}

fn of_hop(hop: &Hop) -> Value {
    let (outcome, expires_at, fault, causes) = match &hop.outcome {
        Outcome::NotTried => ("not_tried", None, None, &[][..]),
        Outcome::Ok { expires_at } => ("ok", Some(utc_seconds(*expires_at)), None, &[][..]),
        Outcome::Failed { fault, causes } => ("failed", None, Some(of_fault(fault)), causes.as_slice()),
    };
    let tags = hop.tags.iter().map(|tag| {
        json!({"key": tag.key, "value": tag.value, "transitive": tag.transitive, "inherited_from": tag.inherited_from})
    });
    json!({
        "alias": hop.alias,
        "arn": hop.arn.to_string(),
        "caller": of_caller(&hop.caller),
        "operation": hop.operation(),
        "region": hop.region,
        "endpoint": hop.endpoint,
        "session_name": hop.session_name,
        "external_id": hop.external_id,
        "tags": tags.collect::<Vec<_>>(),
        "unknown_tags": hop.unknown_tags,
        "source_identity": hop.source_identity,
        "narrowed": hop.narrowed,
        "duration_seconds": hop.duration.as_secs(),
        "wanted_seconds": hop.wanted.as_secs(),
        "trust_policy": policy::trust(hop),
        "identity_policy": policy::identity(hop),
        "notes": policy::notes(hop),
        "outcome": outcome,
        "expires_at": expires_at,
        "fault": fault,
        "causes": causes.iter().map(of_cause).collect::<Vec<_>>(),
    })
}

fn of_caller(caller: &Caller) -> Value {
    match caller {
        Caller::Principal(None) | Caller::Token(None) => Value::Null,
        Caller::Principal(Some(principal)) => json!({"arn": principal.arn, "principal": principal.named()}),
        Caller::Token(Some(claims)) => {
            json!({"issuer": claims.issuer, "subject": claims.subject, "audiences": claims.audiences})
        }
    }
}

fn of_fault(fault: &Fault) -> Value {
    json!({"kind": fault.kind.as_str(), "message": fault.message, "action": fault.action})
}

fn of_cause(cause: &Cause) -> Value {
    let Cause { certainty, what, evidence, fix, by_policy: _ } = cause;
    json!({"certainty": certainty.as_str(), "what": what, "evidence": evidence, "fix": fix})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::explain::fixture::denied;

    #[test]
    fn the_document_says_all_that_is_known() {
        let document: Value = serde_json::from_str(&document(&denied())).unwrap();
        assert_eq!(
            (&document["version"], &document["alias"], &document["assumable"]),
            (&1.into(), &"spoke".into(), &false.into())
        );
        let [hub, spoke] = &document["hops"].as_array().unwrap()[..] else { unreachable!() };
        assert_eq!((&hub["outcome"], &hub["expires_at"]), (&"ok".into(), &"2026-08-21T10:00:00Z".into()));
        assert_eq!((&spoke["outcome"], &spoke["fault"]["kind"]), (&"failed".into(), &"denied".into()));
        assert_eq!(spoke["caller"]["principal"], "arn:aws:iam::111122223333:role/team/Hub");
        assert_eq!(spoke["causes"][0]["certainty"], "likely");
        assert_eq!(
            spoke["tags"],
            json!([{"key": "team", "value": "blue", "transitive": true, "inherited_from": "hub"}])
        );
        assert_eq!((&spoke["duration_seconds"], &spoke["wanted_seconds"]), (&3600.into(), &43200.into()));
        assert_eq!(spoke["trust_policy"]["Version"], "2012-10-17");
    }
}
