//! Which roles are kept: added, changed, taken away.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rolecall_core::rotation::{Adopted, EntryId, Event, Issue, Policy};
use rolecall_core::{Alias, Role, RoleKey, Session};

use super::Driver;
use crate::NotServed;
use crate::record::Record;

impl Driver {
    pub(super) fn define(&mut self, roles: Vec<(Role, Option<Session>)>) {
        let sources = self.unknown_sources(&roles);
        // All are known before the first is told of: the log counts them, and whoever is assumed from another is linked.
        let mut entries: Vec<_> = roles
            .into_iter()
            .chain(sources.into_iter().map(|role| (role, None)))
            .map(|(role, session)| {
                let (key, depth) = (role.key(), role.chain().count());
                (depth, key, self.records.define(role), session)
            })
            .collect();
        // A parent goes first: what it holds under an old definition must be no child's to use.
        entries.sort_by_key(|(depth, ..)| *depth);
        for (_, key, (entry, changed), session) in entries {
            let adopted = session.as_ref().map(|session| Adopted {
                issue: Issue { expires_at: session.expires_at, asked_for: session.asked_for, date: None },
                lifetime: session.lifetime(),
            });
            let parent = self.records.get(entry).and_then(|record| self.parent(&record.role)).map(|(parent, _)| parent);
            self.step(Event::Define { entry, key, parent, adopted }, session);
            if changed {
                self.deliver(entry);
            } else {
                self.show(entry);
            }
        }
    }

    /// The roles that some of these are assumed from and that nobody has defined: they are kept, too. Not for what is lent,
    /// which is assumed from roles that are there, or not at all.
    fn unknown_sources(&self, roles: &[(Role, Option<Session>)]) -> Vec<Role> {
        let mut known: HashSet<&Alias> = roles.iter().map(|(role, _)| &role.alias).collect();
        let lasting = roles.iter().filter(|(role, _)| !role.alias.is_lent());
        let sources = lasting.flat_map(|(role, _)| role.chain().skip(1));
        let unknown = sources.filter(|role| self.records.find(&role.alias).is_none() && known.insert(&role.alias));
        unknown.cloned().collect()
    }

    pub(super) fn forget(&mut self, entry: EntryId) {
        self.step(Event::Forget { entry }, None);
        self.deliver(entry);
        if let Some(record) = self.records.remove(entry) {
            self.waited.remove(&entry);
            for reply in record.waiters {
                let _ = reply.send(Err(NotServed::Unknown));
            }
        }
    }

    pub(super) fn set(&mut self, policy: Policy, roles: Vec<Role>) {
        self.step(Event::Policy { policy }, None);
        let wanted: HashSet<&Alias> = roles.iter().flat_map(Role::chain).map(|role| &role.alias).collect();
        // What is lent is none of the roles: it comes and goes with its command.
        let is_gone = |alias: &Alias| !alias.is_lent() && !wanted.contains(alias);
        let is_gone = |(entry, record): (_, &Record)| is_gone(&record.role.alias).then_some(entry);
        let gone: Vec<EntryId> = self.records.iter().filter_map(is_gone).collect();
        // A role under another name is the same session to STS.
        let left = |entry: &EntryId| {
            let record = self.records.get(*entry)?;
            self.engine.serve(self.clock.now(), *entry).ok()?;
            Some((record.role.key(), record.session.clone()?))
        };
        let mut left: HashMap<RoleKey, Arc<Session>> = gone.iter().filter_map(left).collect();
        gone.into_iter().for_each(|entry| self.forget(entry));
        let order: Vec<Alias> = roles.iter().map(|role| role.alias.clone()).collect();
        let with_left = |role: Role| {
            let adopted = if self.records.find(&role.alias).is_none() { left.remove(&role.key()) } else { None };
            (role, adopted.map(|session| Session::clone(&session)))
        };
        let roles = roles.into_iter().map(with_left).collect();
        self.define(roles);
        self.records.arrange(order.iter().filter_map(|alias| self.records.find(alias)).collect());
        let entries: Vec<EntryId> = self.records.iter().map(|(entry, _)| entry).collect();
        entries.into_iter().for_each(|entry| self.deliver(entry));
    }
}
