//! What is claimed of a refusal, and what is only ranked.

use rolecall_aws::explain::{FoundRole, Lookup};
use rolecall_core::{Fault, FaultKind, Role};
use serde_json::{Value, json};

use super::*;
use crate::commands::explain::explanation::Explanation;
use crate::commands::explain::fixture::{chain, role};
use crate::commands::explain::principal::Principal;

const USER: &str = "arn:aws:iam::111122223333:user/me";

fn hop_of(role: &Role) -> Hop {
    let mut hop = Explanation::planned(role, false).hops.remove(0);
    hop.called_by(Principal::parse(USER));
    hop
}

fn denied(message: &str) -> Fault {
    Fault::new(FaultKind::Denied, message, "check")
}

fn unknown() -> Lookup {
    Lookup::Unknown("the caller may not ask for it (iam:GetRole)".into())
}

fn found(hop: &Hop, statement: &Value) -> Lookup {
    let trust_policy = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    Lookup::Found(FoundRole {
        arn: hop.arn.to_string(),
        trust_policy,
        max_session: Some(std::time::Duration::from_secs(3600)),
    })
}

/// The causes as `certainty: what`.
fn causes(hop: &Hop, fault: &Fault, lookup: &Lookup) -> Vec<String> {
    let evidence = Evidence { hop, fault, lookup, others: &[], pod_identity: false };
    of_hop(evidence).iter().map(|cause| format!("{}: {}", cause.certainty.as_str(), cause.what)).collect()
}

#[test]
fn without_more_knowledge_nothing_is_certain() {
    let hop = hop_of(&role("a", "A"));
    assert_eq!(
        causes(&hop, &denied("User: x is not authorized to perform: sts:AssumeRole on resource: y"), &unknown()),
        [
            "likely: the trust policy of the role does not name the caller",
            "possible: no policy of the caller allows it",
            "possible: the role does not exist, or its ARN is mistyped",
            "possible: a condition of the trust policy is not met",
            "possible: an organisation policy, a permissions boundary or a session policy forbids it",
            "possible: the trust policy asks for an external id",
            "possible: the role or its policy is too new",
        ]
    );
}

#[test]
fn another_account_needs_both_policies_and_often_an_external_id() {
    let spoke = Role { external_id: None, ..chain() };
    let spoke = Explanation::planned(&spoke, false).hops.remove(1);
    let told = causes(&spoke, &denied("no"), &unknown());
    assert!(told.contains(&"likely: no policy of the caller allows it".into()), "{told:?}");
    assert!(told.contains(&"likely: the trust policy asks for an external id".into()), "{told:?}");
    assert!(told.contains(&"possible: sts:TagSession is not allowed".into()), "{told:?}");
}

#[test]
fn what_works_for_the_same_caller_speaks_against_its_own_policy() {
    let hop = hop_of(&role("a", "A"));
    let (fault, lookup, others) = (denied("no"), unknown(), ["b".to_owned()]);
    let told = of_hop(Evidence { hop: &hop, fault: &fault, lookup: &lookup, others: &others, pod_identity: false });
    let own = told.iter().position(|cause| cause.what.starts_with("no policy of the caller")).unwrap();
    assert!(told[own].evidence.contains("sessions of b") && own > 2, "{told:#?}");
}

#[test]
fn pod_identity_makes_tags_likely() {
    let hop = hop_of(&role("a", "A"));
    let (fault, lookup) = (denied("no"), unknown());
    let told = of_hop(Evidence { hop: &hop, fault: &fault, lookup: &lookup, others: &[], pod_identity: true });
    let tags = told.iter().find(|cause| cause.what.starts_with("sts:TagSession")).unwrap();
    assert_eq!(tags.certainty, Certainty::Likely);
    assert!(tags.fix.contains("disableSessionTags"), "{tags:?}");
}

#[test]
fn the_words_of_aws_are_taken_for_certain() {
    let hop = hop_of(&role("a", "A"));
    for (message, expected) in [
        ("x is not authorized to perform: sts:TagSession on resource: y", "certain: sts:TagSession is not allowed"),
        ("not authorized to perform: sts:SetSourceIdentity", "certain: sts:SetSourceIdentity is not allowed"),
        (
            "x is not authorized to perform: sts:AssumeRole on resource: y with an explicit deny in a service control policy",
            "certain: a statement in a policy denies it: service control",
        ),
        (
            "because no identity-based policy allows the sts:AssumeRole action",
            "certain: no policy of the caller allows it",
        ),
        (
            "because no resource-based policy allows the sts:AssumeRole action",
            "certain: the trust policy of the role does not allow it",
        ),
        ("because no service control policy allows the", "certain: no service control policy allows it"),
    ] {
        assert_eq!(causes(&hop, &denied(message), &unknown()), [expected], "{message}");
    }
}

#[test]
fn what_iam_shows_is_certain() {
    let plain = hop_of(&role("a", "A"));
    let allow =
        |principal: &str| json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"});
    let told = |hop: &Hop, statement: &Value| causes(hop, &denied("no"), &found(hop, statement));
    assert_eq!(
        told(&plain, &allow("arn:aws:iam::111122223333:user/you")),
        ["certain: the trust policy does not name the caller"]
    );
    assert_eq!(causes(&plain, &denied("no"), &Lookup::Missing), ["certain: the role does not exist"]);
    let elsewhere =
        FoundRole { arn: "arn:aws:iam::111122223333:role/team/A".into(), trust_policy: "{}".into(), max_session: None };
    assert_eq!(causes(&plain, &denied("no"), &Lookup::Found(elsewhere)), ["certain: the ARN is not that of the role"]);

    let mut asks = allow(USER);
    asks["Condition"] = json!({"StringEquals": {"sts:ExternalId": "x"}});
    let id = "certain: the external id is not the one that the trust policy asks for";
    assert_eq!(told(&plain, &asks), [id]);

    let tagged = Explanation::planned(&chain(), false).hops.remove(0);
    let tagged = Hop { caller: Caller::Principal(Principal::parse(USER)), source_identity: None, ..tagged };
    assert_eq!(told(&tagged, &allow(USER)), ["certain: the trust policy does not allow sts:TagSession to the caller"]);
}

#[test]
fn a_policy_that_lets_the_account_in_leaves_the_caller_to_its_own() {
    let hop = hop_of(&role("a", "A"));
    let statement = json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"});
    let told = causes(&hop, &denied("no"), &found(&hop, &statement));
    assert_eq!(told[0], "likely: no policy of the caller allows it");
    assert!(!told.iter().any(|cause| cause.contains("certain") || cause.contains("trust policy")), "{told:?}");
}

#[test]
fn conditions_are_told_by_their_keys() {
    let hop = hop_of(&role("a", "A"));
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:*",
                           "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    let (fault, lookup) = (denied("no"), found(&hop, &statement));
    let told = of_hop(Evidence { hop: &hop, fault: &fault, lookup: &lookup, others: &[], pod_identity: false });
    assert_eq!(told[0].certainty, Certainty::Likely);
    assert!(told[0].evidence.contains("aws:MultiFactorAuthPresent"), "{told:#?}");
}

#[test]
fn a_policy_of_somebody_else_cannot_speak_to_the_terminal() {
    let hop = hop_of(&role("a", "A"));
    let statement =
        json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Condition": {"Bool": {"\u{1b}[2Jx": "true"}}});
    let (fault, lookup) = (denied("no"), found(&hop, &statement));
    let told = of_hop(Evidence { hop: &hop, fault: &fault, lookup: &lookup, others: &[], pod_identity: false });
    assert!(told[0].evidence.ends_with("conditions on [2Jx"), "{told:#?}");
}

#[test]
fn a_session_that_would_be_too_long_is_told_with_the_most() {
    let hop = hop_of(&Role { duration: std::time::Duration::from_secs(7200), ..role("a", "A") });
    let fault = Fault::new(FaultKind::Misconfigured, "the duration is out of bounds", "set it");
    let lookup = found(&hop, &json!([]));
    let told = of_hop(Evidence { hop: &hop, fault: &fault, lookup: &lookup, others: &[], pod_identity: false });
    assert_eq!(told[0].certainty, Certainty::Certain);
    assert!(told[0].fix.contains("3600s"), "{told:?}");
    assert_eq!(causes(&hop, &fault, &unknown()), ["certain: a setting cannot work, whoever asks"]);
}

#[test]
fn a_token_is_told_by_its_claims() {
    let source = rolecall_core::Source::WebIdentity("/token".parse().unwrap());
    let mut hop = Explanation::planned(&Role { source, ..role("a", "A") }, false).hops.remove(0);
    hop.caller = Caller::Token(Some(rolecall_aws::explain::Claims {
        issuer: "https://i".into(),
        subject: "s".into(),
        audiences: vec!["a".into()],
    }));
    let (fault, lookup) = (denied("no"), unknown());
    let told = of_hop(Evidence { hop: &hop, fault: &fault, lookup: &lookup, others: &[], pod_identity: false });
    assert_eq!(told[0].evidence, "the token says iss https://i, sub s, aud a");
    assert!(told.iter().all(|cause| cause.certainty != Certainty::Certain), "{told:?}");
}

#[test]
fn every_other_fault_is_its_own_cause() {
    let hop = hop_of(&role("a", "A"));
    for kind in [FaultKind::Throttled, FaultKind::Unreachable, FaultKind::Clock, FaultKind::BaseExpired, FaultKind::Bug]
    {
        let told = causes(&hop, &Fault::new(kind, "m", "a"), &unknown());
        assert!(told.len() == 1 && told[0].starts_with("certain: "), "{told:?}");
    }
}
