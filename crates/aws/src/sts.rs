//! Assumes roles: with whose credentials, at which Region, for how long, and what STS's clock said.
//!
//! Promises an end within [`LIMIT`], one session per call, and one more try at once when the base that was at hand has
//! been rejected and its source may have newer credentials. Further tries are left to the caller. How a role becomes a
//! request is in `request`.

pub(crate) mod probe;
mod request;
mod retry;
pub(crate) mod token_file;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sts::config::Credentials;
use rolecall_core::source::TokenFile;
use rolecall_core::{AssumeRole, Assumed, Fault, FaultKind, Role, RoleKey, Session, SessionCredentials, Source};

use crate::base::{Base, Loaded, Seams, Wanted};
use crate::fault::{self, Call, Failed, Secrets, With};
use crate::region;
use crate::sources::Sources;
pub(crate) use retry::NoThrottledRetry;

/// The longest that one call takes, loading the base included.
const LIMIT: Duration = Duration::from_secs(25);

/// The longest session that STS gives to somebody who is a role session himself
/// ([role chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining)).
const CHAINED: Duration = Duration::from_secs(3600);

/// Assumes roles at STS, each with the credentials of its source. One value serves all roles at once.
pub struct Sts {
    pub(crate) sources: Sources,
    /// The access key ids of base credentials that AWS has accepted, the newest of each source.
    accepted: Mutex<HashMap<Wanted, String>>,
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
        Self { sources: Sources::new(base, seams), accepted: Mutex::default(), told: Mutex::default() }
    }

    async fn attempt(&self, role: &Role, parent: Option<&Session>) -> Result<Assumed, Fault> {
        match &role.source {
            Source::Base | Source::Provider(_) | Source::Profile(_) => self.with_base(role).await,
            Source::WebIdentity(file) => self.with_token(role, file).await,
            Source::Role(source) => match parent {
                Some(session) => self.with_session(role, With::Session(source.role().alias.clone()), session).await,
                None => Err(no_parent(role)),
            },
        }
    }

    /// With credentials that the default chain, or a part of it, gives.
    async fn with_base(&self, role: &Role) -> Result<Assumed, Fault> {
        let cache = self.sources.of(&role.source);
        let before = cache.loads();
        let fallback = region::first_of(role.arn.partition());
        loop {
            let base = cache.get(fallback.as_ref()).await?;
            let Failed { fault, base_rejected } = match self.ask_as_base(&base, role).await {
                Ok(assumed) => return Ok(assumed),
                Err(failed) => failed,
            };
            // Denied may mean that the files name somebody else by now, so they are read again before the next attempt.
            if base_rejected || fault.kind == FaultKind::Denied {
                cache.discard(&base).await;
            }
            if !base_rejected || base.number > before {
                return Err(fault);
            }
        }
    }

    async fn ask_as_base(&self, base: &Loaded, role: &Role) -> Result<Assumed, Failed> {
        let of_others = |fault| Failed { fault, base_rejected: false };
        let region = region::choose(role, base.region.as_ref()).map_err(of_others)?;
        let is_chained = role.duration > CHAINED && base.is_role_session().await;
        let asked_for = if is_chained { self.chained(role) } else { role.duration };
        let known = base.credentials.as_ref().is_some_and(|credentials| self.is_known(&role.source, credentials));
        let secrets = base.credentials.as_ref().map_or(Secrets::None, Secrets::Of);
        let assumed =
            request::assume_role(base, role, region, asked_for, None).send(secrets, With::Base { known }).await?;
        if let Some(credentials) = &base.credentials {
            self.note_accepted(&role.source, credentials);
        }
        Ok(assumed)
    }

    /// With the session of another role. One that STS does not take is told as `base_expired`: its owner has it replaced.
    async fn with_session(&self, role: &Role, with: With, session: &Session) -> Result<Assumed, Fault> {
        let settings = self.settings(role).await?;
        let region = region::choose(role, settings.region.as_ref())?;
        let credentials = signing(&session.credentials);
        let request = request::assume_role(&settings, role, region, self.chained(role), Some(credentials.clone()));
        request.send(Secrets::Of(&credentials), with).await.map_err(|failed| failed.fault)
    }

    /// With the web identity token that is in the file now.
    async fn with_token(&self, role: &Role, file: &TokenFile) -> Result<Assumed, Fault> {
        let settings = self.settings(role).await?;
        let region = region::choose(role, settings.region.as_ref())?;
        let token = token_file::read(file, &attempted(role)).await?;
        let request = request::assume_role_with_web_identity(&settings, role, region, &token);
        request.send(Secrets::Token(&token), With::Token(file.clone())).await.map_err(|failed| failed.fault)
    }

    pub(crate) async fn settings(&self, role: &Role) -> Result<std::sync::Arc<Loaded>, Fault> {
        self.sources.of(&role.source).get(region::first_of(role.arn.partition()).as_ref()).await
    }

    /// Whether AWS has given a session for these credentials.
    fn is_known(&self, source: &Source, credentials: &Credentials) -> bool {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.get(&Wanted::by(source)).is_some_and(|id| id == credentials.access_key_id())
    }

    fn note_accepted(&self, source: &Source, credentials: &Credentials) {
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.insert(Wanted::by(source), credentials.access_key_id().to_owned());
    }

    /// The duration to ask for as a role session, which gets an hour at most.
    fn chained(&self, role: &Role) -> Duration {
        if role.duration <= CHAINED {
            return role.duration;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(role.key()) {
            tracing::info!(
                alias = %role.alias,
                asked_seconds = CHAINED.as_secs(),
                wanted_seconds = role.duration.as_secs(),
                "it is assumed with a role session, and AWS gives such a role one hour at most"
            );
        }
        CHAINED
    }
}

/// Fits behind "could not".
pub(crate) fn attempted(role: &Role) -> String {
    format!("assume {}", role.arn)
}

pub(crate) fn signing(credentials: &SessionCredentials) -> Credentials {
    let token = Some(credentials.session_token().to_owned());
    Credentials::new(credentials.access_key_id(), credentials.secret_access_key(), token, None, "rolecall")
}

fn no_parent(role: &Role) -> Fault {
    let message = format!("could not {}: the role that it is assumed from has become another one", attempted(role));
    Fault::new(FaultKind::Misconfigured, message, "start the command again, which takes the role as it is now")
}

#[async_trait]
impl AssumeRole for Sts {
    async fn assume_role(&self, role: &Role, parent: Option<&Session>) -> Result<Assumed, Fault> {
        let attempt = tokio::time::timeout(LIMIT, self.attempt(role, parent));
        attempt.await.unwrap_or_else(|_| {
            let call = Call { attempted: attempted(role), host: None, with: With::Base { known: false } };
            Err(fault::timed_out(&call, LIMIT))
        })
    }
}
