//! The rule from a failure to a fault: pure, one arm per meaning.
//!
//! Codes are those of the [common errors](https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html), of
//! [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html) and its siblings, and the
//! [throttling codes](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html) that all SDKs know.

use rolecall_core::{Fault, FaultKind};

use super::failure::{Failure, Kind};
use super::{Call, With};
use crate::http::{BUNDLE_VARIABLE, Refusal};

const RENEW: &str = "renew the base credentials at their source (`aws sso login`, new keys in the profile, a new web \
                     identity token); they are read again at the next attempt, but keys in environment variables need \
                     a restart";

const UNKNOWN: &str = "check the access key id where it comes from: is it whole, is it active, and is it of the account, partition \
                       and endpoint (AWS_ENDPOINT_URL, if set) that is called; it is read again at the next attempt, but \
                       keys in environment variables need a restart";

const SECRET: &str = "set the secret access key that was made together with that access key id; it is read again at the next \
                      attempt, but keys in environment variables need a restart";

const IDENTITY: &str = "check that the account of the role has an OpenID Connect provider for the issuer of the token, and that \
                        the token's audience is one of that provider's";

/// Codes by which AWS says that it does not accept the credentials, whatever they ask for.
const REJECTIONS: [&str; 13] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Those by which it says so of a session that may have been good: a new one may be.
const SESSION_REJECTIONS: [&str; 6] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "UnrecognizedClientException",
];

const DENIED: &str = "check, in this order: does the trust policy of the role name this caller; does the caller's own \
                      policy allow sts:AssumeRole on it; is an external id or another condition asked for; does an \
                      organisation policy forbid it; is the ARN right, since AWS says the same of a role that does not \
                      exist";

const TAGS: &str = "allow sts:TagSession next to sts:AssumeRole in the trust policy of the role: tags are set here, or the session of \
                    the source carries some that go along (on EKS Pod Identity `disableSessionTags` is the other way out)";

const SOURCE_IDENTITY: &str = "allow sts:SetSourceIdentity next to sts:AssumeRole in the trust policy of the role, and to the \
                               caller: a source identity is set here, or the session of the source has one, which goes along";

const WEB_IDENTITY: &str = "check the trust policy of the role: does it allow sts:AssumeRoleWithWebIdentity to the provider of \
                            the token, with its subject and audience; AWS says the same of a role that does not exist";

const NOT_AWS: &str =
    "check whether a proxy or a login page is in the way, and what AWS_ENDPOINT_URL names, if it is set";

/// What a failure of `call` means and what to do about it.
pub(super) fn classify(call: &Call, failure: &Failure) -> Fault {
    let why = failure.message.as_deref();
    match &failure.kind {
        Kind::Service => service(call, failure),
        Kind::NoAnswer => unreachable(call, why.unwrap_or("no answer in time")),
        Kind::Unreadable => not_aws(call, failure.status),
        Kind::Refused(Refusal::TooLong) => Fault::new(
            FaultKind::Unreachable,
            format!("could not {}: {} answered more than 1 MiB and was cut off", call.attempted, call.endpoint()),
            NOT_AWS,
        ),
        Kind::Refused(Refusal::NoAuthorities) => Fault::new(
            FaultKind::Misconfigured,
            format!(
                "could not {}: no certificate authorities found on this machine, so {} cannot be trusted",
                call.attempted,
                call.endpoint()
            ),
            "install ca-certificates (`apt-get install ca-certificates`, `apk add ca-certificates`); they are looked for \
             again at the next attempt",
        ),
        Kind::Refused(Refusal::Bundle { setting, why }) => {
            let or = match setting.as_str() {
                BUNDLE_VARIABLE => "unset AWS_CA_BUNDLE and start rolecall again",
                _ => "take ca_bundle out of the profile",
            };
            Fault::new(
                FaultKind::Misconfigured,
                format!("could not {}: {setting} {why}", call.attempted),
                format!(
                    "write the certificates of the authorities into that file, in PEM form, or {or}; the file is read \
                     again at the next attempt"
                ),
            )
        }
        Kind::Refused(Refusal::Proxy(why)) => Fault::new(
            FaultKind::Misconfigured,
            format!("could not {}: the proxy is {why}", call.attempted),
            "correct or unset that variable and start rolecall again; NO_PROXY names what needs no proxy",
        ),
        Kind::NotSent => Fault::new(
            FaultKind::Misconfigured,
            format!("could not {}: no request can be made of the settings{}", call.attempted, quoted(why)),
            "check AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS, AWS_REGION and their counterparts in the profile",
        ),
    }
}

/// Whether AWS did not accept the credentials of the base. A wrong clock is not their fault.
pub(super) fn rejects_base(failure: &Failure) -> bool {
    let code = failure.code.as_deref().unwrap_or_default();
    let message = failure.message.as_deref().unwrap_or_default();
    failure.kind == Kind::Service && REJECTIONS.contains(&code) && !is_clock(code, message)
}

fn service(call: &Call, failure: &Failure) -> Fault {
    let Call { attempted, .. } = call;
    let code = failure.code.as_deref().unwrap_or_default();
    let message = failure.message.as_deref().unwrap_or_default();
    let said = quoted(failure.message.as_deref());
    let fault = |kind, why: &str, action: &str| Fault::new(kind, format!("could not {attempted}: {why}"), action);
    let misconfigured = |why: &str, action: &str| fault(FaultKind::Misconfigured, why, action);
    let ended = |why: &str| fault(FaultKind::BaseExpired, &format!("{why} ({code})"), RENEW);
    let wrong = |why: &str, action: &str| misconfigured(&format!("{why} ({code})"), action);

    if is_clock(code, message) {
        return fault(
            FaultKind::Clock,
            &format!("STS says that the time of the request is wrong{said}"),
            "set the clock of this machine (`timedatectl set-ntp true`, chrony)",
        );
    }
    match (&call.with, code) {
        (With::Session(alias), code) if SESSION_REJECTIONS.contains(&code) => {
            return fault(
                FaultKind::BaseExpired,
                &format!("AWS does not take the session of {alias} any longer, which it is assumed with ({code})"),
                &format!("nothing, a new session of {alias} is asked for; if it stays, see how {alias} stands"),
            );
        }
        (With::Token(file), "ExpiredToken" | "ExpiredTokenException") => {
            return fault(
                FaultKind::BaseExpired,
                &format!("the web identity token in {} has expired ({code})", file.as_str()),
                "have a new token written into that file (in a pod the kubelet does); it is read again at the next attempt",
            );
        }
        _ => {}
    }
    match code {
        "AccessDenied" | "AccessDeniedException" => {
            let action = match message {
                _ if matches!(call.with, With::Token(_)) => WEB_IDENTITY,
                message if message.contains("sts:TagSession") => TAGS,
                message if message.contains("sts:SetSourceIdentity") => SOURCE_IDENTITY,
                _ => DENIED,
            };
            fault(FaultKind::Denied, &format!("STS refused{said}"), action)
        }
        "ExpiredToken" | "ExpiredTokenException" => ended("the base credentials have expired"),
        "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId" | "InvalidToken"
            if matches!(call.with, With::Base { known: true }) =>
        {
            ended("AWS does not accept the base credentials any longer: they were deactivated or deleted")
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId" | "InvalidToken" => {
            wrong("AWS does not know the base credentials, or not in this Region", UNKNOWN)
        }
        // The message may hold the canonical request, so it is left out.
        "SignatureDoesNotMatch" | "InvalidSignatureException" | "AuthFailure" => {
            wrong("the secret access key of the base does not belong to its access key id", SECRET)
        }
        // The message repeats the credential as it was sent, which is the secret when the two keys have changed places.
        "IncompleteSignature" => wrong(
            "AWS cannot read the signature",
            "check that the access key id of the base is the one that begins with AKIA or ASIA, and the secret the other",
        ),
        "MissingAuthenticationToken" | "MissingAuthenticationTokenException" => {
            wrong("the request came without a signature", NOT_AWS)
        }
        "IDPRejectedClaim" => ended("the identity provider rejected the web identity token"),
        "InvalidIdentityToken" | "InvalidIdentityTokenException" => {
            wrong(&format!("AWS rejected the web identity token{said}"), IDENTITY)
        }
        "OptInRequired" | "NotAuthorized" => wrong(
            "the account of the base has no access to STS",
            "finish signing the account up, or ask AWS why it was closed or suspended",
        ),
        _ if is_throttling(code, failure.status) => fault(
            FaultKind::Throttled,
            &format!("STS gets too many calls ({})", if code.is_empty() { "429" } else { code }),
            "nothing: calls are made more slowly now; if it stays, lower `--sts-rate`, or spread the roles over more \
             accounts or Regions",
        ),
        "ValidationError" | "ValidationException" if message.contains("1 hour") => misconfigured(
            &format!("the session would be too long{said}"),
            "set `--duration 1h` or less: AWS gives no more when the caller is a role session itself",
        ),
        "ValidationError" | "ValidationException" if message.contains("DurationSeconds") => misconfigured(
            &format!("the duration is out of bounds{said}"),
            "set `--duration` between 15m and the maximum session duration of the role, or raise that maximum on the role",
        ),
        "ValidationError" | "ValidationException" | "InvalidParameterValue" | "MissingParameter" => {
            misconfigured(&format!("a value is malformed{said}"), "correct the definition of the role (AWS_ROLE_n)")
        }
        "MalformedPolicyDocument" | "MalformedPolicyDocumentException" => {
            misconfigured(&format!("the session policy is malformed{said}"), "correct the session policy")
        }
        "PackedPolicyTooLarge" | "PackedPolicyTooLargeException" => misconfigured(
            &format!("session policies and tags are too large together{said}"),
            "shorten the session policy or pass fewer tags; tags of the base's session count too",
        ),
        "RegionDisabledException" => misconfigured(
            &format!("STS is switched off in this Region for the account{said}"),
            "activate STS for the Region in the account settings of IAM, or give the role another region",
        ),
        "IDPCommunicationError" | "RequestTimeout" | "RequestTimeoutException" => unreachable(call, code),
        _ if failure.status.is_some_and(|status| status >= 500) => {
            let status = failure.status.unwrap_or_default();
            let code = if code.is_empty() { String::new() } else { format!(" {code}") };
            unreachable(call, &format!("it answered {status}{code}"))
        }
        "" => not_aws(call, failure.status),
        other => fault(
            FaultKind::Bug,
            &format!("STS answered {other}{said}, which is not known here"),
            "look the code up in the AWS documentation, and please report it",
        ),
    }
}

/// STS's words for a request that was signed too early or too late. The code alone does not say it: for most of them it is
/// `SignatureDoesNotMatch`. Not of a signature that AWS could not even read: its message repeats what was sent.
fn is_clock(code: &str, message: &str) -> bool {
    if code == "IncompleteSignature" {
        return false;
    }
    let words = ["signature expired", "not yet current", "token used too early"];
    let message = message.to_ascii_lowercase();
    matches!(code, "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture")
        || words.iter().any(|words| message.contains(words))
}

fn is_throttling(code: &str, status: Option<u16>) -> bool {
    let known = [
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
    ];
    code.starts_with("Throttl") || code.starts_with("TooManyRequests") || known.contains(&code) || status == Some(429)
}

fn unreachable(call: &Call, why: &str) -> Fault {
    let host = call.endpoint();
    if why.contains("certificate") {
        return Fault::new(
            FaultKind::Unreachable,
            format!("could not {}: {host} cannot be trusted: {why}", call.attempted),
            "check the clock and who answers there; when it is a proxy or endpoint of your own, set AWS_CA_BUNDLE to the \
             file of its certificate authority (PEM) and start rolecall again",
        );
    }
    Fault::new(
        FaultKind::Unreachable,
        format!("could not {}: {host} is unreachable: {why}", call.attempted),
        format!("check network, DNS, firewall and certificates on the way to {host}"),
    )
}

fn not_aws(call: &Call, status: Option<u16>) -> Fault {
    let status = status.map(|status| format!(" (status {status})")).unwrap_or_default();
    Fault::new(
        FaultKind::Unreachable,
        format!("could not {}: what {} answered is not an answer of AWS{status}", call.attempted, call.endpoint()),
        NOT_AWS,
    )
}

/// Somebody else's words behind our own; nothing for nothing.
fn quoted(words: Option<&str>) -> String {
    words.filter(|words| !words.is_empty()).map(|words| format!(": {words}")).unwrap_or_default()
}

#[cfg(test)]
mod tests;
