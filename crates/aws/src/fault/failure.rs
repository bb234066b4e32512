//! An SDK error taken apart into plain values.
//!
//! Only what AWS means for people is taken: code, message, status, and for a failed connection its innermost cause. The
//! SDK's own `Debug` and `DisplayErrorContext` print whole answers and are not used.

use std::error::Error;

use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ConnectorError, ProvideErrorMetadata, SdkError};

use crate::http::Refusal;

/// The longest text of somebody else that goes into a fault, in characters.
const MAX: usize = 300;

/// How far a call came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// The service answered with an error.
    #[default]
    Service,
    /// The connection failed or no answer came in time.
    NoAnswer,
    /// What came back cannot be read as an answer of the service.
    Unreadable,
    /// The request could not be made out of the settings.
    NotSent,
    /// Our own HTTP client gave up.
    Refused(Refusal),
}

/// An SDK error as plain values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// The error code of the service.
    pub(super) code: Option<String>,
    /// The words of the service, or the cause of a failed connection: one line, shortened.
    pub(super) message: Option<String>,
    /// The HTTP status.
    pub(super) status: Option<u16>,
}

impl Failure {
    pub(super) fn of<E>(err: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let kind = match (refusal(err), err) {
            (Some(refusal), _) => Kind::Refused(refusal),
            (None, SdkError::ServiceError(_)) => Kind::Service,
            (None, SdkError::ResponseError(_)) => Kind::Unreadable,
            (None, SdkError::ConstructionFailure(_)) => Kind::NotSent,
            (None, SdkError::DispatchFailure(failure)) if failure.is_user() => Kind::NotSent,
            _ => Kind::NoAnswer,
        };
        let message = match kind {
            Kind::Service => err.message().map(one_line),
            Kind::Unreadable | Kind::Refused(_) => None,
            Kind::NotSent | Kind::NoAnswer => innermost(err).map(|cause| waited(&one_line(&cause))),
        };
        let status = err.raw_response().map(|response| response.status().as_u16());
        Self { kind, code: err.code().map(one_line), message, status }
    }

    /// A failed connection that was met anywhere in a chain of errors.
    pub(super) fn of_connection(err: &ConnectorError) -> Self {
        let kind = refusal(err).map_or(Kind::NoAnswer, Kind::Refused);
        Self { kind, message: innermost(err).map(|cause| one_line(&cause)), ..Self::default() }
    }

    /// Drops the message when it repeats a secret, which AWS never does but an endpoint that is not AWS may.
    pub(super) fn without<'a>(mut self, mut secrets: impl Iterator<Item = &'a str>) -> Self {
        let holds = |text: &Option<String>, secret: &str| {
            !secret.is_empty() && text.as_ref().is_some_and(|text| text.contains(secret))
        };
        if secrets.any(|secret| holds(&self.message, secret) || holds(&self.code, secret)) {
            self.message = None;
            self.code = None;
        }
        self
    }
}

/// What our HTTP client said, wherever in the chain of causes.
fn refusal(err: &(dyn Error + 'static)) -> Option<Refusal> {
    std::iter::successors(Some(err), |&err| err.source()).find_map(|cause| cause.downcast_ref().cloned())
}

/// The cause at the end of the chain: `Connection refused`, not `dispatch failure`.
pub(crate) fn innermost(err: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = err.source()?;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Some(cause.to_string())
}

/// The SDK's words for a time limit, shortened: nobody here knows its operations and attempts.
fn waited(cause: &str) -> String {
    let limit = cause.contains("timeout").then(|| cause.rsplit_once(" occurred after ")).flatten();
    let limit = limit.and_then(|(_, limit)| limit.strip_suffix('s'));
    limit.map_or_else(|| cause.into(), |seconds| format!("no answer within {seconds} s"))
}

/// One line without a full stop at its end, cut where it is too long.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let line: String = line.chars().filter(|c| !rolecall_core::is_unseen(*c)).collect();
    match line.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.trim_end_matches('.').into(),
    }
}
