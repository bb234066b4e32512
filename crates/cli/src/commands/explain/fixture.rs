//! Roles for the tests of this command.

use std::sync::Arc;
use std::time::Duration;

use rolecall_core::source::Parent;
use rolecall_core::{Fault, FaultKind, Role, SessionTags, Source};

use super::causes::{Cause, Certainty};
use super::explanation::{Explanation, Outcome};
use super::principal::Principal;

/// A role of the account 111122223333 that is assumed from the base.
pub(super) fn role(alias: &str, name: &str) -> Role {
    let arn = format!("arn:aws:iam::111122223333:role/{name}");
    Role::new(alias.parse().unwrap(), arn.parse().unwrap(), "host")
}

/// `spoke` of another account, assumed from `hub`, which sets tags and a source identity.
pub(super) fn chain() -> Role {
    let tags = [("team", "blue"), ("job", "7")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let hub = Role {
        tags: SessionTags::new(tags, ["team".to_owned()]).unwrap(),
        source_identity: Some("alice".parse().unwrap()),
        duration: Duration::from_secs(43200),
        ..role("hub", "team/Hub")
    };
    let spoke = Role::new("spoke".parse().unwrap(), "arn:aws:iam::444455556666:role/Spoke".parse().unwrap(), "host");
    Role {
        source: Source::Role(Parent::new(Arc::new(hub))),
        external_id: Some("handshake".parse().unwrap()),
        duration: Duration::from_secs(43200),
        ..spoke
    }
}

/// The chain with its first hop well and its second denied.
pub(super) fn denied() -> Explanation {
    let mut explanation = Explanation::planned(&chain(), false);
    explanation.hops[0].called_by(Principal::parse("arn:aws:iam::111122223333:user/me"));
    explanation.hops[0].region = Some("eu-central-1".into());
    explanation.hops[0].endpoint = Some("sts.eu-central-1.amazonaws.com".into());
    explanation.hops[0].outcome = Outcome::Ok { expires_at: "2026-08-21T10:00:00Z".parse().unwrap() };
    let fault = Fault::new(FaultKind::Denied, "could not assume arn:aws:iam::444455556666:role/Spoke: no", "check");
    let causes = vec![Cause {
        certainty: Certainty::Likely,
        what: "the trust policy does not name \"hub\" & <co>".into(),
        evidence: "they are in different accounts".into(),
        fix: "let it".into(),
        by_policy: true,
    }];
    explanation.hops[1].outcome = Outcome::Failed { fault, causes };
    explanation
}
