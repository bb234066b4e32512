//! `AssumeRole` itself: which Region to ask, for how long, and what STS's clock said.
//!
//! Promises an end within [`LIMIT`], one session per call, and one more try at once when the base that was at hand has
//! been rejected and its source may have newer credentials. Further tries are left to the caller.

mod probe;
mod retry;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use aws_sdk_sts::types::PolicyDescriptorType;
use jiff::Timestamp;
use rolecall_core::{AssumeRole, Assumed, Fault, FaultKind, Role, RoleKey, SessionCredentials};

use crate::base::{Base, Cache, Loaded, Seams};
use crate::fault::{self, Call, Failed};
use crate::quiet::quiet;
use crate::region;
use crate::value::flaw;
use probe::Probe;
pub(crate) use retry::NoThrottledRetry;

/// The longest that one call takes, loading the base included.
const LIMIT: Duration = Duration::from_secs(25);

/// The longest session that STS gives to somebody who is a role session himself
/// ([role chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining)).
const CHAINED: Duration = Duration::from_secs(3600);

/// Assumes roles at STS with the credentials of a [`Base`]. One value serves all roles at once.
pub struct Sts {
    base: Cache,
    /// The access key id of the base that AWS accepted last.
    accepted: Mutex<Option<String>>,
    /// The roles whose shortened duration has been logged.
    told: Mutex<HashSet<RoleKey>>,
}

impl Sts {
    /// Makes no call and reads nothing yet.
    #[must_use]
    pub fn new(base: Base) -> Self {
        let seams = Seams::real(&base);
        Self::with(base, seams)
    }

    pub(crate) fn with(base: Base, seams: Seams) -> Self {
        Self { base: Cache::new(base, seams), accepted: Mutex::default(), told: Mutex::default() }
    }

    async fn attempt(&self, role: &Role) -> Result<Assumed, Fault> {
        let before = self.base.loads();
        let fallback = region::first_of(role.arn.partition());
        loop {
            let base = self.base.get(fallback.as_ref()).await?;
            let Failed { fault, base_rejected } = match self.ask(&base, role).await {
                Ok(assumed) => return Ok(assumed),
                Err(failed) => failed,
            };
            // Denied may mean that the files name somebody else by now, so they are read again before the next attempt.
            if base_rejected || fault.kind == FaultKind::Denied {
                self.base.discard(&base).await;
            }
            if !base_rejected || base.number > before {
                return Err(fault);
            }
        }
    }

    async fn ask(&self, base: &Loaded, role: &Role) -> Result<Assumed, Failed> {
        let of_others = |fault| Failed { fault, base_rejected: false };
        let region = region::choose(role, base.region.as_ref()).map_err(of_others)?;
        let asked_for = self.duration(base, role).await;
        let probe = Probe::default();
        let request = base
            .client
            .assume_role()
            .role_arn(role.arn.to_string())
            .role_session_name(role.session_name.as_str())
            .duration_seconds(i32::try_from(asked_for.as_secs()).unwrap_or(i32::MAX))
            .set_external_id(role.external_id.as_ref().map(ToString::to_string))
            .set_policy(role.session_policy.document().map(str::to_owned))
            .set_policy_arns(policy_arns(role))
            .customize()
            .config_override(aws_sdk_sts::Config::builder().region(region))
            .interceptor(probe.clone())
            .send();
        let answer = quiet(request).await;
        let known = self.is_known(&base.credentials);
        let call = Call { attempted: format!("assume {}", role.arn), host: probe.host(), known };
        let outcome = match answer {
            Ok(output) => {
                assumed(output, asked_for, probe.date()).map_err(|why| of_others(fault::no_session(&call, &why)))
            }
            Err(err) => Err(fault::of_call(&call, &err, &base.credentials)),
        };
        if outcome.is_ok() {
            let id = Some(base.credentials.access_key_id().to_owned());
            *self.accepted.lock().unwrap_or_else(PoisonError::into_inner) = id;
        }
        outcome
    }

    /// Whether AWS has given a session for these credentials.
    fn is_known(&self, credentials: &Credentials) -> bool {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.as_deref() == Some(credentials.access_key_id())
    }

    /// The duration to ask for: the role's, unless the base is a role session, which gets an hour at most.
    async fn duration(&self, base: &Loaded, role: &Role) -> Duration {
        if role.duration <= CHAINED || !base.is_role_session().await {
            return role.duration;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(role.key()) {
            tracing::info!(
                alias = %role.alias,
                asked_seconds = CHAINED.as_secs(),
                wanted_seconds = role.duration.as_secs(),
                "the base is a role session, so AWS gives its roles one hour at most"
            );
        }
        CHAINED
    }
}

/// The managed policies of a role's session policy; none when there is none.
fn policy_arns(role: &Role) -> Option<Vec<PolicyDescriptorType>> {
    let arns = role.session_policy.arns().iter().map(|arn| PolicyDescriptorType::builder().arn(arn.as_str()).build());
    Some(arns.collect()).filter(|arns: &Vec<_>| !arns.is_empty())
}

/// The answer in our words.
///
/// # Errors
/// What about it is unlike a session; no part of the answer itself.
fn assumed(output: AssumeRoleOutput, asked_for: Duration, date: Option<Timestamp>) -> Result<Assumed, String> {
    let issued = output.credentials.ok_or("has no session")?;
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

#[async_trait]
impl AssumeRole for Sts {
    async fn assume_role(&self, role: &Role) -> Result<Assumed, Fault> {
        match tokio::time::timeout(LIMIT, self.attempt(role)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(fault::timed_out(
                &Call { attempted: format!("assume {}", role.arn), host: None, known: false },
                LIMIT,
            )),
        }
    }
}
