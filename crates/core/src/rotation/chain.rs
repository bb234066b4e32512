//! Chains: an entry that is assumed with the session of another entry, its parent.
//!
//! Promises that no call is started for an entry whose parent holds nothing; that it starts as soon as the parent does; and
//! that whoever waits for a child makes its parents go first. A rotation of the parent refreshes no child, and what a child
//! holds outlives the parent's session, as STS has it.

use super::entry::{Entry, Flight};
use super::{Effect, Engine, EntryId, Now, Reason, backoff};
use crate::FaultKind;

impl Engine {
    /// Whether what `id` is assumed with is there.
    pub(super) fn is_ready(&self, now: Now, id: EntryId) -> bool {
        self.missing_parent(now, id).is_none()
    }

    /// The parent of `id` while it holds nothing.
    pub(super) fn missing_parent(&self, now: Now, id: EntryId) -> Option<EntryId> {
        let parent = self.entries.get(&id)?.parent?;
        let held = self.entries.get(&parent).and_then(|parent| self.valid(now, parent));
        held.is_none().then_some(parent)
    }

    /// The first of a chain that holds nothing and waits for nobody: what keeps `id` from being assumed, if anything does.
    pub(super) fn cause(&self, now: Now, id: EntryId) -> Option<(EntryId, &Entry)> {
        let mut cause = None;
        let mut next = self.missing_parent(now, id);
        while let Some(ancestor) = next {
            cause = Some((ancestor, self.entries.get(&ancestor)?));
            next = self.missing_parent(now, ancestor);
        }
        cause
    }

    /// Has `id` assumed with the session of `parent` from now on. A parent that is assumed with `id` itself is none: it
    /// would wait for ever.
    pub(super) fn set_parent(&mut self, id: EntryId, parent: Option<EntryId>) {
        let up = |of: &EntryId| self.entries.get(of).and_then(|entry| entry.parent);
        let parent = parent.filter(|parent| std::iter::successors(Some(*parent), up).all(|ancestor| ancestor != id));
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if let Some(old) = std::mem::replace(&mut entry.parent, parent) {
            self.disown(old, id);
        }
        if let Some(parent) = parent {
            self.children.entry(parent).or_default().insert(id);
        }
    }

    /// What `parent` holds has come, ended, or been taken away.
    pub(super) fn look_at_children(&mut self, now: Now, parent: EntryId, effects: &mut Vec<Effect>) {
        let children: Vec<_> = self.children.get(&parent).into_iter().flatten().copied().collect();
        children.into_iter().for_each(|child| self.look(now, child, effects));
    }

    /// Nobody waits any longer for those that are blocked by `id`, which has failed.
    pub(super) fn let_down(&mut self, id: EntryId) {
        let children: Vec<_> = self.children.get(&id).into_iter().flatten().copied().collect();
        for child in children {
            if let Some(entry) = self.entries.get_mut(&child).filter(|entry| entry.blocked) {
                (entry.waited, entry.asked) = (false, false);
                self.let_down(child);
            }
        }
    }

    /// STS did not take the session of the parent of `id` in this flight: a new one may be better than the one that is
    /// held. Not when that is a newer one already; and less and less often, since a new one need not be any better.
    pub(super) fn renew_parent(&mut self, now: Now, id: EntryId, flight: Flight, effects: &mut Vec<Effect>) {
        let Some(parent_id) = self.entries.get(&id).and_then(|entry| entry.parent) else { return };
        let Some(parent) = self.entries.get_mut(&parent_id) else { return };
        let Some(held) = parent.held.as_mut().filter(|held| held.issued.boot <= flight.started) else { return };
        if now.boot < parent.renewed_not_before {
            return;
        }
        held.nudge = Some(Reason::Rejected);
        parent.rejections = parent.rejections.saturating_add(1);
        let wait = backoff::wait(FaultKind::Denied, parent.rejections, parent_id, flight.attempt);
        parent.renewed_not_before = now.boot + wait;
        self.look(now, parent_id, effects);
    }

    /// STS took the session of the parent of `id`.
    pub(super) fn parent_is_taken(&mut self, id: EntryId) {
        let parent = self.entries.get(&id).and_then(|entry| entry.parent);
        if let Some(parent) = parent.and_then(|parent| self.entries.get_mut(&parent)) {
            parent.rejections = 0;
        }
    }

    /// `child` is no longer assumed with the session of `parent`.
    pub(super) fn disown(&mut self, parent: EntryId, child: EntryId) {
        let Some(children) = self.children.get_mut(&parent) else { return };
        children.remove(&child);
        if children.is_empty() {
            self.children.remove(&parent);
        }
    }
}
