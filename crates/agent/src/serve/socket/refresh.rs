//! `POST /v1/refresh`: asks STS now and answers when it has answered and what came of it is written.

use hyper::StatusCode;
use hyper::body::Body;
use rolecall_core::Alias;
use rolecall_rotator::NotRefreshed;

use super::body;
use super::routes::unknown;
use super::{Api, SESSION_TIME};
use crate::serve::answer::{Answer, json, stopping};
use crate::serve::wire::RefreshRequest;

/// Refreshes the roles that the body names, all of them when it names none.
pub(super) async fn answer<B>(api: &Api, body: B) -> Answer
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let RefreshRequest { aliases: named } = match body::read(body).await {
        Ok(request) => request,
        Err(unusable) => return unusable.answer("send {\"aliases\":[\"<alias>\"]}, or nothing for all roles"),
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
