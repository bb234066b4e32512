//! Why a hop failed: the causes there may be, ranked by what speaks for each. Pure.
//!
//! Promises that nothing is called certain but what AWS itself said, in its error or in the role's trust policy. AWS gives
//! one error for nearly everything that can be wrong with two policies
//! ([access denied messages](https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html)).

mod denied;
mod told;

use rolecall_aws::explain::{FoundRole, Lookup};
use rolecall_core::{Fault, FaultKind};

use super::explanation::{Caller, Hop};

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    Certain,
    Likely,
    Possible,
}

impl Certainty {
    /// As it is written in every form of the answer.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// A cause that there may be. One sentence each, without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) certainty: Certainty,
    pub(super) what: String,
    /// What speaks for it, or against.
    pub(super) evidence: String,
    pub(super) fix: String,
    /// Whether one of the two policies of the hop is what mends it.
    pub(super) by_policy: bool,
}

impl Cause {
    fn new(certainty: Certainty, what: &str, evidence: impl Into<String>, fix: impl Into<String>) -> Self {
        let (evidence, fix) = (printable(&evidence.into()), printable(&fix.into()));
        Self { certainty, what: printable(what), evidence, fix, by_policy: false }
    }

    fn by_policy(self) -> Self {
        Self { by_policy: true, ..self }
    }
}

/// A text without what a terminal would take for more than text: a policy of somebody else may hold that.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !rolecall_core::is_unseen(*c)).collect()
}

/// What is known about a hop that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence<'a> {
    pub(super) hop: &'a Hop,
    pub(super) fault: &'a Fault,
    pub(super) lookup: &'a Lookup,
    /// Other roles that this caller has sessions of.
    pub(super) others: &'a [String],
}

/// The causes of a hop that failed, the likeliest first.
pub(super) fn of_hop(evidence: Evidence<'_>) -> Vec<Cause> {
    let Evidence { hop, fault, lookup, .. } = evidence;
    match (fault.kind, lookup) {
        (FaultKind::Denied, _) => match &hop.caller {
            Caller::Principal(_) => denied::of_caller(evidence),
            Caller::Token(claims) => denied::of_token(hop, claims.as_ref()),
        },
        (FaultKind::Misconfigured, Lookup::Found(FoundRole { max_session: Some(longest), .. }))
            if hop.duration > *longest =>
        {
            let (asked, longest) = (hop.duration.as_secs(), longest.as_secs());
            vec![Cause::new(
                Certainty::Certain,
                "the session would be longer than the role allows",
                format!("{asked} s are asked for, and the role's maximum session duration is {longest} s"),
                format!("set the duration to {longest}s or less, or raise MaxSessionDuration on the role"),
            )]
        }
        _ => vec![of_fault(fault)],
    }
}

/// The cause of a fault that says itself what is wrong.
pub(super) fn of_fault(fault: &Fault) -> Cause {
    let what = match fault.kind {
        FaultKind::Denied => "STS refuses the caller",
        FaultKind::Throttled => "too many calls are made",
        FaultKind::Unreachable => "there is no answer from the other side",
        FaultKind::Misconfigured => "a setting cannot work, whoever asks",
        FaultKind::BaseExpired => "the credentials that it is assumed with have ended",
        FaultKind::SsoLoginNeeded => "the IAM Identity Center login has ended or was never made",
        FaultKind::Clock => "the clock of this machine is wrong",
        FaultKind::ProfileTaken => "a profile of that name exists",
        FaultKind::Bug => "what was answered is not what AWS answers",
    };
    Cause::new(Certainty::Certain, what, &fault.message, &fault.action)
}

/// The trust policy that would let the caller in, for a fix.
fn in_trust_policy(hop: &Hop) -> String {
    let caller = hop.principal().map_or("the caller", |principal| principal.named());
    format!("allow {} to {caller} in the trust policy of {}", hop.actions().join(", "), hop.arn)
}

/// The policy that the caller lacks, for a fix.
fn in_identity_policy(hop: &Hop) -> String {
    let caller = hop.principal().map_or("the caller", |principal| principal.named());
    format!("allow {} on {} in a policy of {caller}", hop.actions().join(", "), hop.arn)
}

#[cfg(test)]
mod tests;
