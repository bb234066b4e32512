//! Who may assume which role: the one place where that is decided.
//!
//! The trust policy of the role and the policies of the caller are asked, as the
//! [evaluation logic](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html)
//! says: within an account a trust policy that names the caller is enough, and one that names the account needs the
//! caller's policies, too; across accounts both must allow. A denial in either is final. Permissions boundaries, service
//! control policies and the effect of session policies are left out.

use jiff::Timestamp;
use rolecall_core::RoleArn;

use crate::config::Config;
use crate::identity::{Caller, Holder};
use crate::policy::{Context, Policy, Query, Subject, Verdict};
use crate::session::Carried;
use crate::web_identity::{Identity, provider_arn, without_scheme};

pub(crate) const ASSUME_ROLE: &str = "sts:AssumeRole";
pub(crate) const TAG_SESSION: &str = "sts:TagSession";
pub(crate) const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";
pub(crate) const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// The only address that callers come from: the sandbox listens on loopback.
const SOURCE_IP: &str = "127.0.0.1";

/// What a caller says besides the role.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// None: not known.
    pub(crate) now: Option<Timestamp>,
    pub(crate) session_name: Option<&'a str>,
    pub(crate) external_id: Option<&'a str>,
    /// What is asked for.
    pub(crate) asked: &'a Carried,
    /// What the session would carry, with what is inherited.
    pub(crate) granted: &'a Carried,
}

/// The first of the actions that `caller` lacks for a session of the role with this `trust`; none when it may have it.
///
/// [Session tags](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html) and a
/// [source identity](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html)
/// need rights of their own, those that are inherited, too.
pub(crate) fn lacks(
    config: &Config,
    caller: &Caller,
    role: &RoleArn,
    trust: &Policy,
    request: Request<'_>,
) -> Option<&'static str> {
    // Partitions know nothing of each other: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    if caller.partition != role.partition() {
        return Some(ASSUME_ROLE);
    }
    let (resource, context) = (role.to_string(), context(config, caller, request));
    let (same_account, is_chained) = (caller.account == role.account(), caller.role().is_some());
    let may = |action: &str| {
        let query = Query { action, resource: &resource, subject: Subject::Caller(caller), context: &context };
        let (trusted, own) = (trust.verdict(&query), identity_verdict(config, caller, &query));
        match (trusted, own) {
            (Verdict::Denied, _) | (_, Verdict::Denied) | (Verdict::Silent, _) => false,
            // "When you assume a role with another role, [...] permissions for sts:SetSourceIdentity are required in
            // both the permissions policy of the principal [...] and in the role trust policy of the target role."
            (Verdict::Allowed, Verdict::Silent) if action == SET_SOURCE_IDENTITY => same_account && !is_chained,
            (Verdict::Allowed, Verdict::Silent) => same_account,
            (_, own) => own == Verdict::Allowed,
        }
    };
    let Request { asked, granted, .. } = request;
    let other_source = asked.source_identity.is_some() && asked.source_identity != granted.source_identity;
    if !may(ASSUME_ROLE) {
        Some(ASSUME_ROLE)
    } else if !granted.tags.is_empty() && !may(TAG_SESSION) {
        Some(TAG_SESSION)
    } else if other_source || (granted.source_identity.is_some() && !may(SET_SOURCE_IDENTITY)) {
        Some(SET_SOURCE_IDENTITY)
    } else {
        None
    }
}

/// What the caller's own policies say of `action` on `resource`, when nothing else is asked.
pub(crate) fn own_verdict(config: &Config, caller: &Caller, action: &str, resource: &str, now: Timestamp) -> Verdict {
    let mut context = surroundings(Some(now));
    set_caller(&mut context, config, caller);
    let query = Query { action, resource, subject: Subject::Caller(caller), context: &context };
    identity_verdict(config, caller, &query)
}

/// Whether a token that proves `identity` opens the role with this `trust`.
pub(crate) fn takes_token(
    role: &RoleArn,
    trust: &Policy,
    identity: &Identity,
    session_name: &str,
    now: Timestamp,
) -> bool {
    let Identity { issuer, subject, audience } = identity;
    let (resource, provider) = (role.to_string(), provider_arn(role, issuer));
    let mut context = surroundings(Some(now));
    context.set("sts:RoleSessionName", session_name);
    let issuer = without_scheme(issuer);
    context.set(&format!("{issuer}:sub"), subject);
    context.set(&format!("{issuer}:aud"), audience);
    let subject = Subject::Federated(&provider);
    let action = ASSUME_ROLE_WITH_WEB_IDENTITY;
    trust.verdict(&Query { action, resource: &resource, subject, context: &context }) == Verdict::Allowed
}

/// What the policies of the caller say; one that the world gives none may do everything.
fn identity_verdict(config: &Config, caller: &Caller, query: &Query<'_>) -> Verdict {
    match config.policies_of(caller) {
        None => Verdict::Allowed,
        Some(policies) => policies.iter().map(|policy| policy.verdict(query)).max().unwrap_or(Verdict::Silent),
    }
}

fn context(config: &Config, caller: &Caller, request: Request<'_>) -> Context {
    let Request { now, session_name, external_id, asked, granted } = request;
    let mut context = surroundings(now);
    set_caller(&mut context, config, caller);
    for (key, value) in [
        ("sts:RoleSessionName", session_name),
        ("sts:ExternalId", external_id),
        ("sts:SourceIdentity", granted.source_identity.as_deref()),
    ] {
        if let Some(value) = value {
            context.set(key, value);
        }
    }
    for tag in &asked.tags {
        context.set(&format!("aws:RequestTag/{}", tag.key), &tag.value);
    }
    context.set_list("aws:TagKeys", asked.tags.iter().map(|tag| tag.key.as_str()));
    let transitive = asked.tags.iter().filter(|tag| tag.transitive);
    context.set_list("sts:TransitiveTagKeys", transitive.map(|tag| tag.key.as_str()));
    context
}

fn surroundings(now: Option<Timestamp>) -> Context {
    let mut context = Context::default();
    if let Some(now) = now {
        context.set("aws:CurrentTime", now.to_string());
        context.set("aws:EpochTime", now.as_second().to_string());
    }
    context.set("aws:SourceIp", SOURCE_IP);
    // As for every call of the real STS, though the sandbox speaks without TLS.
    context.set("aws:SecureTransport", "true");
    context
}

fn set_caller(context: &mut Context, config: &Config, caller: &Caller) {
    context.set("aws:PrincipalAccount", &caller.account);
    context.set("aws:userid", &caller.user_id);
    // Of a session the role, not the session.
    context.set("aws:PrincipalArn", caller.role().map_or_else(|| caller.arn.clone(), ToString::to_string));
    for (key, value) in config.tags_of(caller) {
        context.set(&format!("aws:PrincipalTag/{key}"), value);
    }
    match &caller.holder {
        Holder::User { name, .. } => {
            context.set("aws:PrincipalType", "User");
            context.set("aws:username", name);
        }
        Holder::Session { carried, .. } => {
            context.set("aws:PrincipalType", "AssumedRole");
            // Long-term keys come without this key; nobody here has a second factor.
            context.set("aws:MultiFactorAuthPresent", "false");
            for tag in &carried.tags {
                context.set(&format!("aws:PrincipalTag/{}", tag.key), &tag.value);
            }
            if let Some(source_identity) = &carried.source_identity {
                context.set("aws:SourceIdentity", source_identity);
            }
        }
    }
}

#[cfg(test)]
mod tests;
