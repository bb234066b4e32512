//! Tries a chain for real: who the start is, then one hop after the other, up to the first that fails.
//!
//! Promises for each hop one call, one question who its caller is and, for one that is refused, one for its trust policy; and
//! that the sessions are dropped here.

use jiff::Timestamp;
use rolecall_agent::serve::wire::ProfilesDocument;
use rolecall_aws::Sts;
use rolecall_aws::explain::Lookup;
use rolecall_core::port::Clock as _;
use rolecall_core::rotation::Issue;
use rolecall_core::source::Provider;
use rolecall_core::{AssumeRole as _, Assumed, Fault, FaultKind, Role, Session, Source};
use rolecall_rotator::SystemClock;

use super::causes::{self, Evidence};
use super::explanation::{Caller, Explanation, Outcome, Start};
use super::principal::Principal;
use crate::client;
use crate::environment::Environment;
use crate::state_dir::StateDir;

/// The address of the EKS Pod Identity agent
/// ([how it works](https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html)).
const POD_IDENTITY: [&str; 2] = ["169.254.170.23", "[fd00:ec2::23]"];

/// What is known besides the role.
pub(super) struct Surroundings {
    pod_identity: bool,
    others: Vec<String>,
}

impl Surroundings {
    /// `others` are the roles that whoever assumes `role` has sessions of.
    pub(super) fn of(role: &Role, environment: &Environment, others: Vec<String>) -> Self {
        let first = role.chain().last().unwrap_or(role);
        let from_container = matches!(first.source, Source::Base | Source::Provider(Provider::Container));
        let url = environment.text("AWS_CONTAINER_CREDENTIALS_FULL_URI").unwrap_or_default();
        // What the chain takes before a container's credentials.
        let has_others = first.source == Source::Base
            && ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"].iter().any(|name| environment.text(name).is_some());
        let is_there = POD_IDENTITY.iter().any(|host| url.contains(&format!("//{host}/")));
        Self { pod_identity: from_container && !has_others && is_there, others }
    }
}

/// The roles that an agent holds a valid session of, of those that `counts`; none while no agent runs.
pub(super) fn held(state_dir: &StateDir, counts: impl Fn(&str) -> bool) -> Vec<String> {
    const TARGET: &str = "/v1/profiles";
    let Ok(body) = client::get(state_dir, TARGET, client::AT_HAND) else { return vec![] };
    let Ok(document) = client::parsed::<ProfilesDocument>(state_dir, TARGET, &body) else { return vec![] };
    let profiles = document.profiles.into_iter();
    profiles.filter(|role| role.state == "fresh" && counts(&role.alias)).map(|role| role.alias).collect()
}

/// How `role` is assumed, and how that went.
pub(super) async fn attempt(sts: &Sts, role: &Role, surroundings: &Surroundings) -> Explanation {
    let mut explanation = Explanation::planned(role, surroundings.pod_identity);
    let mut chain: Vec<&Role> = role.chain().collect();
    chain.reverse();
    let mut parent: Option<Session> = None;
    for (at, role) in chain.iter().enumerate() {
        if let Err(fault) = introduce(sts, role, parent.as_ref(), at, &mut explanation).await {
            let causes = vec![causes::of_fault(&fault)];
            explanation.start = Start { failed: Some((fault, causes)), ..explanation.start };
            return explanation;
        }
        match once(sts, role, parent.as_ref()).await {
            Ok(session) => {
                explanation.hops[at].outcome = Outcome::Ok { expires_at: session.expires_at };
                parent = Some(session);
            }
            Err(fault) => {
                let lookup = look_up(sts, role, parent.as_ref(), at, &explanation, &fault).await;
                // An agent's other sessions are of the same source as the role itself.
                let others = if at + 1 == chain.len() { surroundings.others.as_slice() } else { &[] };
                let hop = &explanation.hops[at];
                let causes = causes::of_hop(Evidence { hop, fault: &fault, lookup: &lookup, others });
                explanation.hops[at].outcome = Outcome::Failed { fault, causes };
                return explanation;
            }
        }
    }
    explanation
}

/// Says who calls for hop number `at`, where, and what the clock of STS is.
///
/// # Errors
/// When a chain cannot even start.
async fn introduce(
    sts: &Sts,
    role: &Role,
    parent: Option<&Session>,
    at: usize,
    explanation: &mut Explanation,
) -> Result<(), Fault> {
    if let Source::WebIdentity(file) = &role.source {
        explanation.hops[at].caller = Caller::Token(Some(sts.claims(role, file).await?));
        return Ok(());
    }
    match sts.identity(role, parent).await {
        Ok(None) => Ok(()),
        Ok(Some(identity)) => {
            let hop = &mut explanation.hops[at];
            (hop.region, hop.endpoint) = (Some(identity.region), identity.host);
            if at == 0 {
                let caller = Principal::parse(&identity.arn);
                let is_pod = caller.as_ref().is_some_and(Principal::is_pod);
                hop.called_by(caller);
                if is_pod {
                    explanation.has_unknown_tags();
                }
            }
            explanation.clock_ahead = explanation.clock_ahead.or_else(|| identity.date.map(ahead));
            Ok(())
        }
        // Somebody forbids the question, which says nothing about the role; and what fails later is the hop's own.
        Err(fault) if fault.kind == FaultKind::Denied || at > 0 => Ok(()),
        Err(fault) => Err(fault),
    }
}

fn ahead(date: Timestamp) -> i64 {
    SystemClock.now().wall.duration_since(date).as_secs()
}

async fn once(sts: &Sts, role: &Role, parent: Option<&Session>) -> Result<Session, Fault> {
    let Assumed { credentials, expires_at, asked_for, date } = sts.assume_role(role, parent).await?;
    let now = SystemClock.now();
    Issue { expires_at, asked_for, date }.life(now)?;
    Ok(Session { credentials, issued_at: now.wall, expires_at, asked_for })
}

/// What IAM says of a role that could not be assumed, where that can help.
async fn look_up(
    sts: &Sts,
    role: &Role,
    parent: Option<&Session>,
    at: usize,
    explanation: &Explanation,
    fault: &Fault,
) -> Lookup {
    let hop = &explanation.hops[at];
    if !matches!(fault.kind, FaultKind::Denied | FaultKind::Misconfigured) {
        return Lookup::Unknown("IAM was not asked".into());
    }
    match hop.principal() {
        Some(principal) if principal.shares_account(&hop.arn) => {
            let ahead = explanation.clock_ahead.unwrap_or_default();
            sts.look_up(role, parent, ahead, hop.endpoint.as_deref()).await
        }
        Some(_) => {
            Lookup::Unknown("the role is in another account than the caller, and IAM shows only one's own".into())
        }
        None => Lookup::Unknown("it is not known who the caller is".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::explain::fixture::{chain, role};

    #[test]
    fn pod_identity_is_known_by_its_address_where_the_base_is_from_there() {
        const URL: (&str, &str) = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
        let told = |role: &Role, variables: &[(&str, &str)]| {
            Surroundings::of(role, &Environment::from(variables), vec![]).pod_identity
        };
        assert!(told(&role("a", "A"), &[URL]) && told(&chain(), &[URL]));
        assert!(told(&role("a", "A"), &[(URL.0, "http://[fd00:ec2::23]/v1/credentials")]));
        assert!(!told(&role("a", "A"), &[]));
        assert!(!told(&role("a", "A"), &[(URL.0, "http://169.254.170.2/v2")]));
        assert!(!told(&role("a", "A"), &[URL, ("AWS_PROFILE", "work")]));
        let of = |source: Source| told(&Role { source, ..role("a", "A") }, &[URL, ("AWS_PROFILE", "work")]);
        assert!(of(Source::Provider(Provider::Container)) && !of(Source::Provider(Provider::Environment)));
    }
}
