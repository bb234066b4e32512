//! Who may ask the endpoint for what: pure, by the head of a request alone.
//!
//! A loopback port is open to every process of the machine and to every page in a browser on it. So a request must name us
//! as its host (else a name was bound to our address: [DNS rebinding](https://en.wikipedia.org/wiki/DNS_rebinding)), must
//! not come from a page or through a proxy, and must show a token. Whether the token is right is left to the keyring.

use std::net::SocketAddr;

use hyper::header::{AUTHORIZATION, HOST, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};

use crate::serve::wire::code;

/// Where credentials are, in front of the alias.
const PATH: &str = "/v1/credentials/";

/// The headers that a browser or a proxy sends, and no AWS SDK.
const FOREIGN: [&str; 6] = ["forwarded", "origin", "proxy-connection", "referer", "via", "x-real-ip"];
const FOREIGN_PREFIXES: [&str; 2] = ["sec-", "x-forwarded"];

/// Lets requests in that name one address.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    hosts: [String; 2],
}

/// What is asked for, and what is shown for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked<'r> {
    /// An alias, or the name of something that is lent.
    pub(crate) name: &'r str,
    pub(crate) token: &'r [u8],
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the Host of the request is not this endpoint")]
    Host,
    #[error("the request comes from a web page or through a proxy")]
    Foreign,
    #[error("this method is not answered")]
    Method,
    #[error("there is nothing at this path")]
    Path,
    #[error("a query means nothing here")]
    Query,
    #[error("the request has no Authorization header")]
    NoToken,
    #[error("the token does not open this alias")]
    WrongToken,
    #[error("the agent has just started, and the token does not open this alias yet")]
    Settling,
}

impl Guard {
    /// The guard of an endpoint at this address.
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self { hosts: [address.to_string(), format!("localhost:{}", address.port())] }
    }

    /// What the request asks for.
    ///
    /// # Errors
    /// The first reason not to answer it.
    pub(crate) fn admit<'r>(&self, request: &'r Parts) -> Result<Asked<'r>, Refusal> {
        let headers = &request.headers;
        // A request line with a whole URL says a host, too.
        let line = request.uri.authority().is_none_or(|authority| self.is_ours(authority.as_str().as_bytes()));
        if !line || !only(headers, &HOST).is_some_and(|host| self.is_ours(host)) {
            return Err(Refusal::Host);
        }
        if headers.keys().any(|name| is_foreign(name.as_str())) {
            return Err(Refusal::Foreign);
        }
        if request.method != Method::GET {
            return Err(Refusal::Method);
        }
        let name = request.uri.path().strip_prefix(PATH).filter(|name| !name.is_empty()).ok_or(Refusal::Path)?;
        if request.uri.query().is_some() {
            return Err(Refusal::Query);
        }
        if !headers.contains_key(AUTHORIZATION) {
            return Err(Refusal::NoToken);
        }
        // Spaces round a token are sent along by some SDKs and cut by others.
        let token = only(headers, &AUTHORIZATION).ok_or(Refusal::WrongToken)?.trim_ascii();
        Ok(Asked { name, token })
    }

    fn is_ours(&self, host: &[u8]) -> bool {
        self.hosts.iter().any(|ours| ours.as_bytes().eq_ignore_ascii_case(host))
    }
}

/// The value of a header that is there once.
fn only<'r>(headers: &'r HeaderMap, name: &hyper::header::HeaderName) -> Option<&'r [u8]> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none()).map(|value| value.as_bytes())
}

fn is_foreign(name: &str) -> bool {
    FOREIGN.contains(&name) || FOREIGN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

impl Refusal {
    /// How the answer says it: the status of HTTP, and the code of its body.
    pub(crate) fn status_and_code(self) -> (StatusCode, &'static str) {
        match self {
            Self::Host | Self::Foreign => (StatusCode::FORBIDDEN, code::FORBIDDEN),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, code::METHOD_NOT_ALLOWED),
            Self::Path => (StatusCode::NOT_FOUND, code::NOT_FOUND),
            Self::Query => (StatusCode::BAD_REQUEST, code::BAD_REQUEST),
            Self::NoToken | Self::WrongToken => (StatusCode::UNAUTHORIZED, code::UNAUTHORIZED),
            Self::Settling => (StatusCode::SERVICE_UNAVAILABLE, code::PENDING),
        }
    }

    /// What to do.
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Host => "use the URL in endpoint.json of the agent's state directory as it is",
            Self::Foreign => "ask from a program on this machine, without a proxy: set NO_PROXY=127.0.0.1",
            Self::Method => "send a GET",
            Self::Path => "ask for /v1/credentials/<alias>",
            Self::Query => "leave it out",
            Self::NoToken => {
                "does AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE name the file of the alias in tokens/, and does that file end \
                 in a line break? It must not"
            }
            Self::Settling => "try again in a second: commands ask the agent for their tokens anew",
            Self::WrongToken => {
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE must name the token of the same alias that the URL names, and be read for \
                 each request; if it stays, start the program again with `rolecall exec` or `rolecall env`"
            }
        }
    }
}

#[cfg(test)]
mod tests;
