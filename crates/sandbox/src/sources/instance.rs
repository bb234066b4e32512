//! The metadata of an instance
//! ([IMDSv2](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html)): its
//! role's credentials and its Region, for whoever has fetched a token first.
//!
//! The first version, without a token, is refused, as on instances that require the second. What is not there is 404,
//! as everything is when the world has no instance but for the token.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::HeaderName;
use hyper::{Method, Response, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use super::{Refusal, Request, Sources, end, json_response, text_response};
use crate::calls::Call;
use crate::config::Instance;
use crate::session::Carried;

pub(super) const PREFIX: &str = "/latest/";

const TOKEN: &str = "/latest/api/token";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const REGION: &str = "/latest/meta-data/placement/region";
const DOCUMENT: &str = "/latest/dynamic/instance-identity/document";

/// For how long a token holds, in seconds: asked for, and told again.
const TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// What a token is for.
const PURPOSE: &str = "instance metadata token";

/// The id of the instance.
const ID: &str = "i-0a1b2c3d4e5f60718";

const NOT_FOUND: Refusal = Refusal { status: StatusCode::NOT_FOUND, code: "NotFound", message: "Not Found" };

pub(super) fn answer(
    sources: Sources<'_>,
    now: Timestamp,
    serial: u64,
    request: Request<'_>,
    call: &mut Call,
) -> Result<Response<Full<Bytes>>, Refusal> {
    match (request.method, request.path) {
        (&Method::PUT, TOKEN) => return new_token(sources, now, request),
        (&Method::GET, _) => {}
        _ => {
            let (status, message) = (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
            return Err(Refusal { status, code: "MethodNotAllowed", message });
        }
    }
    let token = request.header("x-aws-ec2-metadata-token").unwrap_or_default();
    if sources.mint.open(PURPOSE, token).is_none_or(|ends: i64| ends <= now.as_second()) {
        let (status, message) = (StatusCode::UNAUTHORIZED, "Unauthorized");
        return Err(Refusal { status, code: "Unauthorized", message });
    }
    let instance = sources.config.instance.as_ref().ok_or(NOT_FOUND)?;
    call.caller = Some(ID.into());
    let Instance { role, region } = instance;
    match request.path {
        ROLES => Ok(text_response(StatusCode::OK, role.name().into())),
        REGION => Ok(text_response(StatusCode::OK, region.to_string())),
        DOCUMENT => {
            let document = json!({"accountId": role.account(), "instanceId": ID, "region": region.as_str()});
            Ok(text_response(StatusCode::OK, document.to_string()))
        }
        path if path.strip_prefix(ROLES) == Some(role.name()) => credentials(sources, now, serial, instance, call),
        _ => Err(NOT_FOUND),
    }
}

/// A token for 1 to 21,600 seconds; none through a proxy, which could be an open one.
fn new_token(sources: Sources<'_>, now: Timestamp, request: Request<'_>) -> Result<Response<Full<Bytes>>, Refusal> {
    if request.headers.contains_key("x-forwarded-for") {
        return Err(Refusal { status: StatusCode::FORBIDDEN, code: "Forbidden", message: "Forbidden" });
    }
    let bad = Refusal { status: StatusCode::BAD_REQUEST, code: "BadRequest", message: "Bad Request" };
    let seconds = request.header(TTL.as_str()).and_then(|seconds| seconds.parse::<i64>().ok());
    let seconds = seconds.filter(|seconds| (1..=21_600).contains(seconds)).ok_or(bad)?;
    let token = sources.mint.seal(PURPOSE, &end(now, seconds));
    let mut response = text_response(StatusCode::OK, token);
    response.headers_mut().insert(TTL, seconds.into());
    Ok(response)
}

fn credentials(
    sources: Sources<'_>,
    now: Timestamp,
    serial: u64,
    instance: &Instance,
    call: &mut Call,
) -> Result<Response<Full<Bytes>>, Refusal> {
    let issued = sources.grant(now, serial, &instance.role, ID.into(), Carried::default(), call)?;
    let Some(issued) = issued else {
        call.outcome = "AssumeRoleUnauthorizedAccess";
        let message = "EC2 cannot assume the role. Please see documentation at \
                       https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc.";
        // With status 200, as the real one.
        let body = json!({"Code": call.outcome, "Message": message, "LastUpdated": whole(now)});
        return Ok(json_response(StatusCode::OK, &body));
    };
    Ok(json_response(
        StatusCode::OK,
        &json!({
            "Code": "Success",
            "LastUpdated": whole(now),
            "Type": "AWS-HMAC",
            "AccessKeyId": issued.claims.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "Token": issued.session_token,
            "Expiration": issued.claims.expires_at.to_string(),
        }),
    ))
}

/// In whole seconds, as AWS writes it.
fn whole(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
