//! What AWS said for certain: in the words of its error, and in the role as IAM has it.

use rolecall_aws::explain::{FoundRole, Lookup};

use super::{Cause, Certainty, Evidence, in_identity_policy, in_trust_policy};
use crate::commands::explain::trust::{Through, Verdict, verdict};

/// What is certain, and what that makes of the rest.
pub(super) struct Told {
    pub(super) certain: Vec<Cause>,
    /// What the role's trust policy says of the caller, where it could be read.
    pub(super) trust: Option<Verdict>,
}

/// All that AWS said.
pub(super) fn told(evidence: Evidence<'_>) -> Told {
    let Evidence { hop, lookup, .. } = evidence;
    let mut certain = in_words(evidence);
    let found = match lookup {
        Lookup::Found(found) => found,
        Lookup::Missing => {
            certain = vec![Cause::new(
                Certainty::Certain,
                "the role does not exist",
                format!("IAM knows no role named {} in the account {}", hop.arn.name(), hop.arn.account()),
                "correct the ARN, or make the role; one that was made seconds ago may not be known yet",
            )];
            return Told { certain, trust: None };
        }
        Lookup::Unknown(_) => return Told { certain, trust: None },
    };
    if found.arn != hop.arn.to_string() {
        certain = vec![Cause::new(
            Certainty::Certain,
            "the ARN is not that of the role",
            format!("a role of that name exists as {}", found.arn),
            format!("use {}", found.arn),
        )];
        return Told { certain, trust: None };
    }
    let (of_policy, trust) = in_policy(evidence, found);
    // What stands in the policy says more than the words of the error.
    if !of_policy.is_empty() {
        certain.retain(|cause| !cause.by_policy);
        certain.extend(of_policy);
    }
    Told { certain, trust }
}

/// What the error says itself.
fn in_words(evidence: Evidence<'_>) -> Vec<Cause> {
    let Evidence { hop, fault, pod_identity, .. } = evidence;
    let message = fault.message.as_str();
    let certain = |what: &str, why: &str, fix: String| vec![Cause::new(Certainty::Certain, what, why, fix)];
    let policy = |what: &str, why: &str, fix: String| vec![Cause::new(Certainty::Certain, what, why, fix).by_policy()];
    let both = || format!("{}; {}", in_trust_policy(hop), in_identity_policy(hop));
    if let Some(of) = between(message, "with an explicit deny in ", " policy") {
        let of = of.trim_start_matches("a ").trim_start_matches("an ");
        let what = format!("a statement in a policy denies it: {of}");
        return certain(&what, "AWS says so", format!("find the Deny in the {of} policy that covers {}", hop.arn));
    }
    if message.contains("sts:TagSession") {
        let why = match (pod_identity, hop.tags.is_empty()) {
            (true, _) => "AWS names sts:TagSession, and a session of EKS Pod Identity carries transitive tags",
            (false, false) => "AWS names sts:TagSession, and session tags are passed",
            (false, true) => "AWS names sts:TagSession: the caller's session carries transitive tags",
        };
        let way_out = if pod_identity { ", or set disableSessionTags on the Pod Identity association" } else { "" };
        return policy("sts:TagSession is not allowed", why, both() + way_out);
    }
    if message.contains("sts:SetSourceIdentity") {
        return policy("sts:SetSourceIdentity is not allowed", "AWS names it, and a source identity is set", both());
    }
    match between(message, "because no ", " policy allows") {
        Some("identity-based") => policy("no policy of the caller allows it", "AWS says so", in_identity_policy(hop)),
        Some("resource-based") => {
            policy("the trust policy of the role does not allow it", "AWS says so", in_trust_policy(hop))
        }
        Some(other) => {
            let what = format!("no {other} policy allows it");
            certain(&what, "AWS says so", format!("allow it in the {other} policy"))
        }
        None => vec![],
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(between, _)| between)
}

/// What the role's trust policy says.
fn in_policy(evidence: Evidence<'_>, found: &FoundRole) -> (Vec<Cause>, Option<Verdict>) {
    let Evidence { hop, .. } = evidence;
    let Some(caller) = hop.principal() else { return (vec![], None) };
    let of = |action: &str| verdict(&found.trust_policy, caller, action, hop.external_id.as_deref());
    let certain = |what: &str, why: String, fix: String| vec![Cause::new(Certainty::Certain, what, why, fix)];
    let policy =
        |what: &str, why: String, fix: String| vec![Cause::new(Certainty::Certain, what, why, fix).by_policy()];
    let trust = of("sts:AssumeRole");
    let causes = match &trust {
        Verdict::NotNamed { removed } => {
            let why = match removed.as_slice() {
                [] => "its trust policy, as IAM has it now, names neither the caller nor its account".into(),
                ids => format!(
                    "it names {}, left of somebody who was deleted: made again under that name, he is another",
                    ids.join(", ")
                ),
            };
            policy("the trust policy does not name the caller", why, in_trust_policy(hop))
        }
        Verdict::NotForAction => policy(
            "the trust policy names the caller, but does not allow sts:AssumeRole",
            "its trust policy, as IAM has it now".into(),
            in_trust_policy(hop),
        ),
        Verdict::Denied => certain(
            "a statement of the trust policy denies it",
            "its trust policy, as IAM has it now".into(),
            format!("take the caller out of the Deny in the trust policy of {}", hop.arn),
        ),
        Verdict::ExternalId => {
            let (why, fix) = match hop.external_id {
                None => (
                    "it asks for one, and none is configured",
                    "set external_id of the role to what its owner gave you",
                ),
                Some(_) => ("it asks for another one than is configured", "correct external_id of the role"),
            };
            certain("the external id is not the one that the trust policy asks for", why.into(), fix.into())
        }
        Verdict::Allowed(_) | Verdict::Depends(_) | Verdict::Open => vec![],
    };
    if !causes.is_empty() {
        return (causes, Some(trust));
    }
    let lacking = hop.actions().into_iter().skip(1).filter(|action| {
        !matches!(of(action), Verdict::Allowed(Through::Name | Through::Account) | Verdict::Depends(_) | Verdict::Open)
    });
    // Tags that nobody has seen may not be there.
    let lacking = lacking.filter(|action| *action != "sts:TagSession" || !hop.tags.is_empty() || evidence.pod_identity);
    let causes = lacking.map(|action| {
        let what = format!("the trust policy does not allow {action} to the caller");
        let why = match action {
            "sts:TagSession" => "session tags are passed, or go along with the caller's session",
            _ => "a source identity is set, or goes along with the caller's session",
        };
        Cause::new(Certainty::Certain, &what, why, in_trust_policy(hop)).by_policy()
    });
    (causes.collect(), Some(trust))
}
