//! The agent's own directory: made private, held by one agent at a time.
//!
//! Promises that whoever has a [`StateDir`] is the only agent there, until it is dropped or the process ends in whatever
//! way, that nobody else can have put anything into it, and that nothing in it that the agent writes is somebody else's
//! file. What is in the directory is left to others.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rolecall_formats::block::Id;
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::files;

mod error;
mod tenants;

pub use error::StateDirError;
pub use tenants::UsersFile;

/// The longest path of a socket in bytes that every system takes: Linux has room for 107, macOS for 103.
const SOCKET_PATH_MAX: usize = 100;

/// How often, and how many times, a lock that is held is tried again: commands hold it for a few milliseconds when they
/// write the store while no agent runs.
const PAUSE: Duration = Duration::from_millis(5);
const TRIES: u32 = 40;

/// The names of the files in the directory.
pub(crate) const CREDENTIALS: &str = "credentials";
pub(crate) const CONFIG: &str = "config";
pub(crate) const LOCK: &str = "lock";
pub(crate) const SOCKET: &str = "agent.sock";

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
    /// that the agent would write, none of `users` among them, and takes its lock.
    ///
    /// # Errors
    /// When it cannot be made, is not private or not for us alone, or when another agent holds it.
    pub fn open(path: &Path, users: &[UsersFile<'_>]) -> Result<Self, StateDirError> {
        let create = |source| match path.metadata() {
            Ok(meta) if !meta.is_dir() => StateDirError::NotADirectory { path: path.into() },
            _ => StateDirError::Create { path: path.into(), source },
        };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(create)?;
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

/// Takes the lock and writes our pid into it, for the error of the next one.
pub(crate) fn lock(directory: &Path) -> Result<File, StateDirError> {
    let path = directory.join(LOCK);
    let failed = |source: io::Error| StateDirError::Lock { path: path.clone(), source };
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR).map_err(|errno| failed(errno.into()))?;
    let mut file = File::from(descriptor);
    let mut tries = 1;
    let locked = loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if tries < TRIES => thread::sleep(PAUSE),
            locked => break locked,
        }
        tries += 1;
    };
    match locked {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let pid = file.read_to_string(&mut pid).ok().and_then(|_| pid.trim().parse().ok());
            return Err(StateDirError::InUse { path: directory.into(), pid });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_len(0).map_err(failed)?;
    file.rewind().map_err(failed)?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes()).map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests;
