//! A refusal: what may be behind it, weighed.

use rolecall_aws::explain::{Claims, Lookup};

use super::told::{Told, told};
use super::{Cause, Certainty, Evidence, in_identity_policy, in_trust_policy};
use crate::commands::explain::explanation::Hop;
use crate::commands::explain::trust::{Through, Verdict};

/// From this weight on a cause is called likely.
const LIKELY: u8 = 50;

/// A cause that is not certain, and how much speaks for it: 0 to 100, to rank by and no probability.
struct Weighed(u8, Cause);

impl Weighed {
    fn new(weight: u8, what: &str, evidence: impl Into<String>, fix: impl Into<String>) -> Self {
        let certainty = if weight >= LIKELY { Certainty::Likely } else { Certainty::Possible };
        Self(weight, Cause::new(certainty, what, evidence, fix))
    }

    fn by_policy(self) -> Self {
        let Self(weight, cause) = self;
        Self(weight, cause.by_policy())
    }
}

/// A caller with credentials was refused.
pub(super) fn of_caller(evidence: Evidence<'_>) -> Vec<Cause> {
    let Told { certain, trust } = told(evidence);
    if !certain.is_empty() {
        return certain;
    }
    let causes = [
        trust_policy(evidence, trust.as_ref()),
        identity_policy(evidence, trust.as_ref()),
        external_id(evidence.hop, trust.as_ref()),
        conditions(trust.as_ref()),
        tags(evidence, trust.as_ref()),
        no_such_role(evidence),
        organisation(trust.as_ref()),
        just_made(evidence.lookup),
    ];
    ranked(causes.into_iter().flatten().collect())
}

fn ranked(mut causes: Vec<Weighed>) -> Vec<Cause> {
    causes.sort_by_key(|Weighed(weight, _)| std::cmp::Reverse(*weight));
    causes.into_iter().map(|Weighed(_, cause)| cause).collect()
}

fn is_read(trust: Option<&Verdict>) -> bool {
    trust.is_some_and(|trust| *trust != Verdict::Open)
}

fn trust_policy(evidence: Evidence<'_>, trust: Option<&Verdict>) -> Option<Weighed> {
    let Evidence { hop, lookup, others, .. } = evidence;
    if is_read(trust) {
        return None;
    }
    let unread = match lookup {
        Lookup::Unknown(why) => why.as_str(),
        _ => "it has conditions or forms that are not judged here",
    };
    let works = if others.is_empty() {
        String::new()
    } else {
        format!("; the same caller has sessions of {}", others.join(", "))
    };
    let evidence = format!("its trust policy could not be judged: {unread}{works}");
    let what = "the trust policy of the role does not name the caller";
    Some(Weighed::new(70, what, evidence, in_trust_policy(hop)).by_policy())
}

fn identity_policy(evidence: Evidence<'_>, trust: Option<&Verdict>) -> Option<Weighed> {
    let Evidence { hop, others, .. } = evidence;
    let shares = hop.principal().map(|principal| principal.shares_account(&hop.arn));
    let (weight, why) = match (trust, shares) {
        (Some(Verdict::Allowed(Through::Account)), _) => {
            (90, "the trust policy lets the account of the caller in, so a policy of the caller has to allow it".into())
        }
        (Some(Verdict::Allowed(Through::Name)), Some(true)) if hop.actions().len() == 1 => return None,
        _ if !others.is_empty() => (20, format!("but the same caller has sessions of {}", others.join(", "))),
        (_, Some(false)) => (60, "caller and role are in different accounts, so both policies have to allow it".into()),
        _ => (40, "needed unless the trust policy names the caller itself".into()),
    };
    Some(Weighed::new(weight, "no policy of the caller allows it", why, in_identity_policy(hop)).by_policy())
}

fn external_id(hop: &Hop, trust: Option<&Verdict>) -> Option<Weighed> {
    if is_read(trust) {
        return None;
    }
    let is_other_account = hop.principal().is_some_and(|principal| !principal.shares_account(&hop.arn));
    let fix = "ask the owner of the role for the external id, and set external_id of the role to it";
    Some(match (&hop.external_id, is_other_account) {
        (Some(_), _) => {
            Weighed::new(35, "the external id is wrong", "one is configured; nobody says whether it is right", fix)
        }
        (None, true) => {
            let why = "none is configured, and roles that another account may assume often ask for one";
            Weighed::new(50, "the trust policy asks for an external id", why, fix)
        }
        (None, false) => Weighed::new(
            12,
            "the trust policy asks for an external id",
            "none is configured; rare within an account",
            fix,
        ),
    })
}

fn conditions(trust: Option<&Verdict>) -> Option<Weighed> {
    const WHAT: &str = "a condition of the trust policy is not met";
    match trust {
        Some(Verdict::Depends(keys)) => {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let why = format!("its trust policy has conditions on {}", keys.join(", "));
            let fix = "look what these conditions ask for: MFA, an address, an organisation, a session name";
            Some(Weighed::new(85, WHAT, why, fix))
        }
        trust if is_read(trust) => None,
        _ => {
            let why =
                "not known here; the usual ones are on aws:MultiFactorAuthPresent, aws:SourceIp, aws:PrincipalOrgID";
            Some(Weighed::new(25, WHAT, why, "look at the Condition of the trust policy"))
        }
    }
}

fn tags(evidence: Evidence<'_>, trust: Option<&Verdict>) -> Option<Weighed> {
    let Evidence { hop, pod_identity, .. } = evidence;
    let is_allowed = is_read(trust);
    let weight = if is_allowed {
        30
    } else if pod_identity {
        65
    } else {
        45
    };
    let why = match (pod_identity, hop.tags.is_empty()) {
        (true, _) => "the base is a session of EKS Pod Identity, which carries transitive tags",
        (false, false) => "session tags are passed, or go along from a role before",
        (false, true) => return None,
    };
    let way_out = if pod_identity { "; or set disableSessionTags on the Pod Identity association" } else { "" };
    let fix = if is_allowed { in_identity_policy(hop) } else { in_trust_policy(hop) };
    Some(Weighed::new(weight, "sts:TagSession is not allowed", why, fix + way_out).by_policy())
}

fn no_such_role(evidence: Evidence<'_>) -> Option<Weighed> {
    let Evidence { hop, lookup, .. } = evidence;
    if matches!(lookup, Lookup::Found(_)) {
        return None;
    }
    let path = match hop.arn.path() {
        "/" => "the ARN has no path: that of a role with one has it, as in role/team/Name".into(),
        path => format!("the ARN has the path {path}"),
    };
    let fix = "compare the ARN with the one that the console or the owner of the role shows";
    let why = format!("AWS says the same of a role that does not exist; {path}");
    Some(Weighed::new(30, "the role does not exist, or its ARN is mistyped", why, fix))
}

fn organisation(trust: Option<&Verdict>) -> Option<Weighed> {
    let (weight, why) = match trust {
        Some(Verdict::Allowed(_)) => (40, "the trust policy allows it, so something else takes it away"),
        _ => (15, "not known here: nobody but an administrator sees these"),
    };
    Some(Weighed::new(
        weight,
        "an organisation policy, a permissions boundary or a session policy forbids it",
        why,
        "ask whoever runs the organisation for SCPs and RCPs on sts:AssumeRole, and look for a boundary on the caller",
    ))
}

fn just_made(lookup: &Lookup) -> Option<Weighed> {
    let why = match lookup {
        Lookup::Found(_) => "changes in IAM take some seconds until STS knows them",
        _ => "a role or policy that was made or changed just now takes some seconds until STS knows it",
    };
    Some(Weighed::new(5, "the role or its policy is too new", why, "wait half a minute and try again"))
}

/// A web identity token was refused. STS says nothing about why.
pub(super) fn of_token(hop: &Hop, claims: Option<&Claims>) -> Vec<Cause> {
    let (account, arn) = (hop.arn.account(), &hop.arn);
    let said = claims.map_or_else(
        || "the token could not be read".into(),
        |claims| {
            let Claims { issuer, subject, audiences, .. } = claims;
            format!("the token says iss {issuer}, sub {subject}, aud {}", audiences.join(", "))
        },
    );
    ranked(vec![
        Weighed::new(
            80,
            "the trust policy does not take this token",
            said,
            format!(
                "allow sts:AssumeRoleWithWebIdentity to its provider, subject and audience in the trust policy of {arn}"
            ),
        ),
        Weighed::new(
            40,
            "the role does not exist, or its ARN is mistyped",
            "AWS says the same of a role that does not exist",
            "compare the ARN with the one that the console or the owner of the role shows",
        ),
        Weighed::new(
            30,
            "the trust policy names a provider of another account",
            format!("the provider has to be one of the account of the role, {account}"),
            "make the OpenID Connect provider in that account, and name its ARN",
        ),
        Weighed::new(
            10,
            "an organisation policy forbids it",
            "not known here: nobody but an administrator sees these",
            "ask whoever runs the organisation for policies on sts:AssumeRoleWithWebIdentity",
        ),
    ])
}
