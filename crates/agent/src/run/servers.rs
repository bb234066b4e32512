//! The TCP servers of an agent, as far as they are asked for: the endpoint, the probes, the metrics.
//!
//! Promises that an address which cannot be had is known before anything is done, and that servers move to other addresses
//! all together or not at all.

use std::net::SocketAddr;
use std::sync::Arc;

use rolecall_core::port::Clock;
use tokio::net::TcpListener;
use tracing::info;

use super::StartError;
use crate::serve::connections::Served;
use crate::serve::documents::View;
use crate::serve::endpoint::Endpoint;
use crate::serve::keyring::Keyring;
use crate::serve::{health, listener, metrics};
use crate::settings::AgentSettings;

/// What answers are made from.
pub(super) struct Needs<'a> {
    pub(super) view: &'a Arc<View>,
    pub(super) keyring: &'a Arc<Keyring>,
    pub(super) clock: &'a Arc<dyn Clock>,
}

#[derive(Clone, Copy)]
enum Kind {
    Endpoint,
    Probes,
    Metrics,
}

const KINDS: [Kind; 3] = [Kind::Endpoint, Kind::Probes, Kind::Metrics];

/// A server that is open: who connects waits.
enum Open {
    Endpoint(Endpoint),
    Other(TcpListener),
}

/// All that are asked for, open.
pub(super) struct Bound([Option<Open>; 3]);

/// One server, and where the settings want it.
struct Place {
    wanted: Option<SocketAddr>,
    served: Option<Served>,
    /// Where it really is.
    address: Option<SocketAddr>,
}

/// All of them.
pub(super) struct Servers([Place; 3]);

impl Bound {
    /// Opens what the settings ask for; an endpoint that may be at any port, at that of the one `before`.
    ///
    /// # Errors
    /// The first address that cannot be had.
    pub(super) async fn at(settings: &AgentSettings, before: Option<SocketAddr>) -> Result<Self, StartError> {
        let mut bound = [None, None, None];
        for (kind, place) in KINDS.into_iter().zip(&mut bound) {
            if let Some(address) = kind.wanted(settings) {
                *place = Some(kind.open(address, before).await?);
            }
        }
        Ok(Self(bound))
    }

    /// Where the endpoint is.
    pub(super) fn endpoint(&self) -> Option<SocketAddr> {
        self.0[Kind::Endpoint as usize].as_ref().and_then(Open::address)
    }
}

impl Servers {
    /// Serves what was opened for these settings.
    pub(super) fn start(bound: Bound, settings: &AgentSettings, needs: &Needs<'_>) -> Self {
        let mut places = bound.0.into_iter().zip(KINDS).map(|(open, kind)| Place {
            wanted: kind.wanted(settings),
            address: open.as_ref().and_then(Open::address),
            served: open.map(|open| kind.serve(open, needs)),
        });
        let mut next = || places.next().unwrap_or(Place { wanted: None, served: None, address: None });
        Self([next(), next(), next()])
    }

    /// Where the endpoint is.
    pub(super) fn endpoint(&self) -> Option<SocketAddr> {
        self.0[Kind::Endpoint as usize].address
    }

    /// Has them be where other settings want them.
    ///
    /// # Errors
    /// The first address that cannot be had. Then all are where they were.
    pub(super) async fn follow(&mut self, settings: &AgentSettings, needs: &Needs<'_>) -> Result<(), StartError> {
        let before = [0, 1, 2].map(|at| self.0[at].wanted);
        for (at, kind) in KINDS.into_iter().enumerate() {
            let Err(error) = self.0[at].move_to(kind, kind.wanted(settings), needs).await else { continue };
            for (at, kind) in KINDS.into_iter().enumerate().take(at) {
                // It was had a moment ago.
                let _ = self.0[at].move_to(kind, before[at], needs).await;
            }
            return Err(error);
        }
        Ok(())
    }
}

impl Place {
    /// The old address is given up only once the new one is had, but where the port is the same, since then the one is in
    /// the way of the other.
    async fn move_to(&mut self, kind: Kind, to: Option<SocketAddr>, needs: &Needs<'_>) -> Result<(), StartError> {
        if self.wanted == to {
            return Ok(());
        }
        let in_the_way = self.address.zip(to).is_some_and(|(from, to)| from.port() == to.port());
        if let Some(served) = self.served.take_if(|_| in_the_way) {
            served.stop().await;
        }
        match self.open(kind, to, needs).await {
            Ok(()) => {
                self.wanted = to;
                Ok(())
            }
            Err(error) => {
                if in_the_way {
                    self.open(kind, self.address, needs).await?;
                }
                Err(error)
            }
        }
    }

    async fn open(&mut self, kind: Kind, at: Option<SocketAddr>, needs: &Needs<'_>) -> Result<(), StartError> {
        let open = match at {
            Some(address) => Some(kind.open(address, self.address).await?),
            None => None,
        };
        self.address = open.as_ref().and_then(Open::address);
        self.served = open.map(|open| kind.serve(open, needs));
        Ok(())
    }
}

impl Kind {
    fn wanted(self, settings: &AgentSettings) -> Option<SocketAddr> {
        match self {
            Self::Endpoint => settings.endpoint,
            Self::Probes => settings.health_listen,
            Self::Metrics => settings.metrics_listen,
        }
    }

    async fn open(self, address: SocketAddr, before: Option<SocketAddr>) -> Result<Open, StartError> {
        Ok(match self {
            Self::Endpoint => Open::Endpoint(Endpoint::open(address, before).await?),
            Self::Probes => Open::Other(listener::open(address, "health probes").await?),
            Self::Metrics => Open::Other(listener::open(address, "metrics").await?),
        })
    }

    fn serve(self, open: Open, needs: &Needs<'_>) -> Served {
        let Needs { view, keyring, clock } = needs;
        let (view, clock) = (Arc::clone(view), Arc::clone(clock));
        match (self, open) {
            (_, Open::Endpoint(endpoint)) => {
                info!("endpoint: {}/v1/credentials/<alias>, with the token of the alias", endpoint.url());
                let (rotator, counts) = (view.rotator.clone(), view.endpoint_requests.clone());
                endpoint.serve(rotator, Arc::clone(keyring), counts, clock)
            }
            (Self::Metrics, Open::Other(listener)) => metrics::serve(listener, view, clock),
            (_, Open::Other(listener)) => health::serve(listener, view, clock),
        }
    }
}

impl Open {
    fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Endpoint(endpoint) => Some(endpoint.address()),
            Self::Other(listener) => listener.local_addr().ok(),
        }
    }
}
