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
        // All are known before the first is told of: the log counts them.
        let entries: Vec<_> = roles
            .into_iter()
            .map(|(role, session)| {
                let key = role.key();
                (key, self.records.define(role), session)
            })
            .collect();
        for (key, (entry, changed), session) in entries {
            let adopted = session.as_ref().map(|session| Adopted {
                issue: Issue { expires_at: session.expires_at, asked_for: session.asked_for, date: None },
                lifetime: session.lifetime(),
            });
            self.step(Event::Define { entry, key, parent: None, adopted }, session);
            if changed {
                self.deliver(entry);
            } else {
                self.show(entry);
            }
        }
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
        let wanted: HashSet<&Alias> = roles.iter().map(|role| &role.alias).collect();
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
