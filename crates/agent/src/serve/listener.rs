//! A TCP port for answers without a secret: probes, metrics.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode};
use tokio::net::{TcpListener, TcpSocket};

use crate::serve::answer::{Answer, allowing};
use crate::serve::connections::Limits;

/// The answer is at hand, so nobody needs more.
pub(crate) const LIMITS: Limits = Limits { connections: 32, head: Duration::from_secs(1), keep_alive: false };
/// How many may wait to be let in: programs that start together, and a flood beside them.
const BACKLOG: u32 = 4096;
/// How long the task that keeps the roles may take to say how they stand.
pub(crate) const ALIVE: Duration = Duration::from_secs(2);

/// The address cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("listen on {address} for {what}: {source}; name another address")]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// What for.
    pub what: &'static str,
    /// What the system said.
    pub source: io::Error,
}

/// Listens on `address`.
///
/// # Errors
/// When it cannot be had.
pub(crate) fn open(address: SocketAddr, what: &'static str) -> Result<TcpListener, ListenError> {
    bind(address).map_err(|source| ListenError { address, what, source })
}

/// As [`TcpListener::bind`], with room for all that knock at once.
///
/// # Errors
/// When the address cannot be had.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port that was ours a moment ago can be had again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// An answer with this body, which only numbers and fixed words are in.
pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = Answer::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !content_type.is_empty() {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer
}

/// The refusal of what only reading makes sense for.
pub(crate) fn unless_reading(method: &Method) -> Option<Answer> {
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    Some(allowing(answer(StatusCode::METHOD_NOT_ALLOWED, "", Vec::new()), "GET, HEAD"))
}
