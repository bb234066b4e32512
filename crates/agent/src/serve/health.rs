//! Probes over HTTP, for whoever starts the agent and wants to know that it works: `/healthz/live` and `/healthz/ready`.
//!
//! Promises that nothing but numbers is told, that no request makes the agent do anything, and that a client which says
//! nothing holds nothing up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};
use rolecall_core::port::Clock;
use serde::Serialize;
use tokio::net::TcpListener;
use tracing::info;

use crate::serve::connections::{self, Limits, Served};
use crate::serve::documents::View;
use crate::serve::summary::Summary;

/// The answer is at hand, so nobody needs more.
const LIMITS: Limits = Limits { connections: 32, head: Duration::from_secs(1), keep_alive: false };
/// How long the task that keeps the roles may take to say that it is alive.
const ALIVE: Duration = Duration::from_secs(2);

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
    pub(crate) fn serve(self, view: Arc<View>, clock: Arc<dyn Clock>) -> Served {
        if let Ok(address) = self.0.local_addr() {
            info!("health probes: http://{address}/healthz/live and /healthz/ready");
        }
        connections::serve(self.0, LIMITS, clock, move |request| {
            let view = Arc::clone(&view);
            async move { answer(&view, request.method(), request.uri().path()).await }
        })
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
