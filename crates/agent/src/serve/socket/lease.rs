//! `POST /v1/tokens`: lends a token for the endpoint to one command, for as long as the command holds the connection.
//!
//! The connection is upgraded and stays open: when either end goes, in whatever way, the kernel closes it and the lease is
//! over. A command that loses its agent asks the next one, with a new token and the same tag, so that its child need not notice.

use hyper::body::Body;
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rolecall_core::{Role, SessionPolicy};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Api;
use super::body;
use super::routes::unknown;
use crate::serve::answer::{Answer, refuse};
use crate::serve::keyring::{Lease, NotLent};
use crate::serve::wire::{LEASE, LeaseDocument, LeaseRequest, VERSION, code};
use crate::state::tokens::Token;

/// A lease whose connection is about to be upgraded.
pub(super) struct Pending {
    upgrade: OnUpgrade,
    document: LeaseDocument,
    lease: Lease,
}

/// The answer, and what comes behind it when it is a lease.
pub(super) async fn answer<B>(api: &Api, mut request: Request<B>) -> (Answer, Option<Pending>)
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let asks_for_it = request.headers().get(UPGRADE).is_some_and(|value| value == LEASE);
    let upgrade = hyper::upgrade::on(&mut request);
    if !asks_for_it {
        let message = format!("a token is lent over an upgraded connection only, with `Upgrade: {LEASE}`");
        return (bad(message), None);
    }
    let lent = match body::read::<LeaseRequest>(request.into_body()).await {
        Ok(wanted) => lend(api, wanted).await,
        Err(unusable) => Err(unusable.answer(r#"send {"alias":"<alias>","token":"<43 characters of base64url>"}"#)),
    };
    let (lease, document) = match lent {
        Ok(lent) => lent,
        Err(answer) => return (answer, None),
    };
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.headers_mut().insert(UPGRADE, HeaderValue::from_static(LEASE));
    (answer, Some(Pending { upgrade, document, lease }))
}

async fn lend(api: &Api, wanted: LeaseRequest) -> Result<(Lease, LeaseDocument), Answer> {
    let Some(endpoint) = api.view.shown.get().endpoint.clone() else {
        let action = "start the agent without `--endpoint false`, or hand out keys with `--keys`";
        let message = "the agent has no loopback endpoint".into();
        return Err(refuse(StatusCode::CONFLICT, code::NO_ENDPOINT, message, action));
    };
    let LeaseRequest { alias, token, tag, policy, policy_arns } = wanted;
    let token: Token = token.parse().map_err(|error| bad(format!("the token is {error}")))?;
    let tag = match tag {
        Some(digits) => tag_of(&digits).ok_or_else(|| bad("the tag is not 8 hex digits".into()))?,
        None => {
            let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(token.as_str()));
            [a, b, c, d]
        }
    };
    let arns: Result<Vec<_>, _> = policy_arns.iter().map(|arn| arn.parse()).collect();
    let policy = arns.and_then(|arns| SessionPolicy::new(policy.as_deref(), arns));
    let policy = policy.map_err(|error| bad(error.to_string()))?;
    let Some(role) = api.view.role(&alias).await else { return Err(unknown(api, &alias).await) };
    let region = role.region.as_ref().map(ToString::to_string);
    let lease = api.keyring.lend(&api.view.rotator, Role::clone(&role), policy, token, tag).map_err(|why| {
        let later =
            |message: &str| refuse(StatusCode::SERVICE_UNAVAILABLE, code::NOT_LENT, message.into(), "try again");
        match why {
            NotLent::TooMany => later("the agent lends to as many commands as it can already"),
            NotLent::NameTaken => later("another command has this tag, and another policy"),
            NotLent::AlreadyNarrowed(why) => {
                let action = "leave the policy out, or define the role a second time without its session policy";
                refuse(StatusCode::CONFLICT, code::NOT_LENT, why.to_string(), action)
            }
        }
    })?;
    let name = lease.name().to_string();
    let url = format!("{endpoint}/v1/credentials/{name}");
    Ok((lease, LeaseDocument { version: VERSION, name, url, region }))
}

fn tag_of(digits: &str) -> Option<[u8; 4]> {
    let is_hex = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten().map(u32::to_be_bytes)
}

fn bad(message: String) -> Answer {
    refuse(StatusCode::BAD_REQUEST, code::BAD_REQUEST, message, "correct the request; `rolecall exec` does it right")
}

impl Pending {
    /// Tells what is lent and holds it until the other end goes.
    pub(super) async fn hold(self) {
        let Self { upgrade, document, mut lease } = self;
        let Ok(upgraded) = upgrade.await else { return };
        let mut stream = TokioIo::new(upgraded);
        // Strings only: there is nothing that JSON could not hold.
        let mut line = serde_json::to_vec(&document).unwrap_or_default();
        line.push(b'\n');
        if stream.write_all(&line).await.is_ok() {
            let mut more = [0];
            tokio::select! {
                // Nothing more is expected: whatever comes, or an end of it, is the end.
                _ = stream.read(&mut more) => {}
                // The command is told by the end of the connection, and why when it asks again.
                () = lease.over() => {}
            }
        }
        drop(lease);
    }
}
