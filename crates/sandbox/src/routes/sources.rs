//! The part of the control endpoint that lets programs in at the sources of base credentials.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{error, ok};
use crate::control::Control;
use crate::sources::{ContainerTokenRequest, LoginRequest};

/// Answers with the file that belongs into `~/.aws/sso/cache`.
pub(super) fn make_login(control: &Control, body: &[u8]) -> Response<Full<Bytes>> {
    let body = if body.is_empty() { b"{}" } else { body };
    let made = read::<LoginRequest>(body).and_then(|request| control.login(&request).map_err(|e| e.to_string()));
    match made {
        Ok(login) => ok(&login),
        Err(message) => {
            let action = "send an object such as {\"access_seconds\": 3600}, or nothing";
            error(StatusCode::BAD_REQUEST, "BadLogin", message, action)
        }
    }
}

pub(super) fn end_logins(control: &Control) -> Response<Full<Bytes>> {
    control.end_logins();
    ok(&json!({}))
}

/// Answers with the token alone, without a line break, so that it can be put into a file as it is.
pub(super) fn make_container_token(control: &Control, body: &[u8]) -> Response<Full<Bytes>> {
    let request = read::<ContainerTokenRequest>(body);
    match request.and_then(|request| control.container_token(&request).map_err(|e| e.to_string())) {
        Ok(token) => {
            let mut response = Response::new(Full::new(token.into()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            response
        }
        Err(message) => {
            let action = "send an object such as {\"role\": \"arn:aws:iam::123456789012:role/MyFirstRole\"}";
            error(StatusCode::BAD_REQUEST, "BadContainerToken", message, action)
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let read = serde_json::from_slice(body).and_then(|map| serde_json::from_value(Value::Object(map)));
    read.map_err(|problem| format!("the body is not such a JSON object: {problem}"))
}
