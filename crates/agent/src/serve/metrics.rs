//! `/metrics`, for Prometheus: everything that `status` has as a number, and what was counted since the start
//! ([text format](https://prometheus.io/docs/instrumenting/exposition_formats/)).
//!
//! Promises that no secret is told and no request makes the agent do anything. The only name in it that somebody chose is
//! the alias.

use std::sync::Arc;

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rolecall_core::port::Clock;
use rolecall_rotator::{Report, RoleReport, State};
use tokio::net::TcpListener;
use tracing::info;

use crate::serve::answer::Answer;
use crate::serve::connections::{self, Served};
use crate::serve::documents::View;
use crate::serve::listener::{self, ALIVE, LIMITS};

const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Names of labels with their values.
type Labels<const N: usize> = [(&'static str, String); N];
type Gauges<const N: usize> = Family<Labels<N>, Gauge>;

/// Answers whoever collects metrics.
pub(crate) fn serve(listener: TcpListener, view: Arc<View>, clock: Arc<dyn Clock>) -> Served {
    if let Ok(address) = listener.local_addr() {
        info!("metrics: http://{address}/metrics");
    }
    connections::serve(listener, LIMITS, clock, move |request| {
        let view = Arc::clone(&view);
        async move { answer(&view, request.method(), request.uri().path()).await }
    })
}

async fn answer(view: &View, method: &Method, path: &str) -> Answer {
    if path != "/metrics" {
        return listener::answer(StatusCode::NOT_FOUND, "", Vec::new());
    }
    if let Some(refusal) = listener::unless_reading(method) {
        return refusal;
    }
    let report = tokio::time::timeout(ALIVE, view.rotator.report()).await.unwrap_or_default();
    let Some(report) = report else { return listener::answer(StatusCode::SERVICE_UNAVAILABLE, "", Vec::new()) };
    let mut registry = Registry::with_prefix("rolecall");
    view.rotator.metrics().register(&mut registry);
    view.endpoint_requests.register(&mut registry);
    of_agent(&mut registry, view, &report);
    of_roles(&mut registry, &report.roles);
    let mut text = String::new();
    match prometheus_text::encode(&mut text, &registry) {
        Ok(()) => listener::answer(StatusCode::OK, CONTENT_TYPE, text.into_bytes()),
        // Writing to a string does not fail.
        Err(_) => listener::answer(StatusCode::INTERNAL_SERVER_ERROR, "", Vec::new()),
    }
}

/// What is of the agent as a whole.
fn of_agent(registry: &mut Registry, view: &View, report: &Report) {
    let build: Gauges<1> = Family::default();
    build.get_or_create(&[("version", env!("CARGO_PKG_VERSION").into())]).set(1);
    registry.register("build_info", "The version of this agent", build);
    gauge(registry, "start_time_seconds", "When the agent started, in Unix time", view.started_at.as_second());
    let skew = report.clock_skew.map_or(0, |skew| skew.as_secs());
    let help = "How far the wall clock is ahead of AWS, if it is more than two minutes wrong";
    gauge(registry, "wall_clock_skew_seconds", help, skew);
    let waiting = i64::try_from(report.waiting).unwrap_or(i64::MAX);
    gauge(registry, "sts_budget_waiting", "Roles that wait for their turn to call STS", waiting);
    let problems = i64::try_from(view.problem_count()).unwrap_or(i64::MAX);
    gauge(registry, "problems", "Settings that could not be used and files that could not be written", problems);
    let sinks: Gauges<1> = Family::default();
    for sink in &report.sinks {
        sinks.get_or_create(&[("sink", sink.name.into())]).set(i64::from(sink.fault.is_some()));
    }
    registry.register("sink_failing", "Whether the newest delivery to a writer of files failed", sinks);
}

/// How the roles stand.
fn of_roles(registry: &mut Registry, roles: &[RoleReport]) {
    let entries: Gauges<1> = Family::default();
    for state in [State::Pending, State::Fresh, State::Stale, State::Failed, State::Expired] {
        let count = roles.iter().filter(|role| role.state == state).count();
        entries.get_or_create(&[("state", state.as_str().into())]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("entries", "Roles that are kept assumed, by how they stand", entries);
    let seconds = |time: Option<Timestamp>| time.map(Timestamp::as_second);
    of_each(
        registry,
        "entry_expires_timestamp_seconds",
        "When the session that is held ends, in Unix time",
        roles,
        |role| seconds(role.expires_at),
    );
    let help = "When the session that is held was received, in Unix time";
    of_each(registry, "entry_issued_timestamp_seconds", help, roles, |role| seconds(role.issued_at));
    of_each(registry, "entry_next_refresh_timestamp_seconds", "When STS is asked next, in Unix time", roles, |role| {
        seconds(role.next_attempt_at)
    });
    let help = "The length of session that STS was asked for";
    of_each(registry, "entry_asked_for_seconds", help, roles, |role| {
        role.asked_for.and_then(|time| i64::try_from(time.as_secs()).ok())
    });
    of_each(registry, "entry_session_version", "The number of the newest session, 0 before the first", roles, |role| {
        i64::try_from(role.version).ok()
    });
    of_each(registry, "entry_attempt_under_way", "Whether STS is being asked", roles, |role| {
        Some(i64::from(role.attempt_under_way))
    });
    let faults: Gauges<2> = Family::default();
    for role in roles {
        if let Some((fault, since)) = &role.fault {
            let labels = [("alias", role.role.alias.to_string()), ("fault", fault.kind.to_string())];
            faults.get_or_create(&labels).set(since.as_second());
        }
    }
    registry.register("entry_fault_since_timestamp_seconds", "Since when calls to STS fail, in Unix time", faults);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

/// One number for each role that has it.
fn of_each(
    registry: &mut Registry,
    name: &str,
    help: &str,
    roles: &[RoleReport],
    value: impl Fn(&RoleReport) -> Option<i64>,
) {
    let family: Gauges<1> = Family::default();
    for role in roles {
        if let Some(value) = value(role) {
            family.get_or_create(&[("alias", role.role.alias.to_string())]).set(value);
        }
    }
    registry.register(name, help, family);
}

#[cfg(test)]
mod tests;
