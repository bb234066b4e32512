//! The HTTP server of a sandbox: a listener on loopback, a task per connection.
//!
//! A thin shell: reads requests within limits, holds answers back as the faults say, and leaves what to answer to
//! [`crate::sts`] and [`crate::routes`].

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::WallClock;
use crate::config::Config;
use crate::control::Control;
use crate::service;

/// The most bytes that the head of a request may have. Session tokens are the longest header, below 4 KiB.
const HEAD_LIMIT: usize = 32 * 1024;

/// How long a client may take to send the head of a request, and how long a connection may idle.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// How long to wait when the machine cannot take another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running sandbox. It ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    control: Control,
    stop: oneshot::Sender<Infallible>,
    listening: JoinHandle<()>,
}

/// Why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its control endpoint has no authentication.
    #[error("cannot listen on {0}: a sandbox listens on loopback only; use 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The address is taken, or not there.
    #[error("cannot listen on {addr}: {source}; free the port or use port 0 for any")]
    Listen {
        /// Where it was to listen.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Sandbox {
    /// Starts a sandbox on the current tokio runtime, which needs I/O and time enabled. Port 0 takes any free port.
    ///
    /// # Errors
    /// When `listen` is not on loopback or cannot be had.
    pub async fn start(config: Config, listen: SocketAddr, clock: WallClock) -> Result<Self, StartError> {
        if !listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(listen));
        }
        let failed = |source| StartError::Listen { addr: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let control = Control::new(config, clock);
        let (stop, stopped) = oneshot::channel();
        let listening = tokio::spawn(accept(listener, control.clone(), stopped));
        Ok(Self { addr, control, stop, listening })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its knobs. The handle may outlive the server.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Closes the listener and all connections, and returns when they are closed.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.listening.await {
            tracing::error!(%error, "the sandbox's listener ended early");
        }
    }
}

/// Takes connections until the other end of `stopped` is gone.
async fn accept(listener: TcpListener, control: Control, mut stopped: oneshot::Receiver<Infallible>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, control.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "the sandbox cannot take a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, control: Control) {
    // Without it, answers wait for the acknowledgement of what went before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let answer = service_fn(move |request| service::answer(control.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_LIMIT)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the sandbox ended early");
    }
}
