//! What is held, for whoever only wants to read it: a server asks here some hundred thousand times a second, without a word
//! to the driver.
//!
//! Promises that nothing is handed out which the engine would not serve at that moment: a session has to be alive by both
//! clocks, whatever is thought of the wall clock. What is dead by one of them, adopted, or not there is left to the driver,
//! who asks the engine. The driver hears of a demand only when it matters: once for each session, when little is left.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rolecall_core::Alias;
use rolecall_core::rotation::{Held, Now, Reason};

use crate::Served;

/// All sessions that are held.
#[derive(Default)]
pub(crate) struct Vault(RwLock<Shelf>);

#[derive(Default)]
struct Shelf {
    shown: HashMap<Alias, Shown>,
    /// Aliases about which the driver is being told something, each with how often: until it has heard it, what it shows may
    /// be of an old definition.
    withheld: HashMap<Alias, usize>,
    /// The same for all aliases at once.
    all_withheld: usize,
}

struct Shown {
    served: Served,
    held: Held,
    /// Whether the driver was told that this one is in demand.
    demanded: AtomicBool,
}

/// What was found.
pub(crate) struct Found {
    pub(crate) served: Served,
    /// Whether the driver has to be told.
    pub(crate) tell: bool,
}

impl Vault {
    /// Puts a session in the place of an older one.
    pub(crate) fn put(&self, served: Served, held: &Held) {
        if held.reason == Reason::Adopted {
            // Its end is known by a wall clock that no answer has confirmed, and may be corrected.
            return self.take(&served.role.alias);
        }
        let alias = served.role.alias.clone();
        self.write().shown.insert(alias, Shown { served, held: held.clone(), demanded: AtomicBool::new(false) });
    }

    /// Takes a session away.
    pub(crate) fn take(&self, alias: &Alias) {
        self.write().shown.remove(alias);
    }

    /// Hands nothing out for these aliases until the driver has heard what it is about to be told of them.
    pub(crate) fn withhold<'a>(&self, aliases: impl Iterator<Item = &'a Alias>) {
        let mut shelf = self.write();
        aliases.for_each(|alias| *shelf.withheld.entry(alias.clone()).or_default() += 1);
    }

    /// The driver has heard it.
    pub(crate) fn release<'a>(&self, aliases: impl IntoIterator<Item = &'a Alias>) {
        let mut shelf = self.write();
        for alias in aliases {
            if let Entry::Occupied(mut times) = shelf.withheld.entry(alias.clone()) {
                *times.get_mut() -= 1;
                if *times.get() == 0 {
                    times.remove();
                }
            }
        }
    }

    /// As [`Self::withhold`], for every alias.
    pub(crate) fn withhold_all(&self) {
        self.write().all_withheld += 1;
    }

    /// The driver has heard it.
    pub(crate) fn release_all(&self) {
        let mut shelf = self.write();
        shelf.all_withheld = shelf.all_withheld.saturating_sub(1);
    }

    /// Takes all away.
    pub(crate) fn clear(&self) {
        self.write().shown.clear();
    }

    /// The session of an alias if it is beyond doubt that it is alive.
    pub(crate) fn find(&self, now: Now, alias: &str) -> Option<Found> {
        let shelf = self.read();
        if shelf.all_withheld > 0 || shelf.withheld.contains_key(alias) {
            return None;
        }
        let Shown { served, held, demanded } = shelf.shown.get(alias)?;
        let left = held.left(now, true);
        if left.is_zero() {
            return None;
        }
        let tell = held.is_early(left) && !demanded.swap(true, Ordering::Relaxed);
        Some(Found { served: served.clone(), tell })
    }

    fn read(&self) -> RwLockReadGuard<'_, Shelf> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
