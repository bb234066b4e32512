//! Requests over TCP from this machine: how many connections there may be, and how long one may be silent.
//!
//! Promises that whoever says nothing, too much or too slowly holds nobody up: when there are too many connections, the one
//! whose client has been silent for longest makes way, never one whose request is being worked on
//! (`docs/decisions/0012-a-crowd-ends-the-silent.md`). What is answered is the caller's.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use rolecall_core::port::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tracing::{debug, warn};

use crate::serve::seldom::Seldom;

/// The most bytes of a request's head: the least that hyper takes. It answers 431 to more.
pub(crate) const HEAD_BYTES: usize = 8192;
/// How long to wait when the system gives no connection, for example for want of file descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What stands for the time since when a client is silent while it is being answered.
const ANSWERED: u64 = u64::MAX;

/// What a server takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most connections at once.
    pub(crate) connections: usize,
    /// How long the head of a request may take to come, from the moment that it is waited for.
    pub(crate) head: Duration,
    /// Whether a connection serves more than one request.
    pub(crate) keep_alive: bool,
}

/// A server, until it is dropped.
pub(crate) struct Served(JoinHandle<()>);

impl Served {
    /// Ends it. The address is free again when this returns.
    pub(crate) async fn stop(mut self) {
        self.0.abort();
        // Ended by the abort; there is nothing to learn from it.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Answers every request that comes.
pub(crate) fn serve<H, F>(listener: TcpListener, limits: Limits, clock: Arc<dyn Clock>, handler: H) -> Served
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    Served(tokio::spawn(accept(listener, limits, clock, Arc::new(handler))))
}

async fn accept<H, F>(listener: TcpListener, limits: Limits, clock: Arc<dyn Clock>, handler: Arc<H>)
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    // Dropped with this task, and all connections with it.
    let mut tasks = JoinSet::new();
    let mut open = Open::at_most(limits.connections);
    let mut told = Seldom::default();
    loop {
        match listener.accept().await {
            Ok((stream, _)) if open.makes_room() => {
                // An answer is one small packet that somebody waits for.
                let _ = stream.set_nodelay(true);
                let silence = open.one_more();
                let task = tasks.spawn(converse(stream, limits, silence.clone(), Arc::clone(&handler)));
                open.connections.push((silence, task));
            }
            Ok(_) => debug!("a connection was refused: {} are being answered", limits.connections),
            Err(error) => {
                // Descriptors are short, perhaps for all those who say nothing.
                open.ends_one();
                if told.is_due(clock.now().boot) {
                    warn!("accept a connection: {error}");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while tasks.try_join_next().is_some() {}
    }
}

/// Since when the client of one connection is silent, in connections that have been opened since the start.
#[derive(Clone)]
struct Silence {
    since: Arc<AtomicU64>,
    now: Arc<AtomicU64>,
}

impl Silence {
    fn begins(&self) {
        self.since.store(self.now.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    fn ends(&self) {
        self.since.store(ANSWERED, Ordering::Relaxed);
    }

    fn since(&self) -> u64 {
        self.since.load(Ordering::Relaxed)
    }
}

/// The connections that are open.
struct Open {
    most: usize,
    /// How many there have been.
    count: Arc<AtomicU64>,
    connections: Vec<(Silence, AbortHandle)>,
}

impl Open {
    fn at_most(most: usize) -> Self {
        Self { most, count: Arc::default(), connections: Vec::new() }
    }

    /// The silence of one more.
    fn one_more(&self) -> Silence {
        self.count.fetch_add(1, Ordering::Relaxed);
        let silence = Silence { since: Arc::default(), now: Arc::clone(&self.count) };
        silence.begins();
        silence
    }

    /// Whether one more may come; if need be, the one that has been silent for longest ends for it.
    fn makes_room(&mut self) -> bool {
        if self.connections.len() < self.most {
            return true;
        }
        self.connections.retain(|(_, task)| !task.is_finished());
        if self.connections.len() < self.most {
            return true;
        }
        self.ends_one()
    }

    /// Ends the one that has been silent for longest; false when all are being answered.
    fn ends_one(&mut self) -> bool {
        let since = |at: &usize| self.connections[*at].0.since();
        let longest = (0..self.connections.len()).min_by_key(since);
        let Some(at) = longest.filter(|at| since(at) != ANSWERED) else { return false };
        self.connections.swap_remove(at).1.abort();
        true
    }
}

async fn converse<H, F>(stream: TcpStream, limits: Limits, silence: Silence, handler: Arc<H>)
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let service = service_fn(|request| {
        silence.ends();
        let answer = handler(request);
        let silence = &silence;
        async move {
            let answer = answer.await;
            silence.begins();
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .keep_alive(limits.keep_alive)
        .max_buf_size(HEAD_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        debug!("a connection ended badly: {error}");
    }
}
