//! The sources of base credentials that are not STS: IAM Identity Center, instance metadata, the container endpoint.
//!
//! As with STS, the time, the faults in force and a serial number come in, the answer and the line for the log go out,
//! and what somebody may do is in the token that he shows: nothing is remembered of him. Each source refuses in the
//! form of its own; the faults of STS (outage, throttle, denied roles, length of sessions, clock) are theirs too.

mod container;
mod instance;
mod login;
mod portal;

use std::sync::atomic::{AtomicU64, Ordering};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode};
use jiff::Timestamp;
use rolecall_core::RoleArn;
use serde_json::{Value, json};

use crate::assume_role::Wish;
use crate::calls::Call;
use crate::config::Config;
use crate::faults::{Faults, Outage};
use crate::issue::{Issued, issue};
use crate::mint::Mint;
use crate::session::Carried;
use crate::throttle::Throttles;

pub use container::{ContainerTokenError, ContainerTokenRequest, Pod};
pub use login::{Login, LoginError, LoginRequest};

/// The longest that a token may hold, in seconds: a hundred years.
const MAX_SECONDS: i64 = 100 * 366 * 86_400;

/// The name of an error in the answers of AWS's JSON protocols.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A source, by the path that it answers at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Sessions of IAM Identity Center.
    Portal,
    /// New tokens of IAM Identity Center.
    Oidc,
    Instance,
    Container,
}

impl Source {
    /// Who answers at `path`; none when it is no source.
    pub(crate) fn at(path: &str) -> Option<Self> {
        match path {
            portal::PATH => Some(Self::Portal),
            login::PATH => Some(Self::Oidc),
            container::PATH => Some(Self::Container),
            path => path.starts_with(instance::PREFIX).then_some(Self::Instance),
        }
    }

    fn refuse(self, refusal: Refusal) -> Response<Full<Bytes>> {
        let Refusal { status, code, message } = refusal;
        match self {
            Self::Portal | Self::Oidc => {
                let mut response = json_response(status, &json!({"__type": code, "message": message}));
                response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(code));
                response
            }
            Self::Container => {
                let body = json!({"code": code, "message": message, "HttpErrorCode": status.as_u16()});
                json_response(status, &body)
            }
            Self::Instance => text_response(status, message.into()),
        }
    }
}

/// Why a source gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    /// For programs and for the log.
    code: &'static str,
    message: &'static str,
}

/// A request, read.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Request<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The world as a source sees it during one call.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) config: &'a Config,
    pub(crate) mint: &'a Mint,
    pub(crate) faults: &'a Faults,
    pub(crate) throttles: &'a Throttles,
    pub(crate) logins: &'a Logins,
}

/// Which logins to IAM Identity Center have been ended.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// Those with a lower number.
    ended: AtomicU64,
}

impl Logins {
    fn end_before(&self, number: u64) {
        self.ended.store(number, Ordering::Release);
    }

    fn is_ended(&self, number: u64) -> bool {
        number < self.ended.load(Ordering::Acquire)
    }
}

/// How a call ended.
pub(crate) struct Reply {
    /// None: the connection is to be closed without an answer.
    pub(crate) response: Option<Response<Full<Bytes>>>,
    /// For the log.
    pub(crate) call: Call,
}

impl Sources<'_> {
    /// Answers call number `serial`.
    pub(crate) fn answer(self, source: Source, now: Timestamp, serial: u64, request: Request<'_>) -> Reply {
        let mut call = Call {
            at: now,
            request_id: self.mint.request_id(serial),
            action: Some(format!("{} {}", request.method, request.path)),
            caller: None,
            role: None,
            session_name: None,
            duration_seconds: None,
            has_external_id: false,
            source_identity: None,
            tag_keys: Vec::new(),
            issued: None,
            outcome: "ok",
        };
        let result = match self.faults.outage {
            Some(Outage::Drop) => {
                call.outcome = "dropped";
                return Reply { response: None, call };
            }
            Some(Outage::Unavailable) => Err(Refusal {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "ServiceUnavailable",
                message: "The request has failed due to a temporary failure of the server.",
            }),
            None => match source {
                Source::Portal => portal::get_role_credentials(self, now, serial, request, &mut call),
                Source::Oidc => login::create_token(self, now, request, &mut call),
                Source::Instance => instance::answer(self, now, serial, request, &mut call),
                Source::Container => container::answer(self, now, serial, request, &mut call),
            },
        };
        let response = result.unwrap_or_else(|refusal| {
            call.outcome = refusal.code;
            source.refuse(refusal)
        });
        Reply { response: Some(response), call }
    }

    /// A session of `role`, with the tags that it carries, for somebody who has been found worthy of it; none when there is no such role, or the faults
    /// deny it. The role's trust policy is not asked: whoever sets up one of these sources sets it up to fit.
    fn grant(
        self,
        now: Timestamp,
        serial: u64,
        role: &RoleArn,
        session_name: String,
        carried: Carried,
        call: &mut Call,
    ) -> Result<Option<Issued>, Refusal> {
        call.role = Some(role.to_string());
        call.session_name = Some(session_name.clone());
        if !self.throttles.admit(call.role.as_deref(), now) {
            return Err(Refusal {
                status: StatusCode::TOO_MANY_REQUESTS,
                code: "TooManyRequestsException",
                message: "Rate exceeded",
            });
        }
        let Some(settings) = self.config.roles.get(role).filter(|_| !self.faults.denies(role)) else {
            return Ok(None);
        };
        let seconds = settings.max_session.as_secs();
        let wish = Wish { role: role.clone(), session_name, seconds, carried, policies: 0 };
        let issued = issue(self.mint, self.faults, now, serial, wish);
        call.issued = Some(issued.claims.access_key_id.clone());
        Ok(Some(issued))
    }
}

/// The end of what begins now and holds for `seconds`, in seconds since 1970; none when that is beyond all time.
fn end(now: Timestamp, seconds: i64) -> Option<i64> {
    (seconds.unsigned_abs() <= MAX_SECONDS.unsigned_abs()).then(|| now.as_second() + seconds)
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    respond(status, "application/json", body.to_string())
}

fn text_response(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    respond(status, "text/plain", text)
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
