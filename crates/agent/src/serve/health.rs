//! Probes over HTTP, for whoever starts the agent and wants to know that it works: `/healthz/live` and `/healthz/ready`.
//!
//! Promises that nothing but numbers is told, that no request makes the agent do anything, and that a client which says
//! nothing holds nothing up.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tracing::{debug, info};

use crate::serve::documents::View;
use crate::serve::summary::Summary;

/// How long a probe may take to ask, and in all. The answer is at hand.
const HEAD_TIME: Duration = Duration::from_secs(1);
const CONNECTION_TIME: Duration = Duration::from_secs(5);
/// How long the task that keeps the roles may take to say that it is alive.
const ALIVE: Duration = Duration::from_secs(2);
/// The most probes at once; one more ends the oldest, so that whoever says nothing keeps nobody out.
const CONNECTIONS: usize = 32;
/// The most bytes of a request's head: the least that hyper takes.
const HEAD_BYTES: usize = 8192;
/// How long to wait when the system gives no connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The probes could not be offered.
#[derive(Debug, thiserror::Error)]
#[error("listen on {address} for health probes: {source}; name another address")]
pub struct HealthError {
    /// The address.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// A listener that waits to be served.
pub(crate) struct Health(TcpListener);

/// One that is served, until it is dropped.
pub(crate) struct Probes(JoinHandle<()>);

/// What a probe is told.
#[derive(Serialize)]
struct Told {
    live: bool,
    ready: bool,
    roles: usize,
    held: usize,
}

impl Health {
    /// Listens on `address`.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, HealthError> {
        match TcpListener::bind(address).await {
            Ok(listener) => Ok(Self(listener)),
            Err(source) => Err(HealthError { address, source }),
        }
    }

    /// Answers probes.
    pub(crate) fn serve(self, view: Arc<View>) -> Probes {
        if let Ok(address) = self.0.local_addr() {
            info!("health probes: http://{address}/healthz/live and /healthz/ready");
        }
        Probes(tokio::spawn(serve(self.0, view)))
    }
}

impl Probes {
    /// Ends them. The address is free again when this returns.
    pub(crate) async fn stop(mut self) {
        self.0.abort();
        // Ended by the abort; there is nothing to learn from it.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(listener: TcpListener, view: Arc<View>) {
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    let mut by_age: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                by_age.retain(|connection| !connection.is_finished());
                if by_age.len() == CONNECTIONS
                    && let Some(oldest) = by_age.pop_front()
                {
                    oldest.abort();
                }
                by_age.push_back(connections.spawn(converse(stream, Arc::clone(&view))));
            }
            Err(error) => {
                debug!("accept a probe: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(stream: TcpStream, view: Arc<View>) {
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let view = Arc::clone(&view);
        async move { Ok::<_, Infallible>(answer(&view, request.method(), request.uri().path()).await) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(CONNECTION_TIME, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!("a probe ended badly: {error}"),
        Err(_) => debug!("a probe was cut after {} s", CONNECTION_TIME.as_secs()),
    }
}

async fn answer(view: &View, method: &Method, path: &str) -> Response<Full<Bytes>> {
    let is_live: fn(&Told) -> bool = match path {
        "/healthz/live" => |told| told.live,
        "/healthz/ready" => |told| told.live && told.ready,
        _ => return empty(StatusCode::NOT_FOUND),
    };
    if method != Method::GET && method != Method::HEAD {
        let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    // None when the task that keeps the roles does not answer.
    let report = tokio::time::timeout(ALIVE, view.rotator.report()).await.unwrap_or_default();
    let Summary { roles, held } = report.as_ref().map(Summary::of).unwrap_or_default();
    let told = Told { live: report.is_some(), ready: view.is_ready(), roles, held };
    let mut answer = empty(if is_live(&told) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE });
    // Numbers and truth values only.
    *answer.body_mut() = Full::new(Bytes::from(serde_json::to_vec(&told).unwrap_or_default()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests;
