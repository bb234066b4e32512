//! STS: from a request to its answer.
//!
//! The time, the faults in force and a serial number come in, the answer and the line for the log go out. Nothing is
//! remembered between calls but what is in the tokens, and how many calls were throttled.

use hyper::StatusCode;
use jiff::Timestamp;

use crate::assume_role::assume_role;
use crate::authenticate::authenticate;
use crate::calls::Call;
use crate::config::Config;
use crate::error::StsError;
use crate::faults::{Faults, Outage};
use crate::identity::Caller;
use crate::issue::Issued;
use crate::issuer_key::IssuerKey;
use crate::mint::Mint;
use crate::query::{Malformed, Parameters};
use crate::sigv4::Signable;
use crate::throttle::Throttles;
use crate::web_identity::{Identity, assume_role_with_web_identity};
use crate::xml;

/// The only version of the API.
const VERSION: &str = "2011-06-15";

/// The world as STS sees it during one call.
#[derive(Clone, Copy)]
pub(crate) struct Sts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) mint: &'a Mint,
    /// For the identity providers that the sandbox plays.
    pub(crate) issuer_key: &'a IssuerKey,
    pub(crate) faults: &'a Faults,
    pub(crate) throttles: &'a Throttles,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    /// The XML; none when the connection is to be closed without an answer.
    pub(crate) body: Option<String>,
    /// For the log.
    pub(crate) call: Call,
}

/// What a caller may ask for.
enum Operation {
    GetCallerIdentity,
    AssumeRole,
    /// The only one that needs no signature.
    AssumeRoleWithWebIdentity,
}

impl Sts<'_> {
    /// Answers call number `serial`.
    pub(crate) fn answer(self, now: Timestamp, serial: u64, request: Signable<'_>) -> Reply {
        let parameters = Parameters::parse([request.query.as_bytes(), request.body]);
        let mut call = self.log(now, serial, parameters.as_ref().ok());
        let result = match self.faults.outage {
            Some(Outage::Drop) => {
                call.outcome = "dropped";
                return Reply { status: StatusCode::SERVICE_UNAVAILABLE, body: None, call };
            }
            Some(Outage::Unavailable) => Err(StsError::service_unavailable()),
            None => self.perform(now, serial, request, parameters, &mut call),
        };
        let (status, body) = match result {
            Ok(body) => (StatusCode::OK, body),
            Err(error) => {
                call.outcome = error.code;
                (error.status, xml::failure(&error, &call.request_id))
            }
        };
        Reply { status, body: Some(body), call }
    }

    fn log(self, now: Timestamp, serial: u64, parameters: Option<&Parameters<'_>>) -> Call {
        let text = |name| parameters.and_then(|parameters| parameters.get(name)).map(str::to_owned);
        Call {
            at: now,
            request_id: self.mint.request_id(serial),
            action: text("Action"),
            caller: None,
            role: text("RoleArn"),
            session_name: text("RoleSessionName"),
            duration_seconds: text("DurationSeconds").and_then(|seconds| seconds.parse().ok()),
            issued: None,
            outcome: "ok",
        }
    }

    fn perform(
        self,
        now: Timestamp,
        serial: u64,
        request: Signable<'_>,
        parameters: Result<Parameters<'_>, Malformed>,
        call: &mut Call,
    ) -> Result<String, StsError> {
        let Self { config, mint, faults, issuer_key, throttles } = self;
        let parameters = parameters.map_err(|Malformed| StsError::malformed_query_string())?;
        let operation = operation(&parameters)?;
        if !throttles.admit(parameters.get("RoleArn"), now) {
            return Err(StsError::throttling());
        }
        if matches!(operation, Operation::AssumeRoleWithWebIdentity) {
            let keys = issuer_key.public();
            let (issued, identity) =
                assume_role_with_web_identity(config, mint, keys, faults, now, serial, &parameters)?;
            call.caller = Some(identity.subject.clone());
            call.issued = Some(issued.claims.access_key_id.clone());
            return Ok(assumed_with_web_identity(&issued, &identity, &call.request_id));
        }
        let caller = authenticate(config, mint, faults, now, request)?;
        call.caller = Some(caller.arn.clone());
        if matches!(operation, Operation::GetCallerIdentity) {
            return Ok(caller_identity(&caller, &call.request_id));
        }
        let issued = assume_role(config, mint, faults, now, serial, &caller, &parameters)?;
        call.issued = Some(issued.claims.access_key_id.clone());
        Ok(assumed(&issued, &call.request_id))
    }
}

fn operation(parameters: &Parameters<'_>) -> Result<Operation, StsError> {
    let action = parameters.get("Action").ok_or_else(StsError::missing_action)?;
    match (action, parameters.get("Version")) {
        ("GetCallerIdentity", Some(VERSION)) => Ok(Operation::GetCallerIdentity),
        ("AssumeRole", Some(VERSION)) => Ok(Operation::AssumeRole),
        ("AssumeRoleWithWebIdentity", Some(VERSION)) => Ok(Operation::AssumeRoleWithWebIdentity),
        (action, version) => Err(StsError::invalid_action(action, version)),
    }
}

fn caller_identity(caller: &Caller, request_id: &str) -> String {
    let leaves = [("Arn", caller.arn.as_str()), ("UserId", &caller.user_id), ("Account", &caller.account)];
    xml::success("GetCallerIdentity", request_id, &[("", &leaves)])
}

fn assumed(issued: &Issued, request_id: &str) -> String {
    let (user, expiration) = (user(issued), issued.claims.expires_at.to_string());
    let credentials = credentials(issued, &expiration);
    xml::success("AssumeRole", request_id, &[("AssumedRoleUser", &user), ("Credentials", &credentials)])
}

fn assumed_with_web_identity(issued: &Issued, identity: &Identity, request_id: &str) -> String {
    let (user, expiration) = (user(issued), issued.claims.expires_at.to_string());
    let credentials = credentials(issued, &expiration);
    let Identity { issuer, subject, audience } = identity;
    // Without the scheme, as in the ARN of the provider.
    let provider = issuer.strip_prefix("https://").unwrap_or(issuer);
    let provider = format!(
        "arn:{}:iam::{}:oidc-provider/{provider}",
        issued.claims.role.partition(),
        issued.claims.role.account()
    );
    let identity = [("SubjectFromWebIdentityToken", subject.as_str()), ("Audience", audience), ("Provider", &provider)];
    let groups: [(&str, &[xml::Leaf<'_>]); 3] =
        [("", &identity), ("AssumedRoleUser", &user), ("Credentials", &credentials)];
    xml::success("AssumeRoleWithWebIdentity", request_id, &groups)
}

fn user(issued: &Issued) -> [xml::Leaf<'_>; 2] {
    [("AssumedRoleId", &issued.user_id), ("Arn", &issued.arn)]
}

fn credentials<'a>(issued: &'a Issued, expiration: &'a str) -> [xml::Leaf<'a>; 4] {
    [
        ("AccessKeyId", &issued.claims.access_key_id),
        ("SecretAccessKey", &issued.secret_access_key),
        ("SessionToken", &issued.session_token),
        ("Expiration", expiration),
    ]
}
