//! The state directory as commands use it while no agent runs: sessions are taken from the store and put back into it.
//!
//! Promises that many commands at once ask STS once for each role, that none writes while an agent does, and that none
//! waits for long. Whether an agent runs is the caller's to know first; asking STS is left to the caller.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::rotation::Lead;
use rolecall_core::{Alias, Role, Session};
use rolecall_formats::profile::Held;
use rolecall_formats::store as format;
use rustix::fs::{Mode, OFlags};

use crate::definitions::{Definitions, DefinitionsError};
use crate::files;
use crate::state_dir::{self, CREDENTIALS, LOCK, StateDirError};
use crate::store::read_back;

/// The directory of the locks of [`Turn`]s, in the state directory.
pub(crate) const TURNS: &str = "turns";
/// How long is waited for whoever asks STS for the same role: as long as that may take.
const TURN: Duration = Duration::from_secs(25);
/// How long is waited for another command that writes the store, which takes a few milliseconds.
const WRITE: Duration = Duration::from_millis(500);
/// How often a lock is tried again.
const PAUSE: Duration = Duration::from_millis(2);

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
    /// The session. When it was issued is not known: as if it were now.
    pub session: Arc<Session>,
    /// Whether an agent would ask for a new one by now.
    pub due: bool,
}

/// The right to ask STS for one role, given back when dropped.
#[derive(Debug)]
pub struct Turn {
    _lock: File,
}

/// The session in the store that is still good for this role: made for the same definition and not ended.
#[must_use]
pub fn left(state_dir: &Path, definitions: &Definitions, role: &Role, now: Timestamp) -> Option<Left> {
    if !definitions.store {
        return None;
    }
    let session = read_back(state_dir, &[Arc::new(role.clone())], now).remove(&role.alias)?;
    Some(Left { due: is_due(definitions.refresh_before, role, &session, now), session })
}

/// Whether a session of this role would be refreshed by now, as far as its end tells: the store does not say its begin.
fn is_due(lead: Lead, role: &Role, session: &Session, now: Timestamp) -> bool {
    let left = session.expires_at.duration_since(now).unsigned_abs();
    session.expires_at <= now || left <= lead.of(role.duration)
}

/// Waits for the right to ask STS for a role. Who gets it looks at the store again: whoever had it may have left a
/// session. None when there is no store to look at, or it takes too long; then everybody asks for himself.
#[must_use]
pub fn turn(state_dir: &Path, definitions: &Definitions, alias: &Alias) -> Option<Turn> {
    if !definitions.store {
        return None;
    }
    let directory = state_dir.join(TURNS);
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return None,
        _ => {}
    }
    let lock = locked(&directory.join(alias.as_str()), TURN)?;
    Some(Turn { _lock: lock })
}

/// Puts a new session into the store, beside the others in it that are still good. Not while an agent runs, which has
/// sessions of its own, and not when the settings say that there is no store.
///
/// What cannot be written is not needed: the next command asks again.
pub fn keep(state_dir: &Path, definitions: &Definitions, alias: &Alias, session: &Session, now: Timestamp) {
    if !definitions.store {
        return;
    }
    // The agent's own lock: whoever has it is alone.
    let Some(_lock) = locked(&state_dir.join(LOCK), WRITE) else { return };
    let roles: Vec<Arc<Role>> = definitions.roles.iter().cloned().map(Arc::new).collect();
    let mut sessions = read_back(state_dir, &roles, now);
    sessions.insert(alias.clone(), Arc::new(session.clone()));
    let held: Vec<Held<'_>> =
        roles.iter().filter_map(|role| Some(Held { role, session: sessions.get(&role.alias)? })).collect();
    let Ok(text) = format::credentials(&held, definitions.default.as_ref()) else { return };
    let path = state_dir.join(CREDENTIALS);
    if let Err(error) = files::replace_cache(&path, text.as_bytes()) {
        tracing::debug!("{error}");
    }
}

/// The lock file, locked; none when somebody else keeps it for `limit`, or there can be none.
fn locked(path: &Path, limit: Duration) -> Option<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).ok()?);
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) if waited < limit => {
                thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests;
