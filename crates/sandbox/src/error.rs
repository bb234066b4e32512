//! The errors of STS and IAM: code, HTTP status and AWS's own words.
//!
//! Codes and statuses are those of the [common errors](https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html)
//! and of [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html); the messages are what
//! clients have been seen to receive.

use std::fmt;

use hyper::StatusCode;

/// Why STS refuses a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StsError {
    /// Such as `AccessDenied`.
    pub(crate) code: &'static str,
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// For the person at the client.
    pub(crate) message: String,
}

impl StsError {
    fn new(code: &'static str, status: StatusCode, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into() }
    }

    /// Nothing was signed.
    pub(crate) fn missing_authentication_token() -> Self {
        Self::new("MissingAuthenticationToken", StatusCode::FORBIDDEN, "Request is missing Authentication Token")
    }

    /// The signature lacks a part.
    pub(crate) fn incomplete_signature(message: impl Into<String>) -> Self {
        Self::new("IncompleteSignature", StatusCode::BAD_REQUEST, message)
    }

    /// The access key id or the session token is unknown, or they do not belong together.
    pub(crate) fn invalid_client_token_id() -> Self {
        let message = "The security token included in the request is invalid.";
        Self::new("InvalidClientTokenId", StatusCode::FORBIDDEN, message)
    }

    /// The signature is another one, or it covers a wrong time, Region or service.
    pub(crate) fn signature_does_not_match(message: impl Into<String>) -> Self {
        Self::new("SignatureDoesNotMatch", StatusCode::FORBIDDEN, message)
    }

    /// The session is over.
    pub(crate) fn expired_token() -> Self {
        let message = "The security token included in the request is expired";
        Self::new("ExpiredToken", StatusCode::FORBIDDEN, message)
    }

    /// The caller may not do `action` to `resource`. STS says the same of a role that does not exist.
    pub(crate) fn access_denied(caller: &str, action: &str, resource: impl fmt::Display) -> Self {
        let message = format!("User: {caller} is not authorized to perform: {action} on resource: {resource}");
        Self::new("AccessDenied", StatusCode::FORBIDDEN, message)
    }

    /// The caller's policies do not allow it, or deny it explicitly; how IAM says it, which names roles without their ARN
    /// ([access denied errors](https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html)).
    pub(crate) fn iam_access_denied(caller: &str, action: &str, role: &str, explicit: bool) -> Self {
        let why = if explicit {
            "with an explicit deny in an identity-based policy".to_owned()
        } else {
            format!("because no identity-based policy allows the {action} action")
        };
        Self::access_denied(caller, action, format_args!("role {role} {why}"))
    }

    /// The token of a web identity does not open the role. STS says the same of a role that does not exist.
    pub(crate) fn web_identity_denied() -> Self {
        let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        Self::new("AccessDenied", StatusCode::FORBIDDEN, message)
    }

    /// The token of a web identity is none, or not one of that provider for AWS.
    pub(crate) fn invalid_identity_token(message: impl Into<String>) -> Self {
        Self::new("InvalidIdentityToken", StatusCode::BAD_REQUEST, message)
    }

    /// The token of a web identity is over.
    pub(crate) fn expired_identity_token(now: i64, expires_at: i64) -> Self {
        let message =
            format!("Token expired: current date/time {now} must be before the expiration date/time {expires_at}");
        Self::new("ExpiredTokenException", StatusCode::BAD_REQUEST, message)
    }

    /// Too many calls.
    pub(crate) fn throttling() -> Self {
        Self::new("Throttling", StatusCode::BAD_REQUEST, "Rate exceeded")
    }

    /// A session policy that is no JSON.
    pub(crate) fn malformed_policy_document() -> Self {
        let message = "The policy is not in the valid JSON format.";
        Self::new("MalformedPolicyDocument", StatusCode::BAD_REQUEST, message)
    }

    /// A parameter breaks its constraints.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", StatusCode::BAD_REQUEST, message)
    }

    /// Parameters that do not go together.
    pub(crate) fn invalid_parameter_value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", StatusCode::BAD_REQUEST, message)
    }

    /// The policies and tags of a session are too large together.
    pub(crate) fn packed_policy_too_large(percent: usize) -> Self {
        let message = format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.");
        Self::new("PackedPolicyTooLarge", StatusCode::BAD_REQUEST, message)
    }

    /// No role of that name in the caller's account: what IAM says.
    pub(crate) fn no_such_role(name: &str) -> Self {
        let message = format!("The role with name {name} cannot be found.");
        Self::new("NoSuchEntity", StatusCode::NOT_FOUND, message)
    }

    /// A number that is none.
    pub(crate) fn malformed_input() -> Self {
        Self::new("MalformedInput", StatusCode::BAD_REQUEST, "")
    }

    /// No such action in that version of the API.
    pub(crate) fn invalid_action(action: &str, version: Option<&str>) -> Self {
        let version = version.unwrap_or("NO_VERSION_SPECIFIED");
        let message = format!("Could not find operation {action} for version {version}");
        Self::new("InvalidAction", StatusCode::BAD_REQUEST, message)
    }

    /// No action was named.
    pub(crate) fn missing_action() -> Self {
        let message = "The request is missing an action or a required parameter.";
        Self::new("MissingAction", StatusCode::BAD_REQUEST, message)
    }

    /// Broken percent-encoding, or a name given twice.
    pub(crate) fn malformed_query_string() -> Self {
        let message = "The query string contains a syntax error";
        Self::new("MalformedQueryString", StatusCode::NOT_FOUND, message)
    }

    /// The body is over the limit.
    pub(crate) fn request_entity_too_large() -> Self {
        let message = "Request size exceeded the maximum request size.";
        Self::new("RequestEntityTooLarge", StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// The body took too long, or ended early.
    pub(crate) fn request_timeout() -> Self {
        let message = "The request was not received in time.";
        Self::new("RequestTimeout", StatusCode::REQUEST_TIMEOUT, message)
    }

    /// STS is down.
    pub(crate) fn service_unavailable() -> Self {
        let message = "The request has failed due to a temporary failure of the server.";
        Self::new("ServiceUnavailable", StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// Whose mistake it is, as AWS says it.
    pub(crate) fn fault_type(&self) -> &'static str {
        if self.status.is_server_error() { "Receiver" } else { "Sender" }
    }
}
