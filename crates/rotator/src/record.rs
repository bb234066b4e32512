//! What the driver keeps beside the engine for one entry: the definition, the secrets, and who waits for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rolecall_core::rotation::EntryId;
use rolecall_core::{Alias, FaultKind, Role, Session};
use tokio::sync::oneshot;

use crate::{NotServed, Served};

/// Where the answer to somebody who waits goes.
pub(crate) type Reply = oneshot::Sender<Result<Served, NotServed>>;

/// One entry of the driver.
pub(crate) struct Record {
    pub(crate) role: Arc<Role>,
    /// The newest session that the engine had published and not withdrawn. Handed out only after the engine's `serve`.
    pub(crate) session: Option<Arc<Session>>,
    /// The kind of fault that was logged since the last success.
    pub(crate) told: Option<FaultKind>,
    pub(crate) waiters: Vec<Reply>,
}

/// All records, by entry and by alias.
#[derive(Default)]
pub(crate) struct Records {
    by_entry: BTreeMap<EntryId, Record>,
    by_alias: HashMap<Alias, EntryId>,
    /// The order in which they are shown.
    order: Vec<EntryId>,
    newest: u64,
}

impl Records {
    /// The entry of this alias, with its definition set to `role`. True when something but the entry's key may differ.
    pub(crate) fn define(&mut self, role: Role) -> (EntryId, bool) {
        if let Some(id) = self.by_alias.get(&role.alias)
            && let Some(record) = self.by_entry.get_mut(id)
        {
            let changed = *record.role != role;
            record.role = Arc::new(role);
            return (*id, changed);
        }
        self.newest += 1;
        let id = EntryId(self.newest);
        self.by_alias.insert(role.alias.clone(), id);
        self.order.push(id);
        self.by_entry.insert(id, Record { role: Arc::new(role), session: None, told: None, waiters: Vec::new() });
        (id, false)
    }

    pub(crate) fn remove(&mut self, id: EntryId) -> Option<Record> {
        let record = self.by_entry.remove(&id)?;
        self.by_alias.remove(&record.role.alias);
        self.order.retain(|known| *known != id);
        Some(record)
    }

    /// Shows them in this order from now on, and behind them those that are not in it.
    pub(crate) fn arrange(&mut self, mut order: Vec<EntryId>) {
        let named: BTreeSet<EntryId> = order.iter().copied().collect();
        order.extend(self.order.iter().filter(|id| !named.contains(*id)));
        self.order = order;
    }

    pub(crate) fn find(&self, alias: &Alias) -> Option<EntryId> {
        self.by_alias.get(alias).copied()
    }

    pub(crate) fn get(&self, id: EntryId) -> Option<&Record> {
        self.by_entry.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: EntryId) -> Option<&mut Record> {
        self.by_entry.get_mut(&id)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_entry.len()
    }

    /// In the order in which they are shown: that of their definition, unless they were arranged.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (EntryId, &Record)> {
        self.order.iter().filter_map(|id| Some((*id, self.by_entry.get(id)?)))
    }
}
