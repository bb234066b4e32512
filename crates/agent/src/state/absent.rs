//! The state directory as commands use it while no agent runs: sessions are taken from the store and put back into it.
//!
//! Promises that many commands at once ask STS once for each role, whatever it answers, that none writes while an agent
//! does, and that none waits for long. Whether an agent runs is the caller's to know first; asking STS is left to it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::rotation::Lead;
use rolecall_core::{Alias, Role, Session};
use rolecall_formats::profile::Held;
use rolecall_formats::store as format;

use crate::publish::files;
use crate::publish::store::read_back;
use crate::state::definitions::{Definitions, DefinitionsError};
use crate::state::lock_file;
use crate::state::state_dir::{self, CREDENTIALS, LOCK, StateDirError};

pub(crate) mod turn;

pub use turn::{Turn, turn};

/// How long is waited for another command that writes the store, which takes a few milliseconds.
const WRITE: Duration = Duration::from_millis(500);

/// Why nothing can be done in the place of an agent.
#[derive(Debug, thiserror::Error)]
pub enum AbsentError {
    /// The directory is somebody else's to write into, who could have put anything there.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// The definitions are there, but cannot be used.
    #[error(transparent)]
    Definitions(#[from] DefinitionsError),
}

/// What the newest agent of this state directory was told; none when there was none.
///
/// # Errors
/// When the directory is not private to this user, or the definitions cannot be read.
pub fn definitions(state_dir: &Path) -> Result<Option<Definitions>, AbsentError> {
    if !state_dir.is_dir() {
        return Ok(None);
    }
    state_dir::check(state_dir)?;
    Ok(Definitions::read(state_dir)?)
}

/// A session that an agent or a command left.
#[derive(Clone, Debug)]
pub struct Left {
    /// The session.
    pub session: Arc<Session>,
    /// Whether an agent would ask for a new one by now.
    pub due: bool,
}

/// The session in the store that is still good for this role: made for the same definition and not ended.
#[must_use]
pub fn left(state_dir: &Path, definitions: &Definitions, role: &Role, now: Timestamp) -> Option<Left> {
    if !definitions.store {
        return None;
    }
    let session = read_back(state_dir, &[Arc::new(role.clone())], now).remove(&role.alias)?;
    Some(Left { due: is_due(definitions.refresh_before, &session, now), session })
}

/// Whether a session would be refreshed by now, without an agent's jitter.
fn is_due(lead: Lead, session: &Session, now: Timestamp) -> bool {
    let left = session.expires_at.duration_since(now).unsigned_abs();
    session.expires_at <= now || left <= lead.of(session.lifetime())
}

/// Puts a new session into the store, beside the others in it that are still good. Not while an agent runs, which has
/// sessions of its own, and not when the settings say that there is no store.
///
/// What cannot be written is not needed: the next command asks again.
pub fn keep(state_dir: &Path, definitions: &Definitions, alias: &Alias, session: &Session, now: Timestamp) {
    if !definitions.store {
        return;
    }
    // The agent's own lock: whoever has it is alone. It is made by an agent only, so that nothing comes back after `clean`.
    let Ok(_lock) = lock_file::take_existing(&state_dir.join(LOCK), WRITE) else { return };
    // While STS was asked, another agent may have come and gone.
    if Definitions::read(state_dir).ok().flatten().as_ref() != Some(definitions) {
        return;
    }
    // What a command that was killed here left half written.
    files::sweep(state_dir);
    let roles: Vec<Arc<Role>> = definitions.roles.iter().cloned().map(Arc::new).collect();
    let mut sessions = read_back(state_dir, &roles, now);
    sessions.insert(alias.clone(), Arc::new(session.clone()));
    let held: Vec<Held<'_>> =
        roles.iter().filter_map(|role| Some(Held { role, session: sessions.get(&role.alias)? })).collect();
    let Ok(text) = format::credentials(&held, definitions.default.as_ref()) else { return };
    let path = state_dir.join(CREDENTIALS);
    if let Err(error) = files::replace_cache(&path, text.as_bytes(), definitions.access()) {
        tracing::debug!("{error}");
    }
}

#[cfg(test)]
mod tests;
