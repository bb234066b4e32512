//! The agent's own directory: made private, or shared with a group to read, held by one agent at a time.
//!
//! Promises that whoever has a [`StateDir`] is the only agent there, until it is dropped or the process ends in whatever
//! way, that nobody else can have put anything into it, and that nothing in it that the agent writes is somebody else's
//! file. What is in the directory is left to others.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rolecall_formats::block::Id;
use sha2::{Digest, Sha256};

use crate::publish::files::{self, Access};
use crate::state::lock_file::{self, NotTaken};

mod error;
mod tenants;

pub use error::StateDirError;
pub use tenants::UsersFile;
pub(crate) use tenants::is_pid;

/// The longest path of a socket in bytes that every system takes: Linux has room for 107, macOS for 103.
const SOCKET_PATH_MAX: usize = 100;

/// How long a lock that is held is waited for: commands hold it for a few milliseconds when they write the store while no
/// agent runs.
const WAIT: Duration = Duration::from_millis(200);

/// The names of the files in the directory.
pub(crate) const CREDENTIALS: &str = "credentials";
pub(crate) const CONFIG: &str = "config";
pub(crate) const LOCK: &str = "lock";
pub(crate) const SOCKET: &str = "agent.sock";
/// A socket that is not in its place yet.
pub(crate) const NEW_SOCKET: &str = "agent.new";

/// A state directory that this process holds.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    id: Id,
    /// Locked as long as it is open.
    _lock: File,
}

/// The path of the agent's socket in a state directory.
#[must_use]
pub fn socket_path(state_dir: &Path) -> PathBuf {
    state_dir.join(SOCKET)
}

impl StateDir {
    /// Creates the directory where it is missing, checks that it is private and that it holds no file of somebody else's
    /// that the agent would write, none of `users` among them, takes its lock, and lets those in who have `access`.
    ///
    /// # Errors
    /// When it cannot be made, is not private or not for us alone, when another agent holds it, or when this process may
    /// give nothing to the group.
    pub fn open(path: &Path, users: &[UsersFile<'_>], access: Access) -> Result<Self, StateDirError> {
        if let Some(group) = access.group().filter(|group| !group.is_ours()) {
            return Err(StateDirError::Group { path: path.into(), group });
        }
        let create = |source| match path.metadata() {
            Ok(meta) if !meta.is_dir() => StateDirError::NotADirectory { path: path.into() },
            _ => StateDirError::Create { path: path.into(), source },
        };
        access.create_directory(path).map_err(create)?;
        let inspect = |source| StateDirError::Inspect { path: path.into(), source };
        let path = path.canonicalize().map_err(inspect)?;
        check(&path)?;
        tenants::check(&path, users)?;
        let socket = socket_path(&path);
        let length = socket.as_os_str().len();
        if length > SOCKET_PATH_MAX {
            return Err(StateDirError::SocketPath { path: socket, length });
        }
        let lock = lock(&path)?;
        sign(&lock).map_err(|source| StateDirError::Lock { path: path.join(LOCK), source })?;
        access.give_directory(&path).map_err(create)?;
        // Whoever was killed in the middle of a write left its temporary file, with secrets in it.
        files::sweep(&path);
        Ok(Self { id: id(&path), path, _lock: lock })
    }

    /// Its real path: absolute, without symlinks.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells the blocks of this directory from those of others in the user's files: 8 hex digits.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// The path of the agent's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        socket_path(&self.path)
    }
}

/// The first 8 hex digits of the SHA-256 of the real path of a state directory.
#[must_use]
pub fn id(real_path: &Path) -> Id {
    let digest = Sha256::digest(real_path.as_os_str().as_bytes());
    let digits = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    digits.parse().expect("8 hex digits in lower case")
}

/// Refuses a directory that is not private.
pub(crate) fn check(path: &Path) -> Result<(), StateDirError> {
    let meta = path.metadata().map_err(|source| StateDirError::Inspect { path: path.into(), source })?;
    let (owner, ours) = (meta.uid(), rustix::process::geteuid().as_raw());
    let mode = meta.mode() & 0o777;
    match () {
        () if owner != ours => Err(StateDirError::Owner { path: path.into(), owner, ours }),
        () if mode & 0o022 != 0 => Err(StateDirError::Writable { path: path.into(), mode }),
        () => Ok(()),
    }
}

/// Takes the lock. Its content is left as it is: the directory may not be ours.
pub(crate) fn lock(directory: &Path) -> Result<File, StateDirError> {
    let path = directory.join(LOCK);
    lock_file::take(&path, WAIT).map_err(|error| match error {
        NotTaken::Open(source) | NotTaken::Lock(source) => StateDirError::Lock { path, source },
        NotTaken::Held(mut file) => {
            let mut pid = String::new();
            let pid = file.read_to_string(&mut pid).ok().and_then(|_| pid.trim().parse().ok());
            StateDirError::InUse { path: directory.into(), pid }
        }
    })
}

/// Writes our pid into the lock, for the error of the next one.
fn sign(mut lock: &File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.write_all(format!("{}\n", std::process::id()).as_bytes())
}

#[cfg(test)]
mod tests;
