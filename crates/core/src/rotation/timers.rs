//! When which entry has to be looked at again: an index by each clock, so that a step touches only what is due.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{EntryId, Now};

/// The moments at which one entry has to be looked at, by each clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Alarm {
    pub(super) boot: Option<Duration>,
    pub(super) wall: Option<Timestamp>,
}

/// The alarms of all entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    by_boot: BTreeSet<(Duration, EntryId)>,
    by_wall: BTreeSet<(Timestamp, EntryId)>,
}

impl Timers {
    /// Replaces the alarm of an entry.
    pub(super) fn set(&mut self, entry: EntryId, old: Alarm, new: Alarm) {
        if old.boot != new.boot {
            old.boot.map(|at| self.by_boot.remove(&(at, entry)));
            new.boot.map(|at| self.by_boot.insert((at, entry)));
        }
        if old.wall != new.wall {
            old.wall.map(|at| self.by_wall.remove(&(at, entry)));
            new.wall.map(|at| self.by_wall.insert((at, entry)));
        }
    }

    /// An entry whose alarm has rung; the wall index counts only while the wall is trusted.
    pub(super) fn rung(&self, now: Now, wall_trusted: bool) -> Option<EntryId> {
        let by_boot = self.by_boot.first().filter(|(at, _)| *at <= now.boot).map(|(_, entry)| *entry);
        by_boot
            .or_else(|| self.by_wall.first().filter(|(at, _)| wall_trusted && *at <= now.wall).map(|(_, entry)| *entry))
    }

    /// All entries that have an alarm by the boot clock, the next one first.
    pub(super) fn in_order(&self) -> impl Iterator<Item = EntryId> {
        self.by_boot.iter().map(|(_, entry)| *entry)
    }

    /// How long until the next alarm.
    pub(super) fn next(&self, now: Now, wall_trusted: bool) -> Option<Duration> {
        let by_boot = self.by_boot.first().map(|(at, _)| at.saturating_sub(now.boot));
        let by_wall = self.by_wall.first().filter(|_| wall_trusted).map(|(at, _)| now.wall_until(*at));
        by_boot.into_iter().chain(by_wall).min()
    }
}
