//! What is answered to which path.
//!
//! Nothing but a 200 holds a secret: clients print other bodies.

use hyper::body::Body;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use rolecall_core::Alias;
use rolecall_formats::{container, process};
use rolecall_rotator::{NotServed, Served};

use super::{Api, SESSION_TIME, lease, refresh};
use crate::serve::answer::{self, Answer, failed, json, not_allowed, refuse, stopping};
use crate::serve::wire::{PROTOCOL, PROTOCOL_HEADER, code};

/// The shape of credentials.
#[derive(Clone, Copy)]
enum Shape {
    /// As a container endpoint answers.
    Container,
    /// As a `credential_process` prints.
    Process,
}

/// The answer to one request, and what is lent with it.
pub(super) async fn answer<B>(api: &Api, request: Request<B>) -> (Answer, Option<lease::Pending>)
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (mut answer, lent) = match request.uri().path() {
        "/v1/tokens" if request.method() == Method::POST => lease::answer(api, request).await,
        _ => (document(api, request).await, None),
    };
    let headers = answer.headers_mut();
    headers.insert(PROTOCOL_HEADER, HeaderValue::from(PROTOCOL));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (answer, lent)
}

async fn document<B>(api: &Api, request: Request<B>) -> Answer
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    match (parts.uri.path(), parts.uri.path().strip_prefix("/v1/credentials/")) {
        ("/v1/refresh" | "/v1/tokens", _) if parts.method != Method::POST => not_allowed(&parts.method, "POST"),
        ("/v1/refresh", _) => refresh::answer(api, body).await,
        ("/v1/profiles" | "/v1/status", _) | (_, Some(_)) if parts.method != Method::GET => {
            not_allowed(&parts.method, "GET")
        }
        (_, Some(alias)) => match shape(parts.uri.query()) {
            Some(shape) => credentials(api, alias, shape).await,
            None => {
                let message = format!("the query {:?} means nothing here", parts.uri.query().unwrap_or_default());
                refuse(StatusCode::BAD_REQUEST, code::BAD_REQUEST, message, "leave it out or send `form=process`")
            }
        },
        ("/v1/profiles", _) => json(StatusCode::OK, &api.view.profiles().await),
        ("/v1/status", _) => json(StatusCode::OK, &api.view.status().await),
        (path, _) => {
            let action = "ask for /v1/credentials/<alias>, /v1/profiles, /v1/status, /v1/refresh or /v1/tokens";
            refuse(StatusCode::NOT_FOUND, code::NOT_FOUND, format!("there is nothing at {path:?}"), action)
        }
    }
}

fn shape(query: Option<&str>) -> Option<Shape> {
    match query {
        None | Some("" | "form=container") => Some(Shape::Container),
        Some("form=process") => Some(Shape::Process),
        Some(_) => None,
    }
}

async fn credentials(api: &Api, alias: &str, shape: Shape) -> Answer {
    let served = match Alias::of_profile(alias).ok().or_else(|| api.keyring.lent(alias)) {
        Some(alias) => api.view.rotator.session(&alias, SESSION_TIME).await,
        None => Err(NotServed::Unknown),
    };
    let Served { role, session } = match served {
        Ok(served) => served,
        Err(NotServed::Unknown) => return unknown(api, alias).await,
        Err(NotServed::Failed(fault)) => return failed(&fault),
        Err(NotServed::Pending) => {
            let message = format!("AWS STS has not answered for {alias} within {} s", SESSION_TIME.as_secs());
            let action = "try again; `rolecall status` shows how it stands";
            return refuse(StatusCode::SERVICE_UNAVAILABLE, code::PENDING, message, action);
        }
        Err(NotServed::Stopped) => return stopping(),
    };
    let document = match shape {
        Shape::Container => container::document(&role, &session),
        Shape::Process => process::document(&role, &session, api.clock.now().wall),
    };
    answer::session(answer::secret(&document))
}

/// No role has that alias.
pub(super) async fn unknown(api: &Api, alias: &str) -> Answer {
    let profiles = api.view.profiles().await;
    let known: Vec<&str> = profiles.profiles.iter().map(|profile| profile.alias.as_str()).collect();
    let mut action = match known.as_slice() {
        [] => "set AWS_ROLE_1=<role ARN>:<name> for the agent; it has no role".to_owned(),
        known => format!("use one of {}", known.join(", ")),
    };
    if !profiles.problems.is_empty() {
        action.push_str("; some settings could not be used, `rolecall status` shows which");
    }
    refuse(StatusCode::NOT_FOUND, code::UNKNOWN_ALIAS, format!("the agent has no role named {alias:?}"), &action)
}
