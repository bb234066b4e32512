//! Reads the body of a request: JSON, not too long, and in time.

use std::error::Error;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::Body;
use serde::de::DeserializeOwned;

use super::REQUEST_TIME;
use crate::serve::answer::{Answer, refuse};
use crate::serve::wire::code;

/// The most bytes of a request's body: room for a thousand aliases of the greatest length, and for every session policy.
const BODY_BYTES: usize = 64 * 1024;

/// Why a body is not used.
pub(super) enum Unusable {
    TooLong,
    Late,
    Broken(String),
}

/// The document in a body; an empty body is an empty document.
///
/// # Errors
/// Why it cannot be used.
pub(super) async fn read<T: DeserializeOwned>(
    body: impl Body<Error: Into<Box<dyn Error + Send + Sync>>>,
) -> Result<T, Unusable> {
    let whole = tokio::time::timeout(REQUEST_TIME, Limited::new(body, BODY_BYTES).collect()).await;
    let bytes = match whole {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Unusable::TooLong),
        Ok(Err(error)) => return Err(Unusable::Broken(error.to_string())),
        Err(_) => return Err(Unusable::Late),
    };
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|error| Unusable::Broken(error.to_string()))
}

impl Unusable {
    /// The answer to it; `action` says what to send.
    pub(super) fn answer(self, action: &str) -> Answer {
        let (status, message) = match self {
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, format!("the body has over {} KiB", BODY_BYTES / 1024)),
            Self::Late => {
                let limit = Duration::as_secs(&REQUEST_TIME);
                (StatusCode::REQUEST_TIMEOUT, format!("the body did not come within {limit} s"))
            }
            Self::Broken(why) => (StatusCode::BAD_REQUEST, format!("the body is not understood: {why}")),
        };
        refuse(status, code::BAD_REQUEST, message, action)
    }
}
