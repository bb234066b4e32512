//! What is answered to which path.
//!
//! Nothing but a 200 holds a secret: clients print other bodies.

use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use rolecall_core::{Fault, FaultKind};
use rolecall_formats::{container, process};
use rolecall_rotator::{NotServed, Served};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Api, SESSION_TIME, refresh};
use crate::serve::wire::{ErrorDocument, PROTOCOL, PROTOCOL_HEADER, code};

pub(super) type Answer = Response<Full<Bytes>>;

/// The shape of credentials.
#[derive(Clone, Copy)]
enum Shape {
    /// As a container endpoint answers.
    Container,
    /// As a `credential_process` prints.
    Process,
}

/// The answer to one request.
pub(super) async fn answer<B>(api: &Api, request: Request<B>) -> Answer
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let mut answer = match (parts.uri.path(), parts.uri.path().strip_prefix("/v1/credentials/")) {
        ("/v1/refresh", _) if parts.method != Method::POST => not_allowed(&parts.method, "POST"),
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
            let action = "ask for /v1/credentials/<alias>, /v1/profiles, /v1/status or /v1/refresh";
            refuse(StatusCode::NOT_FOUND, code::NOT_FOUND, format!("there is nothing at {path:?}"), action)
        }
    };
    let headers = answer.headers_mut();
    headers.insert(PROTOCOL_HEADER, HeaderValue::from(PROTOCOL));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn shape(query: Option<&str>) -> Option<Shape> {
    match query {
        None | Some("" | "form=container") => Some(Shape::Container),
        Some("form=process") => Some(Shape::Process),
        Some(_) => None,
    }
}

async fn credentials(api: &Api, alias: &str, shape: Shape) -> Answer {
    let served = match alias.parse() {
        Ok(alias) => api.view.rotator.session(&alias, SESSION_TIME).await,
        Err(_) => Err(NotServed::Unknown),
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
    Response::new(Full::new(Bytes::from_owner(Secret(document))))
}

/// A body that is wiped when it has been sent.
struct Secret(Zeroizing<String>);

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn failed(fault: &Fault) -> Answer {
    let status = match fault.kind {
        FaultKind::Denied => StatusCode::FORBIDDEN,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    refuse(status, fault.kind.as_str(), fault.message.clone(), &fault.action)
}

/// Whoever asks has to ask the next agent.
pub(super) fn stopping() -> Answer {
    let message = "the agent is about to end".into();
    refuse(StatusCode::SERVICE_UNAVAILABLE, code::STOPPING, message, "start it again")
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

fn not_allowed(method: &Method, allowed: &'static str) -> Answer {
    let message = format!("{method} is not answered");
    let mut answer =
        refuse(StatusCode::METHOD_NOT_ALLOWED, code::METHOD_NOT_ALLOWED, message, &format!("send a {allowed}"));
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

pub(super) fn refuse(status: StatusCode, code: &str, message: String, action: &str) -> Answer {
    json(status, &ErrorDocument { code: code.into(), message, action: action.into() })
}

pub(super) fn json(status: StatusCode, document: &impl Serialize) -> Answer {
    // Strings, numbers and lists of them: there is nothing that JSON could not hold.
    let body = serde_json::to_vec(document).unwrap_or_default();
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer
}
