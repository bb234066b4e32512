//! The part of the control endpoint that changes whom a role trusts: `/_sandbox/roles/<ARN, encoded>/trust-policy`.
//!
//! `GET` shows the policy in force, `PUT` puts the body in its place, `DELETE` brings back the one of the file. Who may
//! come here is decided by [`crate::routes`].

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::control::{Control, TrustPolicyError};
use crate::routes::{error, not_allowed, ok};

/// Answers a request for what is below `roles/`.
pub(crate) fn answer(control: &Control, method: &Method, path: &str, body: &[u8]) -> Response<Full<Bytes>> {
    let Some(role) = path.strip_suffix("/trust-policy") else {
        let message = format!("the sandbox has no \"roles/{path}\"");
        return error(StatusCode::NOT_FOUND, "NotFound", message, "use roles/<ARN, percent-encoded>/trust-policy");
    };
    let role = percent_decode_str(role).decode_utf8_lossy();
    let done = match *method {
        Method::GET => Ok(()),
        Method::PUT => control.set_trust_policy(&role, &String::from_utf8_lossy(body)),
        Method::DELETE => control.reset_trust_policy(&role),
        _ => return not_allowed("GET, PUT, DELETE"),
    };
    match done.and_then(|()| control.trust_policy(&role)) {
        // What was parsed once is parsed again, so that the answer is JSON as the others are.
        Ok(policy) => ok(&serde_json::from_str::<Value>(&policy).unwrap_or_default()),
        Err(problem @ TrustPolicyError::UnknownRole(_)) => {
            error(StatusCode::NOT_FOUND, "NoSuchRole", problem.to_string(), "name a role of the world by its ARN")
        }
        Err(problem @ TrustPolicyError::Malformed { .. }) => {
            let action = "send the JSON of a trust policy; GET shows the one in force";
            error(StatusCode::BAD_REQUEST, "BadTrustPolicy", problem.to_string(), action)
        }
    }
}
