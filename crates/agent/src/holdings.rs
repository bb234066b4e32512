//! What a writer has to show: all roles in their order, and the sessions that are held.
//!
//! Pure. A session is the rotator's, shown until the rotator takes it back, or one that an earlier agent left in the
//! store, shown until it ends or until the rotator has something newer.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rolecall_core::{Alias, Delivery, Fault, FaultKind, Role, Session};
use rolecall_formats::profile::{Held, ValueError};

/// All roles and what is held for them.
#[derive(Clone, Debug)]
pub(crate) struct Holdings {
    roles: Vec<Arc<Role>>,
    sessions: BTreeMap<Alias, Holding>,
}

#[derive(Clone, Debug)]
struct Holding {
    session: Arc<Session>,
    /// An earlier agent's: nobody tells us when it ends.
    adopted: bool,
}

impl Holdings {
    /// The roles with what an earlier agent left for them.
    pub(crate) fn new(roles: Vec<Arc<Role>>, adopted: &BTreeMap<Alias, Arc<Session>>) -> Self {
        let adopt = |(alias, session): (&Alias, &Arc<Session>)| {
            (alias.clone(), Holding { session: Arc::clone(session), adopted: true })
        };
        Self { roles, sessions: adopted.iter().map(adopt).collect() }
    }

    /// Takes over what the rotator says.
    pub(crate) fn apply(&mut self, changes: &[Delivery]) {
        for Delivery { role, session } in changes {
            match self.roles.iter_mut().find(|known| known.alias == role.alias) {
                Some(known) => *known = Arc::clone(role),
                None => self.roles.push(Arc::clone(role)),
            }
            match session {
                Some(session) => {
                    let holding = Holding { session: Arc::clone(session), adopted: false };
                    self.sessions.insert(role.alias.clone(), holding);
                }
                None => drop(self.sessions.remove(&role.alias)),
            }
        }
    }

    /// All roles, held or not.
    pub(crate) fn roles(&self) -> Vec<&Role> {
        self.roles.iter().map(AsRef::as_ref).collect()
    }

    /// The roles that a session is held for.
    pub(crate) fn held(&self, now: Timestamp) -> Vec<Held<'_>> {
        let held = |role: &'_ Role| {
            let Holding { session, adopted } = self.sessions.get(&role.alias)?;
            (!adopted || session.expires_at > now).then_some(session.as_ref())
        };
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
