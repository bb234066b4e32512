//! The control endpoint: `/_sandbox/…`, JSON.
//!
//! Needs no authentication, so a web page must not reach it: whatever comes from a browser, or under a name that is
//! not loopback's (DNS rebinding), is refused.

use std::net::IpAddr;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use hyper::{HeaderMap, Method, Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::control::Control;
use crate::faults::Faults;

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
        (&Method::GET, "faults") => ok(&*control.faults_in_force()),
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
        (_, "health") => not_allowed("GET"),
        (_, "faults") => not_allowed("GET, PUT, DELETE"),
        (_, "calls") => not_allowed("GET, DELETE"),
        _ => error(
            StatusCode::NOT_FOUND,
            "NotFound",
            format!("the sandbox has no {path:?}"),
            "use /_sandbox/health, /_sandbox/faults or /_sandbox/calls",
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
        Ok(()) => ok(&*control.faults_in_force()),
        Err(problem) => bad_faults(problem.to_string()),
    }
}

fn bad_faults(message: String) -> Response<Full<Bytes>> {
    let action = "start from what GET /_sandbox/faults shows";
    error(StatusCode::BAD_REQUEST, "BadFaults", message, action)
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

fn ok(body: &impl Serialize) -> Response<Full<Bytes>> {
    json_response(StatusCode::OK, body)
}

fn not_allowed(allow: &'static str) -> Response<Full<Bytes>> {
    let message = "the resource does not have this method";
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message, "use one of Allow");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

fn error(status: StatusCode, code: &str, message: impl Into<String>, action: &str) -> Response<Full<Bytes>> {
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
