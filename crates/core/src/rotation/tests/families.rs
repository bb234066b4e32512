//! Which roles are assumed from which, and what one of them means to the others.

use super::action::ROLES;
use super::story::key_of;
use super::world::World;
use crate::rotation::{Adopted, EntryId, Event};

/// The role that another one is assumed from; none: from outside. The last two are a chain under one of the others.
pub(super) fn parent_of(role: u64) -> Option<u64> {
    match role {
        4 => Some(1),
        5 => Some(4),
        _ => None,
    }
}

/// A role and all that are assumed from it, itself first.
pub(super) fn family_of(role: u64) -> Vec<u64> {
    let up = |role: &u64| parent_of(*role);
    (0..ROLES).filter(|child| std::iter::successors(Some(*child), up).any(|ancestor| ancestor == role)).collect()
}

/// The event that defines a role under its parent.
pub(super) fn defined(role: u64, key: u8, adopted: Option<Adopted>) -> Event {
    Event::Define { entry: EntryId(role), key: key_of(key), parent: parent_of(role).map(EntryId), adopted }
}

impl World {
    /// Somebody who waits for a role waits for whatever has to be assumed first, too.
    pub(super) fn note_demand(&mut self, role: u64) {
        let Some(truth) = self.roles.get_mut(&EntryId(role)) else { return };
        truth.demanded = true;
        truth.waited |= !truth.shown;
        if !truth.shown
            && let Some(parent) = self.missing_parent(role)
        {
            self.note_demand(parent);
        }
    }

    pub(super) fn note_wish(&mut self, role: u64) {
        let boot = self.boot();
        let Some(truth) = self.roles.get_mut(&EntryId(role)) else { return };
        truth.asked.get_or_insert(boot);
        truth.wished = true;
        (truth.retry, truth.failures) = (None, 0);
        if let Some(parent) = self.missing_parent(role) {
            self.note_wish(parent);
        }
    }

    /// The parent of a role, if nothing of the parent's is served now.
    pub(super) fn missing_parent(&self, role: u64) -> Option<u64> {
        parent_of(role).filter(|parent| self.subject.serve(self.now(), EntryId(*parent)).is_err())
    }

    /// Nobody waits any longer for those that cannot be assumed without `role`, which has failed.
    pub(super) fn note_let_down(&mut self, role: u64) {
        for child in family_of(role).into_iter().filter(|child| *child != role) {
            let missing = self.missing_parent(child).is_some();
            if let Some(truth) = self.roles.get_mut(&EntryId(child)).filter(|_| missing) {
                (truth.waited, truth.asked) = (false, None);
            }
        }
    }

    /// Notes for each role since when its parent has been there.
    pub(super) fn note_parents(&mut self) {
        let now = (self.time, self.boot());
        let roles: Vec<EntryId> = self.roles.keys().copied().collect();
        for entry in roles {
            let missing = self.missing_parent(entry.0).is_some();
            let truth = self.roles.get_mut(&entry).unwrap();
            truth.parent_since = if missing { None } else { Some(truth.parent_since.unwrap_or(now)) };
        }
    }
}
