//! A role as a request of STS, and the answer in our words.

use std::time::Duration;

use aws_config::Region;
use aws_sdk_sts::config::{Builder, Credentials};
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::operation::assume_role_with_web_identity::builders::AssumeRoleWithWebIdentityFluentBuilder;
use aws_sdk_sts::types::{self, PolicyDescriptorType, Tag};
use jiff::Timestamp;
use rolecall_core::{Assumed, Role, SessionCredentials};

use super::attempted;
use super::probe::Probe;
use crate::base::Loaded;
use crate::fault::{self, Call, Failed, Secrets, With};
use crate::quiet::quiet;
use crate::value::flaw;

/// A request that can be sent.
pub(super) struct Request<'a> {
    role: &'a Role,
    operation: Operation,
    config: Builder,
    asked_for: Duration,
}

enum Operation {
    AssumeRole(AssumeRoleFluentBuilder),
    WithWebIdentity(AssumeRoleWithWebIdentityFluentBuilder),
}

/// [`AssumeRole`](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html), signed with `credentials` or, without
/// them, with those that were loaded.
pub(super) fn assume_role<'a>(
    loaded: &Loaded,
    role: &'a Role,
    region: Region,
    asked_for: Duration,
    credentials: Option<Credentials>,
) -> Request<'a> {
    let tags = role.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).filter_map(Result::ok);
    let operation = loaded
        .client
        .assume_role()
        .role_arn(role.arn.to_string())
        .role_session_name(role.session_name.as_str())
        .duration_seconds(seconds(asked_for))
        .set_external_id(role.external_id.as_ref().map(ToString::to_string))
        .set_source_identity(role.source_identity.as_ref().map(ToString::to_string))
        .set_tags(some(tags.collect()))
        .set_transitive_tag_keys(some(role.tags.transitive().map(str::to_owned).collect()))
        .set_policy(role.session_policy.document().map(str::to_owned))
        .set_policy_arns(some(policy_arns(role)));
    let mut config = aws_sdk_sts::Config::builder().region(region);
    if let Some(credentials) = credentials {
        config = config.credentials_provider(credentials);
    }
    Request { role, operation: Operation::AssumeRole(operation), config, asked_for }
}

/// [`AssumeRoleWithWebIdentity`](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html), which
/// nobody signs. Tags and a source identity are in the token, if anywhere.
pub(super) fn assume_role_with_web_identity<'a>(
    loaded: &Loaded,
    role: &'a Role,
    region: Region,
    token: &str,
) -> Request<'a> {
    let operation = loaded
        .client
        .assume_role_with_web_identity()
        .role_arn(role.arn.to_string())
        .role_session_name(role.session_name.as_str())
        .web_identity_token(token)
        .duration_seconds(seconds(role.duration))
        .set_policy(role.session_policy.document().map(str::to_owned))
        .set_policy_arns(some(policy_arns(role)));
    let config = aws_sdk_sts::Config::builder().region(region);
    Request { role, operation: Operation::WithWebIdentity(operation), config, asked_for: role.duration }
}

impl Request<'_> {
    /// Sends it. `secrets` are kept out of every message.
    ///
    /// # Errors
    /// What is wrong, in our words.
    pub(super) async fn send(self, secrets: Secrets<'_>, with: With) -> Result<Assumed, Failed> {
        let Self { role, operation, config, asked_for } = self;
        let probe = Probe::default();
        let failed = |call: Call, answer: Result<Option<types::Credentials>, _>| match answer {
            Ok(issued) => assumed(issued, asked_for, probe.date())
                .map_err(|why| Failed { fault: fault::no_session(&call, &why), base_rejected: false }),
            Err(failed) => Err(failed),
        };
        let call = || Call { attempted: attempted(role), host: probe.host(), with: with.clone() };
        match operation {
            Operation::AssumeRole(operation) => {
                let sent = quiet(operation.customize().config_override(config).interceptor(probe.clone()).send()).await;
                let call = call();
                let answer = sent.map(|output| output.credentials).map_err(|err| fault::of_call(&call, &err, &secrets));
                failed(call, answer)
            }
            Operation::WithWebIdentity(operation) => {
                let sent = quiet(operation.customize().config_override(config).interceptor(probe.clone()).send()).await;
                let call = call();
                let answer = sent.map(|output| output.credentials).map_err(|err| fault::of_call(&call, &err, &secrets));
                failed(call, answer)
            }
        }
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn policy_arns(role: &Role) -> Vec<PolicyDescriptorType> {
    let arns = role.session_policy.arns().iter();
    arns.map(|arn| PolicyDescriptorType::builder().arn(arn.as_str()).build()).collect()
}

/// STS wants no empty list.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// The answer in our words.
///
/// # Errors
/// What about it is unlike a session; no part of the answer itself.
fn assumed(
    issued: Option<types::Credentials>,
    asked_for: Duration,
    date: Option<Timestamp>,
) -> Result<Assumed, String> {
    let issued = issued.ok_or("has no session")?;
    let expires_at = Timestamp::from_second(issued.expiration.secs()).map_err(|_| "has a session without an end")?;
    let parts = [
        ("an access key id", &issued.access_key_id),
        ("a secret access key", &issued.secret_access_key),
        ("a session token", &issued.session_token),
    ];
    if let Some((part, flaw)) = parts.into_iter().find_map(|(part, value)| Some((part, flaw(value)?))) {
        return Err(format!("has {part} that {flaw}"));
    }
    let credentials = SessionCredentials::new(issued.access_key_id, issued.secret_access_key, issued.session_token);
    Ok(Assumed { credentials, expires_at, asked_for, date })
}
