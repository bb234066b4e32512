//! What a base that could not be loaded means.
//!
//! The SDK's errors for the sources are private types, so they are told apart by their texts. Unknown texts are left out:
//! that of a `credential_process` holds what the program wrote, which may be anything.

use std::error::Error;
use std::io;

use aws_config::meta::ProviderChainError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ConnectorError, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use rolecall_core::{Fault, FaultKind};

use super::Call;
use super::failure::{Failure, one_line};
use super::table;

/// What is attempted when a base is loaded.
pub(super) const ATTEMPTED: &str = "load the base credentials";

/// Whoever is asked for a base but STS. The SDK does not say who it was.
pub(super) const SOURCE: &str = "the source of the base (SSO, web identity, container or instance metadata)";

/// The fault of a base that could not be loaded.
pub(super) fn classify(err: &CredentialsError) -> Fault {
    let causes: Vec<&(dyn Error + 'static)> =
        std::iter::successors(Some(err as &(dyn Error + 'static)), |&err| err.source()).collect();
    if let Some(failure) = causes.iter().find_map(|cause| of_sts(*cause)) {
        return of_failure("STS", &failure);
    }
    let texts: Vec<String> = causes.iter().map(|cause| cause.to_string()).collect();
    if let Some(fault) = of_sso(&texts) {
        return fault;
    }
    if let Some(failure) =
        causes.iter().find_map(|cause| cause.downcast_ref::<ConnectorError>()).map(Failure::of_connection)
    {
        return of_failure(SOURCE, &failure);
    }
    match err {
        CredentialsError::CredentialsNotLoaded(_) => none_found(&causes),
        CredentialsError::InvalidConfiguration(_) => invalid(&texts),
        _ => of_source(&causes, &texts),
    }
}

/// A call to STS that the chain made itself.
fn of_sts(cause: &(dyn Error + 'static)) -> Option<Failure> {
    let role = cause.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>().map(Failure::of);
    role.or_else(|| cause.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>().map(Failure::of))
}

/// `asked` is who was asked.
fn of_failure(asked: &str, failure: &Failure) -> Fault {
    let fault = table::classify(&Call { attempted: ATTEMPTED.into(), host: Some(asked.into()) }, failure);
    match fault.kind {
        // To whoever wants a role of ours, a base that AWS refuses is a base to be repaired.
        FaultKind::Denied | FaultKind::Bug => Fault { kind: FaultKind::BaseExpired, ..fault },
        _ => fault,
    }
}

fn of_sso(texts: &[String]) -> Option<Fault> {
    let about_login = |text: &String| {
        text.contains("SSO token") || text.contains("/sso/cache/") || text.starts_with("UnauthorizedException")
    };
    texts.iter().any(about_login).then(|| {
        Fault::new(
            FaultKind::SsoLoginNeeded,
            format!("could not {ATTEMPTED}: the IAM Identity Center login has ended or was never made"),
            "run `aws sso login` with the same AWS_PROFILE; the new login is used at the next attempt",
        )
    })
}

fn none_found(causes: &[&(dyn Error + 'static)]) -> Fault {
    let chain = causes.iter().find_map(|cause| cause.downcast_ref::<ProviderChainError<CredentialsError>>());
    let of_profile = chain.and_then(|chain| chain.attempts().iter().find(|attempt| attempt.name() == "Profile"));
    let missing = of_profile
        .and_then(|attempt| attempt.error().source())
        .map(|cause| one_line(&cause.to_string()))
        .filter(|text| text.contains("was not defined"))
        .map(|text| format!("; {text}"))
        .unwrap_or_default();
    Fault::new(
        FaultKind::BaseExpired,
        format!(
            "could not {ATTEMPTED}: none in the environment, the profile files, a web identity, the container or the \
             instance{missing}"
        ),
        "give some: AWS_PROFILE or keys in the environment, `aws configure`, `aws sso login`, or a role of the instance, \
         task or pod",
    )
}

fn invalid(texts: &[String]) -> Fault {
    let why = texts.last().map(|text| one_line(text)).unwrap_or_default();
    let why = why.strip_prefix("ProfileFile provider could not be built: ").unwrap_or(&why);
    let misconfigured = |why: &str, action| super::of_loading(FaultKind::Misconfigured, why, action);
    // The only way of the SDK that is not built in.
    if why.contains("credentials-login") {
        return misconfigured(
            "the profile has its credentials from `aws login` (login_session), which is not supported here",
            "use a profile with `aws sso login`, a credential_process, keys or a role instead",
        );
    }
    misconfigured(
        why,
        "correct the profile in the AWS config or credentials file; it is read again at the next attempt",
    )
}

/// A source that is configured and failed.
fn of_source(causes: &[&(dyn Error + 'static)], texts: &[String]) -> Fault {
    let fault =
        |why: String, action: &str| Fault::new(FaultKind::BaseExpired, format!("could not {ATTEMPTED}: {why}"), action);
    if texts.iter().any(|text| text == "request has timed out") {
        return of_failure(SOURCE, &Failure { kind: super::Kind::NoAnswer, ..Failure::default() });
    }
    if let Some(text) = texts.iter().find(|text| {
        text.starts_with("Non-success status from HTTP") || text.starts_with("failed to load credentials [")
    }) {
        return fault(
            format!("the container credentials endpoint refused: {}", one_line(text)),
            "check the role of the task or pod, and AWS_CONTAINER_CREDENTIALS_FULL_URI with its token",
        );
    }
    if let Some(err) = causes.iter().find_map(|cause| cause.downcast_ref::<io::Error>()) {
        return fault(
            format!("a token file could not be read: {}", one_line(&err.to_string())),
            "check the file that AWS_WEB_IDENTITY_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names",
        );
    }
    fault(
        "its source failed in a way that is not known here".into(),
        "see with `aws sts get-caller-identity`, in the same environment, what the source says",
    )
}
