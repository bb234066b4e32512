//! STS, and what there is of IAM: from a request to its answer.
//!
//! The time, the faults in force and a serial number come in, the answer and the line for the log go out. Nothing is
//! remembered between calls but what is in the tokens, and how many calls were throttled.

use hyper::StatusCode;
use jiff::Timestamp;

use crate::assume_role::assume_role;
use crate::authenticate::authenticate;
use crate::calls::Call;
use crate::error::StsError;
use crate::faults::Outage;
use crate::iam;
use crate::identity::Caller;
use crate::issue::Issued;
use crate::issuer_key::IssuerKey;
use crate::query::{Malformed, Parameters};
use crate::sigv4::Signable;
use crate::throttle::Throttles;
use crate::web_identity::{Identity, assume_role_with_web_identity, provider_arn};
use crate::world::World;
use crate::xml::{self, Api};

/// The only version of the API.
const VERSION: &str = "2011-06-15";

/// All that STS looks at during one call.
#[derive(Clone, Copy)]
pub(crate) struct Sts<'a> {
    pub(crate) world: World<'a>,
    /// For the identity providers that the sandbox plays.
    pub(crate) issuer_key: &'a IssuerKey,
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
    /// Of IAM.
    GetRole,
}

impl Sts<'_> {
    /// Answers call number `serial`.
    pub(crate) fn answer(self, now: Timestamp, serial: u64, request: Signable<'_>) -> Reply {
        let parameters = Parameters::parse([request.query.as_bytes(), request.body]);
        let mut call = self.log(now, serial, parameters.as_ref().ok());
        let is_iam = parameters.as_ref().is_ok_and(|parameters| parameters.get("Version") == Some(iam::VERSION));
        let api = if is_iam { Api::Iam } else { Api::Sts };
        let result = match self.world.faults.outage {
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
                (error.status, xml::failure(api, &error, &call.request_id))
            }
        };
        Reply { status, body: Some(body), call }
    }

    fn log(self, now: Timestamp, serial: u64, parameters: Option<&Parameters<'_>>) -> Call {
        let text = |name| parameters.and_then(|parameters| parameters.get(name)).map(str::to_owned);
        Call {
            at: now,
            request_id: self.world.mint.request_id(serial),
            action: text("Action"),
            caller: None,
            role: text("RoleArn"),
            session_name: text("RoleSessionName"),
            duration_seconds: text("DurationSeconds").and_then(|seconds| seconds.parse().ok()),
            source_identity: text("SourceIdentity"),
            tag_keys: parameters.map(tag_keys).unwrap_or_default(),
            has_external_id: text("ExternalId").is_some(),
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
        let Self { world, issuer_key, throttles } = self;
        let parameters = parameters.map_err(|Malformed| StsError::malformed_query_string())?;
        let operation = operation(&parameters)?;
        if !throttles.admit(parameters.get("RoleArn"), now) {
            return Err(StsError::throttling());
        }
        let mut prove = |service| {
            let caller = authenticate(world, service, now, request)?;
            call.caller = Some(caller.arn.clone());
            Ok(caller)
        };
        match operation {
            Operation::GetCallerIdentity => Ok(caller_identity(&prove("sts")?, &call.request_id)),
            Operation::AssumeRole => {
                let issued = assume_role(world, now, serial, &prove("sts")?, &parameters)?;
                call.issued = Some(issued.claims.access_key_id.clone());
                Ok(assumed(&issued, &call.request_id))
            }
            Operation::AssumeRoleWithWebIdentity => {
                let keys = issuer_key.public();
                let (issued, identity) = assume_role_with_web_identity(world, keys, now, serial, &parameters)?;
                call.caller = Some(identity.subject.clone());
                call.issued = Some(issued.claims.access_key_id.clone());
                Ok(assumed_with_web_identity(&issued, &identity, &call.request_id))
            }
            Operation::GetRole => iam::get_role(world, now, &prove("iam")?, &parameters, &call.request_id),
        }
    }
}

/// The keys of the session tags, as the caller wrote them; the form allows fifty.
fn tag_keys(parameters: &Parameters<'_>) -> Vec<String> {
    let keys = parameters.below("Tags.member.").filter(|(name, _)| name.ends_with(".Key"));
    keys.take(50).map(|(_, key)| key.to_owned()).collect()
}

fn operation(parameters: &Parameters<'_>) -> Result<Operation, StsError> {
    let action = parameters.get("Action").ok_or_else(StsError::missing_action)?;
    match (action, parameters.get("Version")) {
        ("GetCallerIdentity", Some(VERSION)) => Ok(Operation::GetCallerIdentity),
        ("AssumeRole", Some(VERSION)) => Ok(Operation::AssumeRole),
        ("AssumeRoleWithWebIdentity", Some(VERSION)) => Ok(Operation::AssumeRoleWithWebIdentity),
        ("GetRole", Some(iam::VERSION)) => Ok(Operation::GetRole),
        (action, version) => Err(StsError::invalid_action(action, version)),
    }
}

fn caller_identity(caller: &Caller, request_id: &str) -> String {
    let leaves = [("Arn", caller.arn.as_str()), ("UserId", &caller.user_id), ("Account", &caller.account)];
    xml::success(Api::Sts, "GetCallerIdentity", request_id, &[("", &leaves)])
}

fn assumed(issued: &Issued, request_id: &str) -> String {
    let (user, expiration) = (user(issued), issued.claims.expires_at.to_string());
    let credentials = credentials(issued, &expiration);
    let packed = issued.packed_percent.map(|percent| percent.to_string());
    let source_identity = issued.claims.carried.source_identity.as_deref();
    let more = [("SourceIdentity", source_identity), ("PackedPolicySize", packed.as_deref())];
    let more: Vec<xml::Leaf<'_>> = more.into_iter().filter_map(|(name, text)| Some((name, text?))).collect();
    let groups: [(&str, &[xml::Leaf<'_>]); 3] =
        [("", &more), ("AssumedRoleUser", &user), ("Credentials", &credentials)];
    xml::success(Api::Sts, "AssumeRole", request_id, &groups)
}

fn assumed_with_web_identity(issued: &Issued, identity: &Identity, request_id: &str) -> String {
    let (user, expiration) = (user(issued), issued.claims.expires_at.to_string());
    let credentials = credentials(issued, &expiration);
    let Identity { issuer, subject, audience } = identity;
    let provider = provider_arn(&issued.claims.role, issuer);
    let packed = issued.packed_percent.map(|percent| percent.to_string());
    let mut identity =
        vec![("SubjectFromWebIdentityToken", subject.as_str()), ("Audience", audience), ("Provider", &provider)];
    identity.extend(packed.as_deref().map(|percent| ("PackedPolicySize", percent)));
    let groups: [(&str, &[xml::Leaf<'_>]); 3] =
        [("", &identity), ("AssumedRoleUser", &user), ("Credentials", &credentials)];
    xml::success(Api::Sts, "AssumeRoleWithWebIdentity", request_id, &groups)
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
