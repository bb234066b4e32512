//! The control endpoint: `/_sandbox/…`, JSON.
//!
//! Needs no authentication, so a web page must not reach it: whatever comes from a browser, or under a name that is
//! not loopback's (DNS rebinding), is refused.

mod sources;

use std::net::IpAddr;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use hyper::{HeaderMap, Method, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::control::{Control, TokenRequest};
use crate::faults::Faults;
use crate::role_routes;

/// Where the control endpoint begins.
pub(crate) const PREFIX: &str = "/_sandbox/";

/// Answers a request for `path`, which begins with [`PREFIX`].
pub(crate) fn answer(
    control: &Control,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Response<Full<Bytes>> {
    if let Err(message) = check_origin(headers) {
        return error(StatusCode::FORBIDDEN, "Forbidden", message, "use a program on this machine, not a web page");
    }
    match (method, path.strip_prefix(PREFIX).unwrap_or_default()) {
        (&Method::GET, "health") => ok(&json!({"status": "ok"})),
        (&Method::GET, "faults") => ok(&control.in_force().faults),
        (&Method::PUT, "faults") => set_faults(control, body),
        (&Method::DELETE, "faults") => match control.set_faults(Faults::default()) {
            Ok(()) => ok(&Faults::default()),
            Err(problem) => bad_faults(problem.to_string()),
        },
        (&Method::GET, "calls") => control.with_calls(|calls| ok(&calls.listing())),
        (&Method::DELETE, "calls") => {
            control.clear_calls();
            control.with_calls(|calls| ok(&calls.listing()))
        }
        (&Method::GET, "jwks.json") => ok(control.issuer_key().public()),
        (&Method::POST, "tokens") => make_token(control, body),
        (&Method::POST, "sso/logins") => sources::make_login(control, body),
        (&Method::DELETE, "sso/logins") => sources::end_logins(control),
        (&Method::POST, "container/tokens") => sources::make_container_token(control, body),
        (method, path) if path.starts_with("roles/") => {
            role_routes::answer(control, method, &path["roles/".len()..], body)
        }
        (_, "health" | "jwks.json") => not_allowed("GET"),
        (_, "tokens" | "container/tokens") => not_allowed("POST"),
        (_, "sso/logins") => not_allowed("POST, DELETE"),
        (_, "faults") => not_allowed("GET, PUT, DELETE"),
        (_, "calls") => not_allowed("GET, DELETE"),
        _ => error(
            StatusCode::NOT_FOUND,
            "NotFound",
            format!("the sandbox has no {path:?}"),
            "use health, faults, calls, tokens, roles, jwks.json, sso/logins or container/tokens below /_sandbox/",
        ),
    }
}

fn set_faults(control: &Control, body: &[u8]) -> Response<Full<Bytes>> {
    // By way of a map, since a list would be taken for the fields in their order.
    let faults = serde_json::from_slice(body).and_then(|map| serde_json::from_value(Value::Object(map)));
    let faults: Faults = match faults {
        Ok(faults) => faults,
        Err(problem) => return bad_faults(format!("the body is not a JSON object of faults: {problem}")),
    };
    match control.set_faults(faults) {
        Ok(()) => ok(&control.in_force().faults),
        Err(problem) => bad_faults(problem.to_string()),
    }
}

fn bad_faults(message: String) -> Response<Full<Bytes>> {
    let action = "start from what GET /_sandbox/faults shows";
    error(StatusCode::BAD_REQUEST, "BadFaults", message, action)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    issuer: Option<String>,
    sub: String,
    aud: Option<String>,
    expires_in_seconds: Option<i64>,
}

/// Answers with the token alone, without a line break, so that it can be put into a file as it is.
fn make_token(control: &Control, body: &[u8]) -> Response<Full<Bytes>> {
    let bad = |message: String| {
        let action = "send an object such as {\"sub\": \"system:serviceaccount:default:app\"}";
        error(StatusCode::BAD_REQUEST, "BadToken", message, action)
    };
    let body = serde_json::from_slice(body).and_then(|map| serde_json::from_value(Value::Object(map)));
    let TokenBody { issuer, sub, aud, expires_in_seconds } = match body {
        Ok(body) => body,
        Err(problem) => return bad(format!("the body is not a JSON object of claims: {problem}")),
    };
    match control.token(&TokenRequest { issuer, sub, aud, expires_in_seconds }) {
        Ok(token) => {
            let mut response = Response::new(Full::new(token.into()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
            response
        }
        Err(problem) => bad(problem.to_string()),
    }
}

/// Who must not reach the control endpoint, and why.
fn check_origin(headers: &HeaderMap) -> Result<(), String> {
    if headers.contains_key(ORIGIN) || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-")) {
        return Err("the request comes from a web page".into());
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if is_loopback(host) { Ok(()) } else { Err(format!("the host {host:?} is not a name of this machine's loopback")) }
}

/// Whether a `Host` is `localhost` or a loopback address, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

pub(crate) fn ok(body: &impl Serialize) -> Response<Full<Bytes>> {
    json_response(StatusCode::OK, body)
}

pub(crate) fn not_allowed(allow: &'static str) -> Response<Full<Bytes>> {
    let message = "the resource does not have this method";
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message, "use one of Allow");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

pub(crate) fn error(status: StatusCode, code: &str, message: impl Into<String>, action: &str) -> Response<Full<Bytes>> {
    json_response(status, &json!({"Code": code, "Message": message.into(), "Action": action}))
}

fn json_response(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec(body).expect("texts, numbers and maps of texts have a JSON form");
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_loopback_are_hosts() {
        for good in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.8.9.1:4566", "[::1]", "[::1]:4566"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in
            ["", "example.org", "localhost.example.org", "127.0.0.1.example.org:80", "10.0.0.1", "[::2]:1", ":80"]
        {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
