//! What a writer has to show: all roles in their order, and the sessions that are held.
//!
//! Pure. Begins with what an earlier agent left, so that the first write takes no working keys away; from then on the
//! rotator says what is held, and when it is not any more. Which roles there are is said by the settings alone: what the
//! rotator still says of a role that is gone, or that was another one, does not count.

use std::collections::BTreeMap;
use std::sync::Arc;

use rolecall_core::{Alias, Delivery, Fault, FaultKind, Role, RoleKey, Session};
use rolecall_formats::profile::{Held, ValueError};

/// All roles and what is held for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holdings {
    roles: Vec<Arc<Role>>,
    sessions: BTreeMap<Alias, Arc<Session>>,
}

impl Holdings {
    /// The roles with what an earlier agent left for them.
    pub(crate) fn new(roles: Vec<Arc<Role>>, left: BTreeMap<Alias, Arc<Session>>) -> Self {
        Self { roles, sessions: left }
    }

    /// Other roles from now on. What is held for one that STS would answer the same stays.
    pub(crate) fn set_roles(&mut self, roles: Vec<Arc<Role>>) {
        let keys: BTreeMap<&Alias, RoleKey> = self.roles.iter().map(|role| (&role.alias, role.key())).collect();
        let stays = |role: &Arc<Role>| keys.get(&role.alias) == Some(&role.key());
        let mut before = std::mem::take(&mut self.sessions);
        let stay = roles.iter().filter(|role| stays(role));
        self.sessions = stay.filter_map(|role| before.remove_entry(&role.alias)).collect();
        self.roles = roles;
    }

    /// Takes over what the rotator says.
    pub(crate) fn apply(&mut self, changes: &[Delivery]) {
        for Delivery { role, session } in changes {
            let known = self.roles.iter().find(|known| known.alias == role.alias);
            if known.is_none_or(|known| known.key() != role.key()) {
                continue;
            }
            match session {
                Some(session) => drop(self.sessions.insert(role.alias.clone(), Arc::clone(session))),
                None => drop(self.sessions.remove(&role.alias)),
            }
        }
    }

    /// All roles, held or not.
    pub(crate) fn roles(&self) -> Vec<&Role> {
        self.roles.iter().map(AsRef::as_ref).collect()
    }

    /// The roles that a session is held for.
    pub(crate) fn held(&self) -> Vec<Held<'_>> {
        let held = |role: &'_ Arc<Role>| self.sessions.get(&role.alias).map(AsRef::as_ref);
        self.roles.iter().filter_map(|role| Some(Held { role, session: held(role)? })).collect()
    }
}

/// Renders a file of sessions, leaving out those with values that it cannot hold: one bad session must not keep the
/// others away.
pub(crate) fn render<'a, T: Default>(
    mut held: Vec<Held<'a>>,
    render: impl Fn(&[Held<'a>]) -> Result<T, ValueError>,
) -> (T, BTreeMap<Alias, Fault>) {
    let mut refused = BTreeMap::new();
    // Each round leaves one out, so there are at most as many rounds as sessions.
    for _ in 0..=held.len() {
        match render(&held) {
            Ok(text) => return (text, refused),
            Err(error) => {
                held.retain(|held| held.role.alias != error.alias);
                let action = "find out what answers as STS; AWS itself never issues such credentials";
                refused.insert(error.alias.clone(), Fault::new(FaultKind::Bug, error.to_string(), action));
            }
        }
    }
    (T::default(), refused)
}

#[cfg(test)]
mod tests;
