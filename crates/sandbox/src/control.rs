//! The knobs of a running sandbox, for whoever holds it in the same process.
//!
//! The same knobs are served over HTTP by [`crate::routes`].

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use rolecall_core::RoleArn;

use crate::WallClock;
use crate::calls::{Call, CallLog};
use crate::config::{Config, Role};
use crate::faults::{Faults, FaultsError};
use crate::issuer_key::{IssuerKey, TokenClaims};
use crate::mint::Mint;
use crate::policy::{Malformed, Policy};
use crate::sigv4::Signable;
use crate::sources::{self, Logins, Source, Sources};
use crate::sts::{Reply, Sts};
use crate::throttle::Throttles;
use crate::world::{ChangedTrust, World};

/// How long a token holds when nobody says.
const TOKEN_SECONDS: i64 = 3600;

/// The longest that a token may hold: a hundred years.
const MAX_SECONDS: i64 = 100 * 366 * 86_400;

/// A handle to the faults and the call log of a sandbox. Clones are the same sandbox.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

struct Shared {
    config: Config,
    mint: Mint,
    clock: WallClock,
    serial: AtomicU64,
    issuer_key: IssuerKey,
    in_force: Mutex<Arc<InForce>>,
    changed_trust: Mutex<Arc<ChangedTrust>>,
    calls: Mutex<CallLog>,
    logins: Logins,
}

/// Faults, and what they have counted since they were set.
pub(crate) struct InForce {
    pub(crate) faults: Faults,
    throttles: Throttles,
}

impl From<Faults> for InForce {
    fn from(faults: Faults) -> Self {
        Self { throttles: Throttles::new(&faults), faults }
    }
}

/// Why a token cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The world has no such provider, or it has keys of its own.
    #[error("{0:?} is not an identity provider that this sandbox plays")]
    UnknownIssuer(String),
    /// Nobody said which, and there is not exactly one.
    #[error("the sandbox plays {0} identity providers, so the issuer must be named")]
    WhichIssuer(usize),
    /// The end of the token is no time.
    #[error("expires_in_seconds: {0} is over a hundred years")]
    Lifetime(i64),
}

/// Why the trust policy of a role cannot be shown or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustPolicyError {
    /// The world has no such role.
    #[error("{0:?} is not the ARN of a role of this sandbox")]
    UnknownRole(String),
    /// What is to be put in its place is no trust policy.
    #[error("the trust policy of {role} is malformed: {problem}")]
    Malformed {
        /// The role.
        role: RoleArn,
        /// What is wrong.
        problem: String,
    },
}

/// What a token is to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRequest {
    /// The URL of a provider that the sandbox plays; none: the only one.
    pub issuer: Option<String>,
    /// Whom the token is about, such as `system:serviceaccount:default:app`.
    pub sub: String,
    /// For whom it is; none: the first audience of the provider.
    pub aud: Option<String>,
    /// How long it holds, by the clock of the sandbox; none: an hour. Negative: it is over already.
    pub expires_in_seconds: Option<i64>,
}

impl Control {
    pub(crate) fn new(config: Config, clock: WallClock) -> Self {
        let mint = Mint::new(&config.seed);
        let shared = Shared {
            issuer_key: IssuerKey::new(&mint),
            mint,
            config,
            clock,
            serial: AtomicU64::new(0),
            in_force: Mutex::new(Arc::new(Faults::default().into())),
            changed_trust: Mutex::default(),
            calls: Mutex::default(),
            logins: Logins::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The world that the sandbox was started with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.in_force().faults.clone()
    }

    /// Puts `faults` in the place of those in force, from the next call on.
    ///
    /// # Errors
    /// When one of them could never show; then nothing changes.
    pub fn set_faults(&self, faults: Faults) -> Result<(), FaultsError> {
        faults.check(&self.shared.config)?;
        *lock(&self.shared.in_force) = Arc::new(faults.into());
        Ok(())
    }

    /// The JSON of the trust policy in force of a role, by ARN.
    ///
    /// # Errors
    /// When the world has no such role.
    pub fn trust_policy(&self, role: &str) -> Result<String, TrustPolicyError> {
        let (arn, role) = self.role(role)?;
        Ok(self.changed_trust().get(arn).unwrap_or(&role.trust).text().to_owned())
    }

    /// Puts `json` in the place of the trust policy of a role, from the next call on.
    ///
    /// # Errors
    /// When the world has no such role, or `json` is no trust policy; then nothing changes.
    pub fn set_trust_policy(&self, role: &str, json: &str) -> Result<(), TrustPolicyError> {
        let (arn, _) = self.role(role)?;
        let malformed = |Malformed(problem)| TrustPolicyError::Malformed { role: arn.clone(), problem };
        let policy = Policy::trust(json).map_err(malformed)?;
        Arc::make_mut(&mut lock(&self.shared.changed_trust)).insert(arn.clone(), policy);
        Ok(())
    }

    /// Brings back the trust policy that a role has in the world that the sandbox was started with.
    ///
    /// # Errors
    /// When the world has no such role.
    pub fn reset_trust_policy(&self, role: &str) -> Result<(), TrustPolicyError> {
        let (arn, _) = self.role(role)?;
        Arc::make_mut(&mut lock(&self.shared.changed_trust)).remove(arn);
        Ok(())
    }

    fn role(&self, arn: &str) -> Result<(&RoleArn, &Role), TrustPolicyError> {
        let role = arn.parse().ok().and_then(|arn: RoleArn| self.shared.config.roles.get_key_value(&arn));
        role.ok_or_else(|| TrustPolicyError::UnknownRole(arn.into()))
    }

    fn changed_trust(&self) -> Arc<ChangedTrust> {
        Arc::clone(&lock(&self.shared.changed_trust))
    }

    /// The newest calls, from old to new; at most 10,000.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.with_calls(CallLog::to_vec)
    }

    /// Empties the call log.
    pub fn clear_calls(&self) {
        *lock(&self.shared.calls) = CallLog::default();
    }

    pub(crate) fn with_calls<T>(&self, read: impl FnOnce(&CallLog) -> T) -> T {
        read(&lock(&self.shared.calls))
    }

    /// Makes a token of an identity provider that the sandbox plays.
    ///
    /// # Errors
    /// When it plays no such provider, or the token would end beyond all time.
    pub fn token(&self, request: &TokenRequest) -> Result<String, TokenError> {
        let Shared { config, issuer_key, .. } = &*self.shared;
        let TokenRequest { issuer, sub, aud, expires_in_seconds } = request;
        let issuer = match issuer {
            Some(issuer) => issuer.as_str(),
            None => {
                let played: Vec<&str> = config.played_issuers().collect();
                let [only] = played[..] else { return Err(TokenError::WhichIssuer(played.len())) };
                only
            }
        };
        let default = config.default_audience(issuer).ok_or_else(|| TokenError::UnknownIssuer(issuer.into()))?;
        let seconds = expires_in_seconds.unwrap_or(TOKEN_SECONDS);
        if seconds.unsigned_abs() > MAX_SECONDS.unsigned_abs() {
            return Err(TokenError::Lifetime(seconds));
        }
        let now = self.now(&self.in_force().faults).as_second();
        let exp = now + seconds;
        let nbf = now.min(exp);
        let claims = TokenClaims { iss: issuer, sub, aud: aud.as_deref().unwrap_or(default), iat: nbf, nbf, exp };
        Ok(issuer_key.sign(&claims))
    }

    /// The public keys of the identity providers that the sandbox plays.
    pub(crate) fn issuer_key(&self) -> &IssuerKey {
        &self.shared.issuer_key
    }

    pub(crate) fn in_force(&self) -> Arc<InForce> {
        Arc::clone(&lock(&self.shared.in_force))
    }

    /// The time that STS believes in.
    pub(crate) fn now(&self, faults: &Faults) -> Timestamp {
        let now = (self.shared.clock)();
        now.checked_add(SignedDuration::from_secs(faults.clock_offset_seconds)).unwrap_or(now)
    }

    /// An id for an answer that is not STS's.
    pub(crate) fn next_request_id(&self) -> String {
        self.shared.mint.request_id(self.next_serial())
    }

    pub(crate) fn mint(&self) -> &Mint {
        &self.shared.mint
    }

    pub(crate) fn logins(&self) -> &Logins {
        &self.shared.logins
    }

    pub(crate) fn next_serial(&self) -> u64 {
        self.shared.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// Answers one call of STS and writes it into the log.
    pub(crate) fn answer(&self, in_force: &InForce, request: Signable<'_>) -> Answer {
        let Shared { config, mint, issuer_key, .. } = &*self.shared;
        let InForce { faults, throttles } = in_force;
        let changed_trust = &*self.changed_trust();
        let sts = Sts { world: World { config, mint, faults, changed_trust }, issuer_key, throttles };
        let Reply { status, body, call } = sts.answer(self.now(faults), self.next_serial(), request);
        let latency = Duration::from_millis(faults.latency_ms(call.role.as_deref()));
        let request_id = call.request_id.clone();
        lock(&self.shared.calls).push(call);
        Answer { status, body, request_id, latency }
    }

    /// Answers one call of another source of base credentials and writes it into the log.
    pub(crate) fn answer_at(&self, in_force: &InForce, source: Source, request: sources::Request<'_>) -> SourceAnswer {
        let Shared { config, mint, logins, .. } = &*self.shared;
        let InForce { faults, throttles } = in_force;
        let sources = Sources { config, mint, faults, throttles, logins };
        let sources::Reply { response, call } = sources.answer(source, self.now(faults), self.next_serial(), request);
        let latency = Duration::from_millis(faults.latency_ms(call.role.as_deref()));
        let request_id = call.request_id.clone();
        lock(&self.shared.calls).push(call);
        SourceAnswer { response, request_id, latency }
    }
}

/// What the client of a call gets, and when.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// None: the connection is closed without an answer.
    pub(crate) body: Option<String>,
    pub(crate) request_id: String,
    /// How long it is held back.
    pub(crate) latency: Duration,
}

/// The same of a source of base credentials that is not STS.
pub(crate) struct SourceAnswer {
    pub(crate) response: Option<Response<Full<Bytes>>>,
    pub(crate) request_id: String,
    pub(crate) latency: Duration,
}

/// A panic elsewhere must not stop the sandbox: what is behind these locks is always whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
