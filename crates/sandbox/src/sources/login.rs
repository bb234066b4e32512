//! Logins to IAM Identity Center, and `CreateToken` of its OIDC service, which renews their access tokens.
//!
//! A login is what `aws sso login` leaves behind: made at the control endpoint, since no browser is here to click in.
//! An access token ends early and is renewed with the refresh token, until the session of the portal ends
//! ([IAM Identity Center token
//! provider](https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html)). Of
//! [`CreateToken`](https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html) the grant
//! `refresh_token` is played, and no other.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Response, StatusCode};
use jiff::Timestamp;
use rolecall_core::RoleArn;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Refusal, Request, Sources, end, json_response};
use crate::calls::Call;
use crate::control::Control;

pub(super) const PATH: &str = "/token";

/// What the two tokens of a login are for.
pub(super) const ACCESS: &str = "sso access token";
const REFRESH: &str = "sso refresh token";

/// The id of the client that `aws sso login` registers.
const CLIENT: &str = "sandbox-sso-client";

/// How long the registration of that client holds, in seconds: 90 days.
const REGISTRATION_SECONDS: i64 = 90 * 86_400;

/// What a login is to be like.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginRequest {
    /// Who logs in; the name of his sessions.
    pub user: String,
    /// The roles that he may use, by ARN; none: all.
    pub roles: Option<Vec<String>>,
    /// The start URL of the portal, as the profile names it.
    pub start_url: String,
    /// The Region of the portal, as the profile names it.
    pub region: String,
    /// How long an access token holds, by the clock of the sandbox; negative: it is over already.
    pub access_seconds: i64,
    /// How long access tokens can be renewed.
    pub session_seconds: i64,
}

impl Default for LoginRequest {
    /// An hour that can be renewed for eight, as IAM Identity Center has it.
    fn default() -> Self {
        Self {
            user: "sandbox-user".into(),
            roles: None,
            start_url: "https://sandbox.awsapps.com/start".into(),
            region: "us-east-1".into(),
            access_seconds: 3600,
            session_seconds: 8 * 3600,
        }
    }
}

/// A login, as it belongs into `~/.aws/sso/cache/<SHA-1 of the session's name, or of the start URL>.json`: its JSON
/// form is that file. It holds tokens, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// As in the request.
    pub start_url: String,
    /// As in the request.
    pub region: String,
    /// What the portal is asked with.
    pub access_token: String,
    /// The end of the access token (RFC 3339).
    pub expires_at: String,
    /// The client that may renew it.
    pub client_id: String,
    /// The secret of that client.
    pub client_secret: String,
    /// The end of that client's registration (RFC 3339).
    pub registration_expires_at: String,
    /// What it is renewed with.
    pub refresh_token: String,
}

/// Why a login cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// A role that is not there could never be used.
    #[error("roles: {0:?} is not the ARN of a role of this sandbox")]
    UnknownRole(String),
    /// The sessions of the user are named after him.
    #[error("user: {0:?} is not 2 to 64 letters, digits or `+=,.@_-`")]
    User(String),
    /// The end of a token is no time.
    #[error("access_seconds or session_seconds: {0} is over a hundred years")]
    Lifetime(i64),
}

/// What the tokens of a login say.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    /// Logins are counted, so that they can be ended.
    number: u64,
    pub(super) user: String,
    roles: Option<Vec<String>>,
    /// The end of this token, in seconds since 1970.
    ends: i64,
    /// The end of the last access token.
    session_ends: i64,
    access_seconds: i64,
}

impl Claims {
    pub(super) fn may_use(&self, role: &RoleArn) -> bool {
        self.roles.as_ref().is_none_or(|roles| roles.contains(&role.to_string()))
    }

    /// The same for a new access token.
    fn renewed(self, now: Timestamp) -> Self {
        Self { ends: (now.as_second() + self.access_seconds).min(self.session_ends), ..self }
    }
}

/// The claims of a token that holds now.
pub(super) fn read(sources: Sources<'_>, now: Timestamp, purpose: &str, token: &str) -> Option<Claims> {
    let claims: Claims = sources.mint.open(purpose, token)?;
    (now.as_second() < claims.ends && !sources.logins.is_ended(claims.number)).then_some(claims)
}

impl Control {
    /// Logs somebody in to IAM Identity Center.
    ///
    /// # Errors
    /// When he names a role that is not there, or a time that is none.
    pub fn login(&self, request: &LoginRequest) -> Result<Login, LoginError> {
        let LoginRequest { user, roles, start_url, region, access_seconds, session_seconds } = request.clone();
        let is_known = |role: &&String| role.parse::<RoleArn>().is_ok_and(|arn| self.config().roles.contains_key(&arn));
        if let Some(unknown) = roles.iter().flatten().find(|role| !is_known(role)) {
            return Err(LoginError::UnknownRole(unknown.clone()));
        }
        if !(2..=64).contains(&user.len()) || !user.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c))
        {
            return Err(LoginError::User(user));
        }
        let now = self.now(&self.in_force().faults);
        let end_of = |seconds| end(now, seconds).ok_or(LoginError::Lifetime(seconds));
        let session_ends = end_of(session_seconds)?;
        let ends = end_of(access_seconds)?.min(session_ends);
        let claims = Claims { number: self.next_serial(), user, roles, ends, session_ends, access_seconds };
        let access_token = self.mint().seal(ACCESS, &claims);
        let refresh_token = self.mint().seal(REFRESH, &Claims { ends: session_ends, ..claims });
        let text = |second| Timestamp::from_second(second).unwrap_or(Timestamp::MAX).to_string();
        Ok(Login {
            start_url,
            region,
            access_token,
            expires_at: text(ends),
            client_id: CLIENT.into(),
            client_secret: self.mint().secret_access_key(CLIENT),
            registration_expires_at: text(now.as_second() + REGISTRATION_SECONDS),
            refresh_token,
        })
    }

    /// Ends all logins that have been made, as an administrator of IAM Identity Center can.
    pub fn end_logins(&self) {
        self.logins().end_before(self.next_serial());
    }
}

/// Members of the request, all texts.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateToken {
    client_id: String,
    client_secret: String,
    grant_type: String,
    refresh_token: Option<String>,
}

pub(super) fn create_token(
    sources: Sources<'_>,
    now: Timestamp,
    request: Request<'_>,
    call: &mut Call,
) -> Result<Response<Full<Bytes>>, Refusal> {
    call.action = Some("CreateToken".into());
    let refusal = |code, message| Refusal { status: StatusCode::BAD_REQUEST, code, message };
    let body = serde_json::from_slice(request.body).and_then(|map| serde_json::from_value(Value::Object(map)));
    let CreateToken { client_id, client_secret, grant_type, refresh_token } = body
        .ok()
        .filter(|_| request.method == Method::POST)
        .ok_or(refusal("InvalidRequestException", "Invalid request"))?;
    if client_id != CLIENT || client_secret != sources.mint.secret_access_key(CLIENT) {
        let status = StatusCode::UNAUTHORIZED;
        return Err(Refusal { status, ..refusal("InvalidClientException", "Invalid client id or secret") });
    }
    if grant_type != "refresh_token" {
        return Err(refusal("UnsupportedGrantTypeException", "Only refresh_token is supported"));
    }
    let token = refresh_token.ok_or(refusal("InvalidRequestException", "Missing refreshToken"))?;
    let claims = read(sources, now, REFRESH, &token);
    let claims = claims.ok_or(refusal("InvalidGrantException", "Invalid refresh token provided"))?.renewed(now);
    call.caller = Some(claims.user.clone());
    Ok(json_response(
        StatusCode::OK,
        &json!({
            "accessToken": sources.mint.seal(ACCESS, &claims),
            "expiresIn": claims.ends - now.as_second(),
            "refreshToken": token,
            "tokenType": "Bearer",
        }),
    ))
}
