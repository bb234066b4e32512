//! What the agent lends for as long as somebody holds it: a token for a role, and with a policy a session of its own.
//!
//! The lease is the connection: it lasts until either end closes it, and the kernel closes ours however we end. Promises
//! that a lease which the agent ended, because it is started again, is asked for anew until it is there, and that whoever
//! took it is told when that is in vain. Each lease has a token of its own: while no agent ran, another user may have
//! listened on its port and been shown the one of before.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::iter;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use rolecall_agent::serve::wire::{LEASE, LeaseDocument, LeaseRequest};
use rolecall_agent::state::state_dir::socket_path;
use rolecall_agent::state::tokens::Token;
use zeroize::{Zeroize as _, Zeroizing};

use crate::state_dir::StateDir;

use super::answer::parse;
use super::{AT_HAND, AskError, connected, not_exchanged, parsed, refusal, request};

/// What is asked for.
const TARGET: &str = "/v1/tokens";
/// Far above any answer.
const ANSWER_MAX: usize = 64 << 10;

/// The pauses before the agent is asked again: short ones for as long as it may just be starting, then long ones.
const SHORT: Duration = Duration::from_millis(200);
const SHORT_PAUSES: usize = 50;
const LONG: Duration = Duration::from_secs(5);

/// A lease that lasts.
pub(crate) struct Lease {
    /// What was lent.
    pub(crate) document: LeaseDocument,
    connection: UnixStream,
    state_dir: StateDir,
    /// As it was asked for, without the token.
    wanted: LeaseRequest,
}

/// Why whoever has the token gets nothing for it at present.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    /// There is no lease.
    #[error(transparent)]
    NotLent(AskError),
    /// There is one, which is of use at another address.
    #[error("the agent serves it at {there} now, and no longer at {here}")]
    Moved { here: String, there: String },
    /// There is a new token, which could not be handed over.
    #[error("hand over its new token: {0}")]
    NotHandedOver(io::Error),
}

impl Lease {
    /// Asks for one.
    ///
    /// # Errors
    /// When the agent does not grant it.
    pub(crate) fn take(state_dir: &StateDir, mut wanted: LeaseRequest, token: &Token) -> Result<Self, AskError> {
        let (connection, document) = granted(state_dir, &body(&wanted, token))?;
        // The next lease is to have the same name.
        wanted.tag = document.name.split_once('~').map(|(_, tag)| tag.to_owned());
        Ok(Self { document, connection, state_dir: state_dir.clone(), wanted })
    }

    /// Holds it as long as this process runs. When the agent has ended it, the token of the next one is handed over with
    /// `renew`; why it is lost is told, each reason once.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn keep(
        mut self,
        mut renew: impl FnMut(&Token) -> io::Result<()> + Send + 'static,
        mut tell: impl FnMut(&Lost) + Send + 'static,
    ) -> io::Result<()> {
        let mut told = BTreeSet::new();
        let mut tell_once = move |lost: &Lost| {
            if told.insert(lost.to_string()) {
                tell(lost);
            }
        };
        let keep = move || {
            loop {
                wait_for_end(&mut self.connection);
                self.connection = self.again(&mut renew, &mut tell_once);
            }
        };
        thread::Builder::new().name("lease".into()).spawn(keep).map(drop)
    }

    /// Asks until it is granted: whatever is in the way now may be mended.
    fn again(&self, renew: &mut impl FnMut(&Token) -> io::Result<()>, mut tell: impl FnMut(&Lost)) -> UnixStream {
        let mut pauses = pauses();
        loop {
            let pause = pauses.next().unwrap_or(LONG);
            thread::sleep(pause);
            // Without random bytes there is no token; the next time perhaps.
            let Ok(token) = Token::new() else { continue };
            match granted(&self.state_dir, &body(&self.wanted, &token)) {
                // Dropped: nobody comes to where it is served now.
                Ok((_, LeaseDocument { url: there, .. })) if there != self.document.url => {
                    tell(&Lost::Moved { here: self.document.url.clone(), there });
                }
                // Handed over only now, since the port is sure to be the agent's now.
                Ok((connection, _)) => match renew(&token) {
                    Ok(()) => return connection,
                    Err(error) => tell(&Lost::NotHandedOver(error)),
                },
                Err(error) if is_told(&error, pause) => tell(&Lost::NotLent(error)),
                Err(_) => {}
            }
        }
    }
}

/// Whether an error is told that came after this pause: what is met while an agent is started again is told once it lasts.
fn is_told(error: &AskError, pause: Duration) -> bool {
    let may_pass = match error {
        AskError::Foreign { .. } | AskError::NotAllowed { .. } | AskError::Newer { .. } => false,
        AskError::Refused(_) => error.is_absence(),
        AskError::NoAgent { .. }
        | AskError::Connect { .. }
        | AskError::Full { .. }
        | AskError::Late { .. }
        | AskError::Exchange { .. }
        | AskError::Malformed { .. } => true,
    };
    !may_pass || pause >= LONG
}

/// Returns when the agent has closed the connection, on which it says nothing more.
fn wait_for_end(connection: &mut UnixStream) {
    let mut nothing = [0; 64];
    loop {
        match connection.read(&mut nothing) {
            Ok(1..) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
        }
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    iter::repeat_n(SHORT, SHORT_PAUSES).chain(iter::repeat(LONG))
}

/// What is sent.
fn body(wanted: &LeaseRequest, token: &Token) -> Zeroizing<String> {
    let mut request = LeaseRequest { token: token.as_str().into(), ..wanted.clone() };
    // Strings only: there is nothing that JSON could not hold.
    let body = Zeroizing::new(serde_json::to_string(&request).unwrap_or_default());
    request.token.zeroize();
    body
}

fn granted(state_dir: &StateDir, body: &str) -> Result<(UnixStream, LeaseDocument), AskError> {
    let socket = socket_path(state_dir);
    let mut connection = connected(state_dir, AT_HAND)?;
    let broken = |source| not_exchanged(&socket, AT_HAND, source);
    let malformed = |what| AskError::Malformed { socket: socket.clone(), what };
    let request = Zeroizing::new(request("POST", TARGET, body, &format!("Upgrade\r\nUpgrade: {LEASE}")));
    connection.write_all(request.as_bytes()).map_err(broken)?;
    let mut raw = Vec::new();
    let line = loop {
        match answered(&raw).map_err(malformed)? {
            Answered::Granted(line) => break line,
            Answered::Refused => {
                (&connection).take(ANSWER_MAX as u64).read_to_end(&mut raw).map_err(broken)?;
                let (_, body) = parse(raw.into()).map_err(malformed)?;
                return Err(refusal(socket, &body));
            }
            Answered::NotYet if raw.len() > ANSWER_MAX => return Err(malformed("it does not end")),
            Answered::NotYet => {}
        }
        let mut piece = [0; 1024];
        match connection.read(&mut piece) {
            Ok(0) => return Err(malformed("it ends early")),
            Ok(length) => raw.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(error)),
        }
    };
    let document = parsed(state_dir, TARGET, &line)?;
    connection.set_read_timeout(None).map_err(broken)?;
    Ok((connection, document))
}

/// How far an answer has come.
#[derive(Debug, PartialEq, Eq)]
enum Answered {
    /// The line that says what was granted.
    Granted(Vec<u8>),
    /// Another status: an ordinary answer.
    Refused,
    NotYet,
}

fn answered(raw: &[u8]) -> Result<Answered, &'static str> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(raw) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Ok(Answered::NotYet),
        Err(_) => return Err("it is not HTTP"),
    };
    if response.code != Some(101) {
        return Ok(Answered::Refused);
    }
    let rest = &raw[head..];
    let end = rest.iter().position(|byte| *byte == b'\n');
    Ok(end.map_or(Answered::NotYet, |end| Answered::Granted(rest[..end].into())))
}

#[cfg(test)]
mod tests;
