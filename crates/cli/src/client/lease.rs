//! What the agent lends for as long as somebody holds it: a token for a role, and with a policy a session of its own.
//!
//! The lease is the connection: it lasts until either end closes it, and the kernel closes ours however we end. Promises
//! that a lease which the agent ended, because it is started again, is asked for anew until it is there, with the same
//! token, so that whoever uses the token need not know; and that whoever took it is told when that is in vain.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::iter::successors;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use rolecall_agent::serve::wire::{LEASE, LeaseDocument, LeaseRequest};
use rolecall_agent::state::state_dir::socket_path;
use zeroize::{Zeroize as _, Zeroizing};

use crate::state_dir::StateDir;

use super::answer::parse;
use super::{AT_HAND, AskError, connected, not_exchanged, parsed, refusal, request};

/// What is asked for.
const TARGET: &str = "/v1/tokens";
/// Far above any answer.
const ANSWER_MAX: usize = 64 << 10;

/// The first pause before the agent is asked again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A lease that lasts. Without `Debug`: it holds the token.
pub(crate) struct Lease {
    /// What was lent.
    pub(crate) document: LeaseDocument,
    connection: UnixStream,
    state_dir: StateDir,
    /// As it was asked for, with the token.
    body: Zeroizing<String>,
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
}

impl Lease {
    /// Asks for one.
    ///
    /// # Errors
    /// When the agent does not grant it.
    pub(crate) fn take(state_dir: &StateDir, mut wanted: LeaseRequest) -> Result<Self, AskError> {
        // Strings only: there is nothing that JSON could not hold.
        let body = Zeroizing::new(serde_json::to_string(&wanted).unwrap_or_default());
        wanted.token.zeroize();
        let (connection, document) = granted(state_dir, &body)?;
        Ok(Self { document, connection, state_dir: state_dir.clone(), body })
    }

    /// Holds it as long as this process runs, and tells why it is lost, each reason once.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn keep(mut self, mut tell: impl FnMut(&Lost) + Send + 'static) -> io::Result<()> {
        let mut told = BTreeSet::new();
        let mut tell_once = move |lost: &Lost| {
            if told.insert(lost.to_string()) {
                tell(lost);
            }
        };
        let keep = move || {
            loop {
                wait_for_end(&mut self.connection);
                self.connection = self.again(&mut tell_once);
            }
        };
        thread::Builder::new().name("lease".into()).spawn(keep).map(drop)
    }

    /// Asks until it is granted: whatever is in the way now may be mended.
    fn again(&self, mut tell: impl FnMut(&Lost)) -> UnixStream {
        let mut pauses = pauses();
        loop {
            let pause = pauses.next().unwrap_or(PAUSES.1);
            thread::sleep(pause);
            match granted(&self.state_dir, &self.body) {
                Ok((connection, LeaseDocument { url: there, .. })) => {
                    let here = &self.document.url;
                    if *here != there {
                        tell(&Lost::Moved { here: here.clone(), there });
                    }
                    return connection;
                }
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
    !may_pass || pause >= PAUSES.1
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
    successors(Some(PAUSES.0), |pause| Some((*pause * 2).min(PAUSES.1)))
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
