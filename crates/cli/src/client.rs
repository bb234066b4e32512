//! Asks the agent through its Unix socket: one request, one answer, no runtime.
//!
//! `rolecall credentials` runs at every start of an AWS program, so this is a std socket and a few dozen lines. Promises
//! never to talk to a socket that somebody else listens on, never to wait without end, never to return half an answer, and
//! to wipe every copy of one. What the answer means is left to the commands.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rolecall_agent::serve::wire::{ErrorDocument, PROTOCOL, PROTOCOL_HEADER, VERSION, code};
use rolecall_agent::state::state_dir::socket_path;
use rustix::io::{FdFlags, fcntl_setfd, retry_on_intr};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

mod answer;
pub(crate) mod lease;
pub(crate) mod refresh;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output::duration::words;
use crate::state_dir::StateDir;
use answer::parse;

/// Far above any answer: a row of `status` has less than 2 KiB.
const ANSWER_MAX: u64 = 16 << 20;
/// Room for an answer from the start: more than credentials ever take.
const ANSWER_ROOM: usize = 16 << 10;

/// How long a command waits for what the agent has at hand.
pub(crate) const AT_HAND: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// No socket, or nobody listens on it.
    #[error("no agent runs for the state directory {state_dir}", state_dir = state_dir.display())]
    NoAgent {
        /// The state directory.
        state_dir: PathBuf,
    },
    /// Another user listens there, who could hand us credentials of his own.
    #[error(
        "the socket {socket} belongs to user {owner}, who is neither you nor root, nor owner of a directory that you named",
        socket = socket.display()
    )]
    Foreign {
        /// The socket.
        socket: PathBuf,
        /// The uid of who listens.
        owner: u32,
    },
    /// The socket, or a directory above it, is not for this user.
    #[error("you may not connect to the agent's socket {socket}", socket = socket.display())]
    NotAllowed {
        /// The socket.
        socket: PathBuf,
    },
    /// The socket is there, but cannot be used.
    #[error("connect to the agent's socket {socket}: {source}", socket = socket.display())]
    Connect {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// So many wait to be let in that nothing could be asked.
    #[error("the agent at {socket} took nobody in within {limit}", socket = socket.display(), limit = words(*limit))]
    Full {
        /// The socket.
        socket: PathBuf,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The agent was asked, and did not answer in time.
    #[error("the agent at {socket} did not answer within {limit}", socket = socket.display(), limit = words(*limit))]
    Late {
        /// The socket.
        socket: PathBuf,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The connection broke.
    #[error("ask the agent at {socket}: {source}", socket = socket.display())]
    Exchange {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The answer is not what an agent says.
    #[error("the agent at {socket} gave an answer that is not understood: {what}", socket = socket.display())]
    Malformed {
        /// The socket.
        socket: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The answer is of a later version, in which the words may mean something else.
    #[error(
        "the agent at {socket} speaks version {version} of {target}, and this rolecall knows {VERSION}",
        socket = socket.display()
    )]
    Newer {
        /// The socket.
        socket: PathBuf,
        /// What was asked for.
        target: String,
        /// The version of the answer.
        version: u32,
    },
    /// The agent said no, and why.
    #[error("{}", .0.message)]
    Refused(ErrorDocument),
}

impl AskError {
    /// Whether there is no agent, or soon will be none.
    pub(crate) fn is_absence(&self) -> bool {
        match self {
            Self::NoAgent { .. } => true,
            Self::Refused(document) => document.code == code::STOPPING,
            _ => false,
        }
    }
}

/// The document that the agent answered with when asked for `target`.
///
/// # Errors
/// When it is another document than asked for, or one of a later version.
pub(crate) fn parsed<T: DeserializeOwned>(state_dir: &Path, target: &str, body: &[u8]) -> Result<T, AskError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let socket = || socket_path(state_dir);
    let malformed = |_| AskError::Malformed { socket: socket(), what: "another document than asked for" };
    let Versioned { version } = serde_json::from_slice(body).map_err(malformed)?;
    if version > VERSION {
        return Err(AskError::Newer { socket: socket(), target: target.into(), version });
    }
    serde_json::from_slice(body).map_err(malformed)
}

/// The body of the agent's answer to a GET of `target`, waiting for the agent at most `limit` at a time.
///
/// # Errors
/// When there is none, or it is not a 200.
pub(crate) fn get(state_dir: &StateDir, target: &str, limit: Duration) -> Result<Zeroizing<Vec<u8>>, AskError> {
    ask(state_dir, "GET", target, "", limit)
}

/// The same for a POST of a JSON `body`.
///
/// # Errors
/// As [`get`].
pub(crate) fn post(
    state_dir: &StateDir,
    target: &str,
    body: &str,
    limit: Duration,
) -> Result<Zeroizing<Vec<u8>>, AskError> {
    ask(state_dir, "POST", target, body, limit)
}

fn ask(
    state_dir: &StateDir,
    method: &str,
    target: &str,
    body: &str,
    limit: Duration,
) -> Result<Zeroizing<Vec<u8>>, AskError> {
    let socket = socket_path(state_dir);
    let mut stream = connected(state_dir, limit)?;
    let raw = exchange(&mut stream, &request(method, target, body, "close"))
        .map_err(|source| not_exchanged(&socket, limit, source))?;
    let (status, body) = parse(raw).map_err(|what| AskError::Malformed { socket: socket.clone(), what })?;
    if status == 200 { Ok(body) } else { Err(refusal(socket, &body)) }
}

/// A connection to the agent, and to nobody else.
fn connected(state_dir: &StateDir, limit: Duration) -> Result<UnixStream, AskError> {
    let socket = socket_path(state_dir);
    let not_connected = |source| not_connected(state_dir, limit, source);
    let stream = connect(&socket, limit).map_err(not_connected)?;
    let owner = owner(&stream, &socket).map_err(not_connected)?;
    if !state_dir.trusts(owner) {
        return Err(AskError::Foreign { socket, owner });
    }
    Ok(stream)
}

fn not_exchanged(socket: &Path, limit: Duration, source: io::Error) -> AskError {
    match source.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => AskError::Late { socket: socket.into(), limit },
        _ => AskError::Exchange { socket: socket.into(), source },
    }
}

/// What an answer that is no success says.
fn refusal(socket: PathBuf, body: &[u8]) -> AskError {
    let malformed = |_| AskError::Malformed { socket, what: "an error without its reason" };
    serde_json::from_slice(body).map_or_else(malformed, AskError::Refused)
}

/// As [`UnixStream::connect`], which waits without end where an agent takes nobody in. Both limits of time stay with the
/// stream.
fn connect(socket: &Path, limit: Duration) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(socket)?;
    let fd = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    let stream = UnixStream::from(fd);
    stream.set_read_timeout(Some(limit))?;
    // Linux counts the wait in connect(2) as one to send; elsewhere that call does not wait (unix(7), socket(7)).
    stream.set_write_timeout(Some(limit))?;
    retry_on_intr(|| rustix::net::connect(&stream, &address))?;
    Ok(stream)
}

fn not_connected(state_dir: &Path, limit: Duration, source: io::Error) -> AskError {
    let socket = socket_path(state_dir);
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => AskError::NoAgent { state_dir: state_dir.into() },
        io::ErrorKind::PermissionDenied => AskError::NotAllowed { socket },
        io::ErrorKind::WouldBlock => AskError::Full { socket, limit },
        _ => AskError::Connect { socket, source },
    }
}

/// The uid of who listens: asked of the connection, since a path can name something else by now. Not by rustix, which
/// has no answer where the other process has no number here, as from another container.
#[cfg(target_os = "linux")]
fn owner(stream: &UnixStream, _socket: &Path) -> io::Result<u32> {
    use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
    Ok(getsockopt(stream, PeerCredentials)?.uid())
}

/// The uid of who made the socket.
#[cfg(not(target_os = "linux"))]
fn owner(_stream: &UnixStream, socket: &Path) -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(socket.metadata()?.uid())
}

fn request(method: &str, target: &str, body: &str, connection: &str) -> String {
    let length = match body.len() {
        0 => String::new(),
        length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
    };
    format!(
        "{method} {target} HTTP/1.1\r\nHost: rolecall\r\n{PROTOCOL_HEADER}: {PROTOCOL}\r\nAccept: application/json\r\n\
         {length}Connection: {connection}\r\n\r\n{body}"
    )
}

fn exchange(stream: &mut UnixStream, request: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    stream.write_all(request.as_bytes())?;
    read_to_end(&mut stream.take(ANSWER_MAX))
}

/// As [`Read::read_to_end`], which leaves copies behind where it moves what it has to a larger place.
fn read_to_end(from: &mut impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut raw = Zeroizing::new(vec![0; ANSWER_ROOM]);
    let mut length = 0;
    loop {
        if length == raw.len() {
            let mut larger = Zeroizing::new(vec![0; 2 * length]);
            larger[..length].copy_from_slice(&raw);
            raw = larger;
        }
        match from.read(&mut raw[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    raw.truncate(length);
    Ok(raw)
}

/// An answer to who asked for credentials, which are not in it.
pub(crate) fn not_credentials(state_dir: &Path) -> AskError {
    AskError::Malformed { socket: socket_path(state_dir), what: "no credentials" }
}

/// What to do when it is the agent that does not work.
const SEE_THE_AGENT: &str = "see the agent's log; start it again if it hangs";

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let message = error.to_string();
        match error {
            AskError::NoAgent { .. } => {
                Self::new(ExitCode::NothingToAsk, message, "start one with `rolecall agent`, or name its --state-dir")
            }
            AskError::Foreign { .. } => Self::new(ExitCode::NothingToAsk, message, "name a --state-dir of your own"),
            AskError::NotAllowed { .. } => {
                let action =
                    "name a --state-dir of your own, or be in the group that the agent's --socket-group lets in";
                Self::new(ExitCode::NothingToAsk, message, action)
            }
            AskError::Connect { .. } | AskError::Exchange { .. } => Self::new(ExitCode::Bug, message, SEE_THE_AGENT),
            AskError::Full { .. } | AskError::Late { .. } => Self::new(ExitCode::TimeLimit, message, SEE_THE_AGENT),
            AskError::Malformed { .. } | AskError::Newer { .. } => {
                Self::new(ExitCode::Bug, message, "use the same version of rolecall for agent and command")
            }
            AskError::Refused(document) => {
                let code = match document.code.as_str() {
                    code::UNKNOWN_ALIAS => ExitCode::UnknownAlias,
                    code::PENDING => ExitCode::TimeLimit,
                    code::STOPPING => ExitCode::NothingToAsk,
                    code::NOT_FOUND | code::METHOD_NOT_ALLOWED | code::BAD_REQUEST => ExitCode::Bug,
                    // The kind of a fault.
                    _ => ExitCode::AllFailed,
                };
                Self::new(code, message, document.action)
            }
        }
    }
}

#[cfg(test)]
mod tests;
