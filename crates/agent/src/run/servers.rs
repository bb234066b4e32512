//! The TCP servers of an agent, as far as they are asked for: the endpoint, the probes, the metrics.
//!
//! Promises that an address which cannot be had is known before anything is done, and that servers move to other addresses
//! all together or not at all: first all are opened, then all are moved.

use std::net::SocketAddr;
use std::sync::Arc;

use rolecall_core::port::Clock;
use tokio::net::TcpListener;
use tracing::{info, warn};

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

/// What becomes of one server.
enum Change {
    Stays,
    /// It stays, and that is what is wanted.
    Wanted(Option<SocketAddr>),
    To {
        wanted: Option<SocketAddr>,
        open: Option<Open>,
    },
}

/// Where they are about to go.
pub(super) struct Move([Change; 3]);

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

    /// Opens what other settings want elsewhere; an endpoint where there is none, at that of the one `before`.
    /// Nothing moves yet, but a server whose port the new one needs stops.
    ///
    /// # Errors
    /// The first address that cannot be had. Then all are where they were.
    pub(super) async fn prepare(
        &mut self,
        settings: &AgentSettings,
        before: Option<SocketAddr>,
        needs: &Needs<'_>,
    ) -> Result<Move, StartError> {
        let mut next = Move([Change::Stays, Change::Stays, Change::Stays]);
        for (at, kind) in KINDS.into_iter().enumerate() {
            let place = &mut self.0[at];
            let wanted = kind.wanted(settings);
            if place.wanted == wanted {
                continue;
            }
            if let (Some(wanted), Some(address)) = (wanted, place.address.filter(|_| place.served.is_some()))
                && wanted.port() == 0
                && wanted.ip() == address.ip()
            {
                // Any port will do, so that of now does.
                next.0[at] = Change::Wanted(Some(wanted));
                continue;
            }
            let in_the_way = place.address.zip(wanted).is_some_and(|(from, to)| from.port() == to.port());
            if let Some(served) = place.served.take_if(|_| in_the_way) {
                served.stop().await;
            }
            let open = match wanted {
                Some(address) => kind.open(address, place.address.or(before)).await.map(Some),
                None => Ok(None),
            };
            match open {
                Ok(open) => next.0[at] = Change::To { wanted, open },
                Err(error) => {
                    self.abandon(next, needs).await;
                    return Err(error);
                }
            }
        }
        Ok(next)
    }

    /// Where the endpoint will be.
    pub(super) fn endpoint(&self, next: &Move) -> Option<SocketAddr> {
        match &next.0[Kind::Endpoint as usize] {
            Change::Stays | Change::Wanted(_) => self.0[Kind::Endpoint as usize].address,
            Change::To { open, .. } => open.as_ref().and_then(Open::address),
        }
    }

    /// Moves. The old addresses are free when this returns.
    pub(super) async fn commit(&mut self, next: Move, needs: &Needs<'_>) {
        for ((place, change), kind) in self.0.iter_mut().zip(next.0).zip(KINDS) {
            let (wanted, open) = match change {
                Change::Stays => continue,
                Change::Wanted(wanted) => {
                    place.wanted = wanted;
                    continue;
                }
                Change::To { wanted, open } => (wanted, open),
            };
            let address = open.as_ref().and_then(Open::address);
            let served = open.map(|open| kind.serve(open, needs));
            if let Some(old) = std::mem::replace(place, Place { wanted, served, address }).served {
                old.stop().await;
            }
        }
    }

    /// Does not move: what was stopped for it is where it was.
    pub(super) async fn abandon(&mut self, next: Move, needs: &Needs<'_>) {
        // Gives up what was opened.
        drop(next);
        for (place, kind) in self.0.iter_mut().zip(KINDS) {
            let Some(address) = place.address.filter(|_| place.served.is_none()) else { continue };
            match kind.open(address, None).await {
                Ok(open) => place.served = Some(kind.serve(open, needs)),
                // Somebody was quicker. The next settings try again.
                Err(error) => {
                    warn!("{error}");
                    *place = Place { wanted: None, served: None, address: None };
                }
            }
        }
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
            Self::Probes => Open::Other(listener::open(address, "health probes")?),
            Self::Metrics => Open::Other(listener::open(address, "metrics")?),
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
