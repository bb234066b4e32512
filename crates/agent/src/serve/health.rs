//! Probes over HTTP, for whoever starts the agent and wants to know that it works: `/healthz/live` and `/healthz/ready`.
//!
//! Promises that nothing but numbers is told, that no request makes the agent do anything, and that a client which says
//! nothing holds nothing up.

use std::sync::Arc;

use hyper::{Method, StatusCode};
use rolecall_core::port::Clock;
use serde::Serialize;
use tokio::net::TcpListener;
use tracing::info;

use crate::serve::answer::Answer;
use crate::serve::connections::{self, Served};
use crate::serve::documents::View;
use crate::serve::listener::{self, ALIVE, LIMITS};
use crate::serve::summary::Summary;

/// What a probe is told.
#[derive(Serialize)]
struct Told {
    live: bool,
    ready: bool,
    roles: usize,
    held: usize,
}

/// Answers probes.
pub(crate) fn serve(listener: TcpListener, view: Arc<View>, clock: Arc<dyn Clock>) -> Served {
    if let Ok(address) = listener.local_addr() {
        info!("health probes: http://{address}/healthz/live and /healthz/ready");
    }
    connections::serve(listener, LIMITS, clock, move |request| {
        let view = Arc::clone(&view);
        async move { answer(&view, request.method(), request.uri().path()).await }
    })
}

async fn answer(view: &View, method: &Method, path: &str) -> Answer {
    let is_live: fn(&Told) -> bool = match path {
        "/healthz/live" => |told| told.live,
        "/healthz/ready" => |told| told.live && told.ready,
        _ => return listener::answer(StatusCode::NOT_FOUND, "", Vec::new()),
    };
    if let Some(refusal) = listener::unless_reading(method) {
        return refusal;
    }
    // None when the task that keeps the roles does not answer.
    let report = tokio::time::timeout(ALIVE, view.rotator.report()).await.unwrap_or_default();
    let Summary { roles, held } = report.as_ref().map(Summary::of).unwrap_or_default();
    let told = Told { live: report.is_some(), ready: view.is_ready(), roles, held };
    let status = if is_live(&told) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // Numbers and truth values only.
    listener::answer(status, "application/json", serde_json::to_vec(&told).unwrap_or_default())
}

#[cfg(test)]
mod tests;
