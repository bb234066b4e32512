//! `POST /v1/refresh`: asks STS now and answers when it has answered and what came of it is written.

use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::Body;
use rolecall_core::Alias;
use rolecall_rotator::NotRefreshed;

use super::routes::{Answer, json, refuse, stopping, unknown};
use super::{Api, REQUEST_TIME, SESSION_TIME};
use crate::serve::wire::{RefreshRequest, code};

/// The most bytes of a request's body: room for a thousand aliases of the greatest length.
const BODY_BYTES: usize = 64 * 1024;

/// Why a body is not used.
enum Unusable {
    TooLong,
    Late,
    Broken(String),
}

/// Refreshes the roles that the body names, all of them when it names none.
pub(super) async fn answer<B>(api: &Api, body: B) -> Answer
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let RefreshRequest { aliases: named } = match read(body).await {
        Ok(request) => request,
        Err(unusable) => return unusable.answer(),
    };
    let mut aliases: Vec<Alias> = Vec::new();
    for name in &named {
        match name.parse() {
            Ok(alias) => aliases.push(alias),
            Err(_) => return unknown(api, name).await,
        }
    }
    if aliases.is_empty() {
        aliases = api.view.aliases().await;
    }
    let complete = match api.view.rotator.refresh(&aliases, SESSION_TIME).await {
        Ok(()) => true,
        Err(NotRefreshed::Pending) => false,
        Err(NotRefreshed::Unknown(alias)) => return unknown(api, alias.as_str()).await,
        Err(NotRefreshed::Stopped) => return stopping(),
    };
    json(StatusCode::OK, &api.view.refreshed(&aliases, complete).await)
}

async fn read<B>(body: B) -> Result<RefreshRequest, Unusable>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let whole = tokio::time::timeout(REQUEST_TIME, Limited::new(body, BODY_BYTES).collect()).await;
    let bytes = match whole {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(Unusable::TooLong),
        Ok(Err(error)) => return Err(Unusable::Broken(error.to_string())),
        Err(_) => return Err(Unusable::Late),
    };
    if bytes.is_empty() {
        return Ok(RefreshRequest::default());
    }
    serde_json::from_slice(&bytes).map_err(|error| Unusable::Broken(error.to_string()))
}

impl Unusable {
    fn answer(self) -> Answer {
        let action = "send {\"aliases\":[\"<alias>\"]}, or nothing for all roles";
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
