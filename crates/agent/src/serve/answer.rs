//! The bodies of all answers: sessions, documents, and why there is none.
//!
//! Promises that nothing but a 200 holds a secret, since clients print other bodies.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, Response, StatusCode};
use rolecall_core::{Fault, FaultKind};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::serve::wire::{ErrorDocument, code};

pub(crate) type Answer = Response<Full<Bytes>>;

/// The document of a session, as a body that is wiped when nobody sends it any more. No larger than it has to be.
pub(crate) fn secret(document: &Zeroizing<String>) -> Bytes {
    Bytes::from_owner(Secret(Zeroizing::new(document.as_bytes().into())))
}

struct Secret(Zeroizing<Box<[u8]>>);

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The answer with the document of a session.
pub(crate) fn session(document: Bytes) -> Answer {
    Answer::new(Full::new(document))
}

/// Why there is no session.
pub(crate) fn failed(fault: &Fault) -> Answer {
    let status = match fault.kind {
        FaultKind::Denied => StatusCode::FORBIDDEN,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    refuse(status, fault.kind.as_str(), fault.message.clone(), &fault.action)
}

/// Whoever asks has to ask the next agent.
pub(crate) fn stopping() -> Answer {
    let message = "the agent is about to end".into();
    refuse(StatusCode::SERVICE_UNAVAILABLE, code::STOPPING, message, "start it again")
}

/// A method that the path does not answer.
pub(crate) fn not_allowed(method: &Method, allowed: &'static str) -> Answer {
    let message = format!("{method} is not answered");
    let refusal =
        refuse(StatusCode::METHOD_NOT_ALLOWED, code::METHOD_NOT_ALLOWED, message, &format!("send a {allowed}"));
    allowing(refusal, allowed)
}

/// A refusal that says which methods are answered.
pub(crate) fn allowing(mut refusal: Answer, allowed: &'static str) -> Answer {
    refusal.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    refusal
}

/// Anything but a 200.
pub(crate) fn refuse(status: StatusCode, code: &str, message: String, action: &str) -> Answer {
    json(status, &ErrorDocument { code: code.into(), message, action: action.into() })
}

/// A document.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> Answer {
    // Strings, numbers and lists of them: there is nothing that JSON could not hold.
    let body = serde_json::to_vec(document).unwrap_or_default();
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer
}
