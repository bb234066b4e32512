//! What went wrong, as a [`Fault`]: every error of AWS and of the SDK ends here.
//!
//! `failure` takes an SDK error apart into plain values, `table` is the pure rule from those values to a fault, `base`
//! does the same for the sources of the base. Promises texts of one line that hold no body of a request or an answer, and
//! neither the secret key nor the session token of the base.

mod base;
mod failure;
mod table;

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use rolecall_core::source::TokenFile;
use rolecall_core::{Alias, Fault, FaultKind};

use crate::base::Clues;
use failure::{Failure, Kind};
pub(crate) use failure::{innermost, one_line};

/// What was attempted, for the texts.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Fits behind "could not": `assume arn:…`.
    pub(crate) attempted: String,
    /// The host that was called, if the call came so far.
    pub(crate) host: Option<String>,
    /// What the call was made with.
    pub(crate) with: With,
}

/// What a call is made with.
#[derive(Clone, Debug)]
pub(crate) enum With {
    /// Credentials of the base, or of another source outside.
    Base {
        /// Whether AWS has accepted them before: then they have ended, else they were never right.
        known: bool,
    },
    /// The session of another role of ours.
    Session(Alias),
    /// The web identity token in a file.
    Token(TokenFile),
}

/// A call to STS that failed.
pub(crate) struct Failed {
    pub(crate) fault: Fault,
    /// Whether it was the base that AWS did not accept, so that newer credentials may help.
    pub(crate) base_rejected: bool,
}

/// What a call was made with and no message may repeat.
pub(crate) enum Secrets<'a> {
    /// The credentials that signed it.
    Of(&'a Credentials),
    /// The web identity token that it carried.
    Token(&'a str),
    /// Credentials that nobody had.
    None,
}

/// What is wrong with a call to STS that was made with these secrets.
pub(crate) fn of_call<E>(call: &Call, err: &SdkError<E, HttpResponse>, secrets: &Secrets<'_>) -> Failed
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let secrets = match secrets {
        Secrets::Of(credentials) => {
            // An id of AWS has 20 characters; something longer may be the secret in the wrong place.
            let id = Some(credentials.access_key_id()).filter(|id| id.len() > 20);
            [id, Some(credentials.secret_access_key()), credentials.session_token()]
        }
        Secrets::Token(token) => [Some(*token), None, None],
        Secrets::None => [None; 3],
    };
    let failure = Failure::of(err).without(secrets.into_iter().flatten());
    Failed { fault: table::classify(call, &failure), base_rejected: table::rejects_base(&failure) }
}

/// The fault of a base that could not be loaded.
pub(crate) fn of_base(err: &CredentialsError, clues: &Clues) -> Fault {
    base::classify(err, clues)
}

/// A base that could not be loaded, for a reason that was found here.
pub(crate) fn of_loading(kind: FaultKind, why: &str, action: impl Into<String>) -> Fault {
    Fault::new(kind, format!("could not {}: {why}", base::ATTEMPTED), action)
}

/// The source of the base did not answer within `limit`.
pub(crate) fn base_timed_out(limit: Duration) -> Fault {
    of_loading(
        FaultKind::Unreachable,
        &format!("{} did not answer within {} s", base::SOURCE, limit.as_secs()),
        "check the network on the way to it",
    )
}

/// The profile files could not be read within `limit`.
pub(crate) fn files_timed_out(limit: Duration) -> Fault {
    of_loading(
        FaultKind::Unreachable,
        &format!("the AWS config and credentials files could not be read within {} s", limit.as_secs()),
        "check the disk or network share that they are on",
    )
}

/// Nothing came within `limit`, and we stopped waiting ourselves.
pub(crate) fn timed_out(call: &Call, limit: Duration) -> Fault {
    let message = Some(format!("no answer within {} s", limit.as_secs()));
    table::classify(call, &Failure { kind: Kind::NoAnswer, message, ..Failure::default() })
}

/// STS said yes, but what it gave is no session. `why` goes on behind "the answer".
pub(crate) fn no_session(call: &Call, why: &str) -> Fault {
    Fault::new(
        FaultKind::Bug,
        format!("could not {}: the answer of {} {why}", call.attempted, call.endpoint()),
        "AWS never answers so: check that AWS_ENDPOINT_URL, if set, names an STS endpoint, and that no proxy is in the way",
    )
}

impl Call {
    fn endpoint(&self) -> &str {
        self.host.as_deref().unwrap_or("STS")
    }
}
