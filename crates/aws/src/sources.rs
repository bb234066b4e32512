//! One cache for each source that roles are assumed from.
//!
//! Promises that roles of one source share its loads, and that a source which fails keeps no role of another waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rolecall_core::Source;

use crate::base::{Base, Cache, Seams, Wanted};

/// All sources that have been asked for.
pub(crate) struct Sources {
    base: Base,
    seams: Arc<Seams>,
    caches: Mutex<HashMap<Wanted, Arc<Cache>>>,
}

impl Sources {
    pub(crate) fn new(base: Base, seams: Seams) -> Self {
        Self { base, seams: Arc::new(seams), caches: Mutex::default() }
    }

    /// Where credentials and settings come from.
    pub(crate) fn base(&self) -> &Base {
        &self.base
    }

    /// What tests replace.
    pub(crate) fn seams(&self) -> &Seams {
        &self.seams
    }

    /// The cache of what a role of this source is assumed with.
    pub(crate) fn of(&self, source: &Source) -> Arc<Cache> {
        let wanted = Wanted::by(source);
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Cache::new(self.base.clone(), wanted.clone(), Arc::clone(&self.seams)));
        Arc::clone(caches.entry(wanted.clone()).or_insert_with(new))
    }
}
