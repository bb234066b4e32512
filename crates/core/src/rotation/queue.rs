//! Who goes first when there are more calls to make than the budget allows.

use std::collections::BTreeSet;
use std::time::Duration;

use super::EntryId;

/// How much an entry needs its call; the first one is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Somebody waits and has nothing.
    Waited,
    /// Nothing is held.
    NothingHeld,
    /// What is held is due.
    Due,
    /// It could wait.
    Early,
}

/// A place in the queue: by urgency; then by nearest end or, with nothing held, by earliest wish (boot clock); then by
/// entry.
pub(super) type Place = (Urgency, Duration, EntryId);

/// The entries that want a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue(BTreeSet<Place>);

impl Queue {
    pub(super) fn replace(&mut self, old: Option<Place>, new: Option<Place>) {
        if old != new {
            old.map(|place| self.0.remove(&place));
            new.map(|place| self.0.insert(place));
        }
    }

    pub(super) fn first(&self) -> Option<EntryId> {
        self.0.first().map(|(_, _, entry)| *entry)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
