//! The agent's Unix socket: HTTP/1.1, one request a connection.
//!
//! Promises to answer this user, root and the members of a group that is let in, nobody else, and that a client which says
//! nothing holds nothing up. Paths and answers are in `routes`.

mod body;
mod lease;
mod refresh;
mod routes;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rolecall_core::port::Clock;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tracing::{debug, warn};

use crate::publish::files::Access;
use crate::serve::connections::{ACCEPT_PAUSE, HEAD_BYTES};
use crate::serve::documents::View;
use crate::serve::keyring::Keyring;
use crate::serve::seldom::Seldom;
use crate::state::state_dir::NEW_SOCKET;

/// How long a client may take to send its request. All of them are on this machine; what is idle holds a place that
/// others wait for.
const REQUEST_TIME: Duration = Duration::from_secs(1);
/// How long a role without a session is waited for. Programs wait at least 60 s for a `credential_process`.
const SESSION_TIME: Duration = Duration::from_secs(20);
/// How long a connection may last in all: both of the above, and time to take the answer.
const CONNECTION_TIME: Duration = Duration::from_secs(30);
/// The most connections at once; more wait their turn.
const CONNECTIONS: usize = 256;

/// What every answer is made from.
pub(crate) struct Api {
    pub(crate) view: Arc<View>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keyring: Arc<Keyring>,
}

/// A socket that is open: who connects waits to be served.
pub(crate) struct Socket {
    path: PathBuf,
    listener: UnixListener,
    access: Access,
}

/// A socket that is being served.
pub(crate) struct Server {
    path: PathBuf,
    task: JoinHandle<()>,
}

/// Why the socket could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("open the socket {path}: {source}", path = path.display())]
pub struct SocketError {
    /// The socket.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl Socket {
    /// Opens the socket. Only for the holder of the state directory's lock: a socket that lies there is an ended agent's
    /// and is replaced.
    pub(crate) fn open(path: PathBuf, access: Access) -> Result<Self, SocketError> {
        match bind(&path, access) {
            Ok(listener) => Ok(Self { path, listener, access }),
            Err(source) => Err(SocketError { path, source }),
        }
    }

    /// Serves it.
    pub(crate) fn serve(self, api: Api) -> Server {
        Server { path: self.path, task: tokio::spawn(serve(self.listener, self.access, Arc::new(api))) }
    }
}

impl Server {
    /// Takes the socket away and cuts every connection.
    pub(crate) async fn stop(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            warn!("remove the socket {}: {error}", self.path.display());
        }
        self.task.abort();
        // Ended by the abort; there is nothing to learn from it.
        let _ = self.task.await;
    }
}

/// Opens the socket under another name and moves it into place once only those may connect who have access.
fn bind(path: &Path, access: Access) -> io::Result<UnixListener> {
    // Not longer than the real name, whose length was checked.
    let unready = path.with_file_name(NEW_SOCKET);
    match fs::remove_file(&unready) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&unready)?;
    access.give_socket(&unready)?;
    fs::rename(&unready, path)?;
    Ok(listener)
}

async fn serve(listener: UnixListener, access: Access, api: Arc<Api>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    let mut told = Seldom::default();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) if is_allowed(&stream, access) => {
                let api = Arc::clone(&api);
                connections.spawn(async move {
                    let lent = converse(stream, api).await;
                    // What is lent lasts for as long as its command; it has a limit of its own.
                    drop(slot);
                    if let Some(lent) = lent {
                        lent.hold().await;
                    }
                });
            }
            Ok(_) => warn!("a connection from another user was refused"),
            Err(error) => {
                if told.is_due(api.clock.now().boot) {
                    warn!("accept a connection: {error}");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Whether the other end is this user or root. Who else got past the socket's mode is not told anything. With a group that
/// is let in, that mode is the fence: the groups of the other end are not to be had.
fn is_allowed(stream: &UnixStream, access: Access) -> bool {
    if access.group().is_some() {
        return true;
    }
    let ours = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == ours || peer.uid() == 0)
}

/// Answers one request, and returns what was lent with the answer.
async fn converse(stream: UnixStream, api: Arc<Api>) -> Option<lease::Pending> {
    let lent = Arc::new(Mutex::new(None));
    let service = service_fn(|request| {
        let (api, lent) = (Arc::clone(&api), Arc::clone(&lent));
        async move {
            let (answer, pending) = routes::answer(&api, request).await;
            *lent.lock().unwrap_or_else(PoisonError::into_inner) = pending;
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .half_close(true)
        .max_buf_size(HEAD_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIME)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    match tokio::time::timeout(CONNECTION_TIME, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!("a connection ended badly: {error}"),
        Err(_) => debug!("a connection was cut after {} s", CONNECTION_TIME.as_secs()),
    }
    lent.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests;
