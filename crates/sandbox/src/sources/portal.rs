//! `GetRoleCredentials` of the IAM Identity Center portal: a session for whoever is logged in.
//!
//! Form, constraints and codes follow the
//! [API reference](https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html), the
//! messages are what clients have been seen to receive.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response, StatusCode};
use jiff::Timestamp;
use rolecall_core::RoleArn;
use serde_json::json;

use super::{Refusal, Request, Sources, json_response, login};
use crate::calls::Call;
use crate::query::Parameters;
use crate::session::Carried;

pub(super) const PATH: &str = "/federation/credentials";

/// What carries the access token.
const BEARER: &str = "x-amz-sso_bearer_token";

/// How the roles begin that IAM Identity Center makes of permission sets; a `_` and 16 hex digits follow the set's
/// name.
const RESERVED: &str = "AWSReservedSSO_";

pub(super) fn get_role_credentials(
    sources: Sources<'_>,
    now: Timestamp,
    serial: u64,
    request: Request<'_>,
    call: &mut Call,
) -> Result<Response<Full<Bytes>>, Refusal> {
    call.action = Some("GetRoleCredentials".into());
    let invalid = |message| Refusal { status: StatusCode::BAD_REQUEST, code: "InvalidRequestException", message };
    if request.method != Method::GET {
        return Err(invalid("This operation is a GET"));
    }
    let parameters = Parameters::parse([request.query.as_bytes()]);
    let parameters = parameters.map_err(|_| invalid("The query string contains a syntax error"))?;
    let required = |name, message| parameters.get(name).filter(|value| !value.is_empty()).ok_or(invalid(message));
    let name = required("role_name", "Missing role_name")?;
    let account = required("account_id", "Missing account_id")?;

    let token = request.header(BEARER).unwrap_or_default();
    let login = login::read(sources, now, login::ACCESS, token).ok_or(Refusal {
        status: StatusCode::UNAUTHORIZED,
        code: "UnauthorizedException",
        message: "Session token not found or invalid",
    })?;
    call.caller = Some(login.user.clone());
    let forbidden = Refusal { status: StatusCode::FORBIDDEN, code: "ForbiddenException", message: "No access" };
    let mut roles = sources.config.roles.keys();
    let role = roles.find(|role| role.account() == account && is_named(role, name) && login.may_use(role));
    let issued =
        sources.grant(now, serial, role.ok_or(forbidden)?, login.user, Carried::default(), call)?.ok_or(forbidden)?;
    Ok(json_response(
        StatusCode::OK,
        &json!({"roleCredentials": {
            "accessKeyId": issued.claims.access_key_id,
            "secretAccessKey": issued.secret_access_key,
            "sessionToken": issued.session_token,
            "expiration": issued.claims.expires_at.as_millisecond(),
        }}),
    ))
}

/// Whether the portal knows `role` by `name`: that of its permission set, or simply its own.
fn is_named(role: &RoleArn, name: &str) -> bool {
    let set = role.name().strip_prefix(RESERVED).and_then(|rest| rest.rsplit_once('_')).map(|(set, _)| set);
    set.unwrap_or(role.name()) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_of_a_permission_set_has_the_name_of_the_set() {
        for (role, name, expected) in [
            ("Admin", "Admin", true),
            ("team/Admin", "Admin", true),
            ("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Power_User_0123456789abcdef", "Power_User", true),
            ("AWSReservedSSO_Admin_0123456789abcdef", "AWSReservedSSO_Admin_0123456789abcdef", false),
            ("Admin", "admin", false),
        ] {
            let arn = format!("arn:aws:iam::123456789012:role/{role}").parse().unwrap();
            assert_eq!(is_named(&arn, name), expected, "{role}");
        }
    }
}
