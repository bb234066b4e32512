//! STS: from a request to its answer.
//!
//! Pure: the time, the faults in force and a serial number come in, the answer and the line for the log go out. Nothing
//! is remembered between calls but what is in the tokens.

use hyper::StatusCode;
use jiff::Timestamp;

use crate::assume_role::{Input, Issued};
use crate::authenticate::authenticate;
use crate::calls::Call;
use crate::config::Config;
use crate::error::StsError;
use crate::faults::{Faults, Outage};
use crate::identity::Caller;
use crate::mint::Mint;
use crate::query::{Malformed, Parameters};
use crate::sigv4::Signable;
use crate::xml;

/// The only version of the API.
const VERSION: &str = "2011-06-15";

/// The world as STS sees it during one call.
#[derive(Clone, Copy)]
pub(crate) struct Sts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) mint: &'a Mint,
    pub(crate) faults: &'a Faults,
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

    fn log(self, now: Timestamp, serial: u64, parameters: Option<&Parameters>) -> Call {
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
        parameters: Result<Parameters, Malformed>,
        call: &mut Call,
    ) -> Result<String, StsError> {
        let Self { config, mint, faults } = self;
        let parameters = parameters.map_err(|Malformed| StsError::malformed_query_string())?;
        let operation = operation(&parameters)?;
        let caller = authenticate(config, mint, faults, now, request)?;
        call.caller = Some(caller.arn.clone());
        match operation {
            Operation::GetCallerIdentity => Ok(caller_identity(&caller, &call.request_id)),
            Operation::AssumeRole => {
                let issued = Input::read(&parameters)?.issue(config, mint, faults, now, serial, &caller)?;
                call.issued = Some(issued.claims.access_key_id.clone());
                Ok(assumed(&issued, &call.request_id))
            }
        }
    }
}

fn operation(parameters: &Parameters) -> Result<Operation, StsError> {
    let action = parameters.get("Action").ok_or_else(StsError::missing_action)?;
    match (action, parameters.get("Version")) {
        ("GetCallerIdentity", Some(VERSION)) => Ok(Operation::GetCallerIdentity),
        ("AssumeRole", Some(VERSION)) => Ok(Operation::AssumeRole),
        (action, version) => Err(StsError::invalid_action(action, version)),
    }
}

fn caller_identity(caller: &Caller, request_id: &str) -> String {
    let leaves = [("Arn", caller.arn.as_str()), ("UserId", &caller.user_id), ("Account", &caller.account)];
    xml::success("GetCallerIdentity", request_id, &[("", &leaves)])
}

fn assumed(issued: &Issued, request_id: &str) -> String {
    let Issued { claims, secret_access_key, session_token, user } = issued;
    let expiration = claims.expires_at.to_string();
    let user = [("AssumedRoleId", user.user_id.as_str()), ("Arn", &user.arn)];
    let credentials = [
        ("AccessKeyId", claims.access_key_id.as_str()),
        ("SecretAccessKey", secret_access_key),
        ("SessionToken", session_token),
        ("Expiration", &expiration),
    ];
    xml::success("AssumeRole", request_id, &[("AssumedRoleUser", &user), ("Credentials", &credentials)])
}
