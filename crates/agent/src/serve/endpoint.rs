//! The loopback endpoint: the container credentials provider of every AWS SDK asks here, over HTTP
//! ([container credentials](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html)).
//!
//! Promises what such a client counts on: an answer from memory, within [`WAIT`] when nothing is held, and never a session
//! that has ended; and what its owner counts on: nothing for anybody without the token of that very alias. Who is let in
//! is decided in `guard`; tokens are kept in [`crate::serve::keyring`].

mod bodies;
pub(crate) mod counts;
pub(crate) mod guard;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use rolecall_core::Alias;
use rolecall_core::port::Clock;
use rolecall_rotator::{NotServed, Rotator};
use tokio::net::TcpListener;

use crate::serve::answer::{self, Answer, refuse};
use crate::serve::connections::{self, Limits};
use crate::serve::keyring::Keyring;
use crate::serve::listener;
use crate::serve::wire::code;
use bodies::Bodies;
use counts::Counts;
use guard::{Asked, Guard, Refusal};

/// How long a role without a session is waited for: the AWS SDK for Java gives up after 1 s, botocore after 2 s.
const WAIT: Duration = Duration::from_millis(800);

/// How long behind the start a token that opens nothing is looked for again, and how often.
const SETTLING: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

const LIMITS: Limits = Limits { connections: 256, head: Duration::from_secs(5), keep_alive: true };

/// The endpoint could not be opened.
#[derive(Debug, thiserror::Error)]
#[error(
    "listen on {address} for programs that ask for credentials: {source}; name another address, or `false` for none"
)]
pub struct EndpointError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// An endpoint that is open: who connects waits to be served.
pub(crate) struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
}

/// What the answers are made from.
struct Api {
    rotator: Rotator,
    keyring: Arc<Keyring>,
    guard: Guard,
    counts: Counts,
    bodies: Bodies,
    clock: Arc<dyn Clock>,
    /// By the boot clock.
    started: Duration,
}

impl Endpoint {
    /// Listens on `address`. When any port will do, on that of the endpoint `before` if it is free: programs that run hold
    /// its URL.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub(crate) async fn open(address: SocketAddr, before: Option<SocketAddr>) -> Result<Self, EndpointError> {
        let before = before.filter(|before| address.port() == 0 && before.ip() == address.ip());
        let again = match before {
            Some(before) => listener::bind(before).inspect_err(|error| {
                let lost = "programs that have the URL of the endpoint before must be started again";
                tracing::warn!("listen on {before} as before: {error}; {lost}");
            }),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        let failed = |source| EndpointError { address, source };
        let listener = match again {
            Ok(listener) => listener,
            Err(_) => listener::bind(address).map_err(failed)?,
        };
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// An endpoint on any port of the loopback address.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn on_any_port() -> Result<Self, EndpointError> {
        Self::open((Ipv4Addr::LOCALHOST, 0).into(), None).await
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves it.
    pub(crate) fn serve(
        self,
        rotator: Rotator,
        keyring: Arc<Keyring>,
        counts: Counts,
        clock: Arc<dyn Clock>,
    ) -> connections::Served {
        let (guard, bodies, started) = (Guard::of(self.address), Bodies::default(), clock.now().boot);
        let api = Arc::new(Api { rotator, keyring, guard, counts, bodies, clock: Arc::clone(&clock), started });
        connections::serve(self.listener, LIMITS, clock, move |request| {
            let api = Arc::clone(&api);
            async move { api.answer(request).await }
        })
    }
}

impl Api {
    async fn answer<B>(&self, request: Request<B>) -> Answer {
        let (parts, _) = request.into_parts();
        let mut answer = match self.guard.admit(&parts) {
            Ok(asked) => self.credentials(asked).await,
            Err(refusal) => self.refused(refusal),
        };
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }

    async fn credentials(&self, Asked { name, token }: Asked<'_>) -> Answer {
        let Some(alias) = self.opened(name, token).await else {
            let settles = self.is_settling();
            return self.refused(if settles { Refusal::Settling } else { Refusal::WrongToken });
        };
        match self.rotator.session(&alias, WAIT).await {
            Ok(served) => {
                self.counts.ok();
                answer::session(self.bodies.of(&served))
            }
            Err(NotServed::Failed(fault)) => {
                self.counts.refused(fault.kind.as_str());
                answer::failed(&fault)
            }
            Err(NotServed::Pending) => {
                self.counts.refused(code::PENDING);
                let message = format!("AWS STS is being asked for {alias} and has not answered yet");
                refuse(StatusCode::SERVICE_UNAVAILABLE, code::PENDING, message, "try again in a second")
            }
            // The token was right a moment ago.
            Err(NotServed::Unknown) => {
                self.counts.refused(code::UNKNOWN_ALIAS);
                let message = format!("the agent keeps no role named {alias} any more");
                refuse(StatusCode::NOT_FOUND, code::UNKNOWN_ALIAS, message, "define it again, or use another one")
            }
            Err(NotServed::Stopped) => {
                self.counts.refused(code::STOPPING);
                answer::stopping()
            }
        }
    }

    /// What a token opens. One that opens nothing is given a moment behind the start: commands whose agent went ask this one
    /// for their leases again, and their programs may be quicker.
    async fn opened(&self, name: &str, token: &[u8]) -> Option<Alias> {
        let mut waited = Duration::ZERO;
        loop {
            let alias = self.keyring.open(name, token);
            if alias.is_some() || waited >= WAIT || !self.is_settling() {
                return alias;
            }
            tokio::time::sleep(PAUSE).await;
            waited += PAUSE;
        }
    }

    fn is_settling(&self) -> bool {
        self.clock.now().boot < self.started + SETTLING
    }

    fn refused(&self, refusal: Refusal) -> Answer {
        let (status, code) = refusal.status_and_code();
        self.counts.refused(code);
        let answer = refuse(status, code, refusal.to_string(), refusal.action());
        if refusal == Refusal::Method { answer::allowing(answer, "GET") } else { answer }
    }
}

#[cfg(test)]
mod tests;
