//! What a base that could not be loaded means.
//!
//! The SDK's errors for the sources are private types, so they are told apart by their texts. Unknown texts are left out:
//! that of a `credential_process` holds what the program wrote, which may be anything.

use std::error::Error;
use std::io;

use aws_config::meta::ProviderChainError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sso::operation::get_role_credentials::GetRoleCredentialsError;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ConnectorError, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use rolecall_core::{Fault, FaultKind};

use super::failure::{Failure, one_line};
use super::of_loading;
use super::table;
use super::{Call, With};
use crate::base::Clues;

/// What is attempted when a base is loaded.
pub(super) const ATTEMPTED: &str = "load the base credentials";

/// Whoever is asked for a base but STS. The SDK does not say who it was.
pub(super) const SOURCE: &str = "the source of the base (SSO, web identity, container or instance metadata)";

/// Who gives sessions to those who are logged in.
const PORTAL: &str = "IAM Identity Center";

/// Whoever gives credentials to a container or an instance.
const METADATA: &str = "the metadata endpoint of the container or instance";

const ROLE_OF_METADATA: &str = "check that the task, pod or instance has a role, and AWS_CONTAINER_CREDENTIALS_FULL_URI with its \
                                token, if they are set";

const PROFILE: &str = "correct the profile in the AWS config or credentials file; it is read again at the next attempt";

/// Who refuses a web identity.
const WEB_IDENTITY: &str = "check the trust policy of the role that AWS_ROLE_ARN or the profile names: does it allow \
                            sts:AssumeRoleWithWebIdentity to the provider of the token, with its subject and audience";

/// The fault of a base that could not be loaded.
pub(super) fn classify(err: &CredentialsError, clues: &Clues) -> Fault {
    let causes: Vec<&(dyn Error + 'static)> =
        std::iter::successors(Some(err as &(dyn Error + 'static)), |&err| err.source()).collect();
    if let Some(failure) = causes.iter().find_map(|cause| of_assume_role(*cause)) {
        return of_failure("STS", &failure);
    }
    if let Some(failure) = causes.iter().find_map(|cause| of_web_identity(*cause)) {
        return web_identity(&failure, clues);
    }
    if let Some(failure) = causes.iter().find_map(|cause| of_portal(*cause)) {
        return portal(&failure, clues);
    }
    let texts = texts(err);
    if let Some(fault) = login_file(&texts) {
        return fault;
    }
    if texts.iter().any(|text| text.contains("SSO token") || text.contains("/sso/cache/")) {
        return login_needed(clues);
    }
    if let Some(failure) =
        causes.iter().find_map(|cause| cause.downcast_ref::<ConnectorError>()).map(Failure::of_connection)
    {
        return of_failure(SOURCE, &failure);
    }
    match err {
        CredentialsError::CredentialsNotLoaded(_) => none_found(&causes, clues),
        CredentialsError::InvalidConfiguration(_) => invalid(&texts),
        _ => of_source(&causes, &texts, clues),
    }
}

/// What an error and its causes say. The SDK's error for a cached login knows its cause only in the old way.
fn texts(err: &CredentialsError) -> Vec<String> {
    let mut texts = Vec::new();
    let mut next: Option<&dyn Error> = Some(err);
    while let Some(err) = next {
        texts.push(err.to_string());
        #[expect(deprecated, reason = "covers `source`, too")]
        let cause = err.cause();
        next = cause;
    }
    texts
}

/// A call to STS that the chain made itself, for a role in a profile.
fn of_assume_role(cause: &(dyn Error + 'static)) -> Option<Failure> {
    cause.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>().map(Failure::of)
}

/// The same with a web identity token.
fn of_web_identity(cause: &(dyn Error + 'static)) -> Option<Failure> {
    cause.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>().map(Failure::of)
}

/// A call for the session of an IAM Identity Center login.
fn of_portal(cause: &(dyn Error + 'static)) -> Option<Failure> {
    cause.downcast_ref::<SdkError<GetRoleCredentialsError, HttpResponse>>().map(Failure::of)
}

/// `asked` is who was asked.
fn of_failure(asked: &str, failure: &Failure) -> Fault {
    table::classify(
        &Call { attempted: ATTEMPTED.into(), host: Some(asked.into()), with: With::Base { known: false } },
        failure,
    )
}

fn web_identity(failure: &Failure, clues: &Clues) -> Fault {
    let fault = of_failure("STS", failure);
    match (fault.kind, failure.code.as_deref()) {
        (FaultKind::Denied, _) => Fault { action: WEB_IDENTITY.into(), ..fault },
        (FaultKind::BaseExpired, Some(code)) => {
            let file = clues.token_file.as_deref().map(|file| format!("; {file}")).unwrap_or_default();
            of_loading(
                FaultKind::BaseExpired,
                &format!("the web identity token has expired ({code}){file}"),
                "have a new token written into that file (in Kubernetes the kubelet does it); it is read again at the next \
                 attempt",
            )
        }
        _ => fault,
    }
}

fn portal(failure: &Failure, clues: &Clues) -> Fault {
    match failure.code.as_deref() {
        Some("ForbiddenException") => of_loading(
            FaultKind::Denied,
            "IAM Identity Center gives this login no such role",
            "check sso_account_id and sso_role_name of the profile, and that the permission set is assigned to the user",
        ),
        Some("UnauthorizedException") => login_needed(clues),
        _ => of_failure(PORTAL, failure),
    }
}

/// A login that is there, in a file that this process may not read, or not write when it renews the login: a new one
/// would not help.
fn login_file(texts: &[String]) -> Option<Fault> {
    let is_about_it = |text: &str| {
        (text.starts_with("failed to read") || text.starts_with("failed to write")) && text.contains("/sso/cache/")
    };
    let at = texts.iter().position(|text| is_about_it(text))?;
    let why = texts.get(at + 1).filter(|why| why.contains("(os error ") && !why.contains("(os error 2)"))?;
    Some(of_loading(
        FaultKind::Misconfigured,
        &format!("the IAM Identity Center login in its file: {}: {}", one_line(&texts[at]), one_line(why)),
        "let the user of this process read and write that file, which the renewed login is saved to; it is tried again at \
         the next attempt",
    ))
}

fn login_needed(clues: &Clues) -> Fault {
    let command = clues.login.as_deref().unwrap_or("aws sso login");
    of_loading(
        FaultKind::SsoLoginNeeded,
        "the IAM Identity Center login has ended or was never made",
        format!("run `{command}`; the new login is used at the next attempt"),
    )
}

fn none_found(causes: &[&(dyn Error + 'static)], clues: &Clues) -> Fault {
    let chain = causes.iter().find_map(|cause| cause.downcast_ref::<ProviderChainError<CredentialsError>>());
    let of_profile = chain.and_then(|chain| chain.attempts().iter().find(|attempt| attempt.name() == "Profile"));
    let missing = of_profile
        .and_then(|attempt| attempt.error().source())
        .map(|cause| one_line(&cause.to_string()))
        .filter(|text| text.contains("was not defined"));
    if let Some(missing) = missing {
        return of_loading(FaultKind::Misconfigured, &missing, PROFILE);
    }
    if let Some(only) = clues.only {
        let action = "see that it has some, or give the role another source; keys in the environment need a restart";
        return of_loading(FaultKind::Misconfigured, &format!("none in {only}, and the role takes no others"), action);
    }
    if let Some(half) = &clues.half {
        return of_loading(FaultKind::Misconfigured, half, "set both and start rolecall again, or neither");
    }
    of_loading(
        FaultKind::Misconfigured,
        "none in the environment, the profile files, a web identity, the container or the instance",
        "give some: `aws configure` or `aws configure sso`, a role of the instance, task or pod, or AWS_PROFILE or keys in \
         the environment, which need a restart; the others are looked for again at the next attempt",
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
    misconfigured(why, PROFILE)
}

/// A source that is configured and failed.
fn of_source(causes: &[&(dyn Error + 'static)], texts: &[String], clues: &Clues) -> Fault {
    let misconfigured = |why: &str, action: &str| of_loading(FaultKind::Misconfigured, why, action);
    if texts.iter().any(|text| text == "request has timed out") {
        return of_failure(SOURCE, &Failure { kind: super::Kind::NoAnswer, ..Failure::default() });
    }
    // The words of whoever answered are shown only where they are known to be a status or an error code.
    if let Some(status) = texts.iter().find_map(|text| status(text)) {
        let why = format!("{METADATA} answered with status {status}");
        return match status {
            500.. => of_loading(FaultKind::Unreachable, &why, "look whether it is up"),
            _ => misconfigured(&why, ROLE_OF_METADATA),
        };
    }
    if let Some(text) = texts.iter().find(|text| text.starts_with("failed to load credentials [")) {
        return misconfigured(&format!("{METADATA} refused: {}", one_line(text)), ROLE_OF_METADATA);
    }
    if let Some(err) = causes.iter().find_map(|cause| cause.downcast_ref::<io::Error>()) {
        let file = clues.token_file.as_deref().unwrap_or("a setting names a token file");
        return misconfigured(
            &format!("{file}, which could not be read: {}", one_line(&err.to_string())),
            "mount or write that file, or correct the setting; it is read again at the next attempt",
        );
    }
    misconfigured(
        "its source failed in a way that is not known here",
        "see with `aws sts get-caller-identity`, in the same environment, what the source says",
    )
}

/// The status with which a container or instance refused, by the texts of the SDK:
/// `Non-success status from HTTP credential provider: StatusCode(404)`, `error response from IMDS (code: 403)`.
fn status(text: &str) -> Option<u16> {
    let known = ["Non-success status from HTTP", "error response from IMDS"];
    let digits = |c: char| c.is_ascii_digit();
    let number = text.split(|c| !digits(c)).find(|part| part.len() == 3)?;
    known.iter().any(|start| text.starts_with(start)).then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_cannot_be_read_or_saved_is_told_from_one_that_is_not_there() {
        let found = |what: &str, why: &str| {
            let texts =
                ["an error".to_owned(), format!("failed to {what} `/home/.aws/sso/cache/a.json`"), why.to_owned()];
            login_file(&texts).map(|fault| (fault.kind, fault.message))
        };
        assert_eq!(found("read", "No such file or directory (os error 2)"), None);
        for (what, why) in
            [("read", "Permission denied (os error 13)"), ("write", "Read-only file system (os error 30)")]
        {
            let (kind, message) = found(what, why).unwrap();
            assert_eq!(kind, FaultKind::Misconfigured);
            assert!(message.contains(&format!("failed to {what} `/home")) && message.ends_with(why), "{message}");
        }
    }

    #[test]
    fn a_status_is_found_in_the_words_of_the_sdk() {
        for (text, expected) in [
            ("Non-success status from HTTP credential provider: StatusCode(404)", Some(404)),
            ("error response from IMDS (code: 503). Response", Some(503)),
            ("Non-success status from HTTP credential provider: none", None),
            ("another 404", None),
        ] {
            assert_eq!(status(text), expected, "{text}");
        }
    }
}
