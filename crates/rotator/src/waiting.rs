//! Who waits for outcomes: of each role's first call, or of the calls that a person asked for.
//!
//! Promises an answer as soon as the last outcome is there. What is answered is a future of the sinks, so that the driver
//! goes on while they catch up. Leaves the time limit to the handle.

use std::collections::BTreeSet;
use std::pin::Pin;

use rolecall_core::rotation::{EntryId, Glance};
use tokio::sync::oneshot;

use crate::NotRefreshed;
use crate::feeder::Feeder;

/// Resolves when the sinks have caught up.
pub(crate) type SinksCaughtUp = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the answer about a round goes.
pub(crate) type RoundReply = oneshot::Sender<SinksCaughtUp>;

/// Where the answer about a refresh goes.
pub(crate) type RefreshReply = oneshot::Sender<Result<SinksCaughtUp, NotRefreshed>>;

/// Where the answer about a new set of roles goes.
pub(crate) type SetReply = oneshot::Sender<SinksCaughtUp>;

/// Everybody who waits for outcomes, each with the entries whose outcome is still to come.
#[derive(Default)]
pub(crate) struct Waiting {
    rounds: Vec<(BTreeSet<EntryId>, RoundReply)>,
    refreshes: Vec<(BTreeSet<EntryId>, RefreshReply)>,
}

impl Waiting {
    /// Waits until each of `entries` was tried once.
    pub(crate) fn for_round(&mut self, entries: BTreeSet<EntryId>, reply: RoundReply) {
        self.rounds.push((entries, reply));
    }

    /// Waits until the calls asked for have ended.
    pub(crate) fn for_refresh(&mut self, entries: BTreeSet<EntryId>, reply: RefreshReply) {
        self.refreshes.push((entries, reply));
    }

    /// Answers everybody whose outcomes are there, by the engine's view of each entry.
    pub(crate) fn answer<'a>(&mut self, glance: impl Fn(EntryId) -> Option<Glance<'a>>, feeders: &[Feeder]) {
        let untried = |entry| glance(entry).is_some_and(|glance| glance.held.is_none() && glance.failure.is_none());
        for (_, reply) in self.rounds.extract_if(.., |(entries, _)| is_through(entries, untried)) {
            let _ = reply.send(caught_up(feeders));
        }
        let asked = |entry| glance(entry).is_some_and(|glance| glance.asked);
        for (_, reply) in self.refreshes.extract_if(.., |(entries, _)| is_through(entries, asked)) {
            let _ = reply.send(Ok(caught_up(feeders)));
        }
        self.refreshes.retain(|(_, reply)| !reply.is_closed());
    }
}

/// Whether nothing is to come for any of `entries`. Looks at the first that stands in the way only, and takes away what
/// has come: asked again after each event, it costs nothing that grows with the number of entries.
fn is_through(entries: &mut BTreeSet<EntryId>, to_come: impl Fn(EntryId) -> bool) -> bool {
    while let Some(first) = entries.first() {
        if to_come(*first) {
            return false;
        }
        entries.pop_first();
    }
    true
}

/// Resolves once every sink has tried what it was given until now.
pub(crate) fn caught_up(feeders: &[Feeder]) -> SinksCaughtUp {
    let sinks: Vec<_> = feeders.iter().map(Feeder::caught_up).collect();
    Box::pin(async move {
        for caught_up in sinks {
            caught_up.await;
        }
    })
}
