//! The agent's own directory: made private, held by one agent at a time.
//!
//! Promises that whoever has a [`StateDir`] is the only agent there, until it is dropped or the process ends in whatever
//! way, and that nobody else can have put anything into it. What is in the directory is left to others.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rolecall_formats::block::Id;
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};

use crate::files;

/// The longest path of a socket in bytes that every system takes: Linux has room for 107, macOS for 103.
const SOCKET_PATH_MAX: usize = 100;

/// A state directory that this process holds.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    id: Id,
    /// Locked as long as it is open.
    _lock: File,
}

/// Why a directory cannot be the state directory.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// It could not be made.
    #[error("create the state directory {path}: {source}", path = path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is there, but cannot be looked at.
    #[error("look at the state directory {path}: {source}", path = path.display())]
    Inspect {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else has that name.
    #[error("the state directory {path} is not a directory; name another one", path = path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Somebody else owns it, so somebody else decides what is in it.
    #[error(
        "the state directory {path} belongs to user {owner}, but this is user {ours}; name a directory of your own, for \
         example one below it",
        path = path.display()
    )]
    Owner {
        /// The directory.
        path: PathBuf,
        /// The uid that owns it.
        owner: u32,
        /// The uid of this process.
        ours: u32,
    },
    /// Others may write into it.
    #[error(
        "others may write into the state directory {path} (mode {mode:03o}); run `chmod 700` on it or name another one",
        path = path.display()
    )]
    Writable {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The socket would have a path that cannot be connected to.
    #[error(
        "the path of the socket {path} has {length} bytes, and sockets can have {SOCKET_PATH_MAX}; name a shorter state \
         directory",
        path = path.display()
    )]
    SocketPath {
        /// The path of the socket.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// The lock file could not be opened, locked or written.
    #[error("lock {path}: {source}", path = path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another agent holds it.
    #[error(
        "another agent{holder} uses the state directory {path}; stop it or name another directory",
        path = path.display(),
        holder = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process that holds it, as far as it has said so yet.
        pid: Option<u32>,
    },
}

/// The path of the agent's socket in a state directory.
#[must_use]
pub fn socket_path(state_dir: &Path) -> PathBuf {
    state_dir.join("agent.sock")
}

impl StateDir {
    /// Creates the directory where it is missing, checks that it is private, and takes its lock.
    ///
    /// # Errors
    /// When it cannot be made or is not private, or when another agent holds it.
    pub fn open(path: &Path) -> Result<Self, StateDirError> {
        let create = |source| match path.metadata() {
            Ok(meta) if !meta.is_dir() => StateDirError::NotADirectory { path: path.into() },
            _ => StateDirError::Create { path: path.into(), source },
        };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(create)?;
        let inspect = |source| StateDirError::Inspect { path: path.into(), source };
        let path = path.canonicalize().map_err(inspect)?;
        check(&path)?;
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
fn check(path: &Path) -> Result<(), StateDirError> {
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
fn lock(directory: &Path) -> Result<File, StateDirError> {
    let path = directory.join("lock");
    let failed = |source: io::Error| StateDirError::Lock { path: path.clone(), source };
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR).map_err(|errno| failed(errno.into()))?;
    let mut file = File::from(descriptor);
    match file.try_lock() {
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
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn it_is_created_private() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::open(&home.path().join("a/b")).unwrap();
        assert_eq!(mode(state.path()), 0o700);
        assert_eq!(mode(&home.path().join("a")), 0o700);
        assert_eq!(mode(&state.path().join("lock")), 0o600);
    }

    #[test]
    fn a_second_agent_learns_who_holds_it() {
        let home = tempfile::tempdir().unwrap();
        let first = StateDir::open(home.path()).unwrap();
        let Err(StateDirError::InUse { pid, .. }) = StateDir::open(home.path()) else { panic!("not refused") };
        assert_eq!(pid, Some(std::process::id()));
        drop(first);
        StateDir::open(home.path()).unwrap();
    }

    #[test]
    fn what_others_may_write_into_is_refused() {
        let home = tempfile::tempdir().unwrap();
        for bits in [0o777, 0o770, 0o702] {
            fs::set_permissions(home.path(), fs::Permissions::from_mode(bits)).unwrap();
            let error = StateDir::open(home.path()).unwrap_err();
            assert!(matches!(error, StateDirError::Writable { mode, .. } if mode == bits), "{error}");
        }
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        StateDir::open(home.path()).unwrap();
    }

    #[test]
    fn the_id_is_of_the_real_path() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        let direct = StateDir::open(&real).unwrap().id();
        symlink(&real, &link).unwrap();
        let linked = StateDir::open(&link).unwrap();
        assert_eq!(linked.id(), direct);
        assert_eq!(id(Path::new("/state")).to_string(), "7ac1387d");
    }

    #[test]
    fn a_lock_that_is_a_symlink_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let precious = home.path().join("precious");
        fs::write(&precious, "text").unwrap();
        let state = home.path().join("state");
        DirBuilder::new().mode(0o700).create(&state).unwrap();
        symlink(&precious, state.join("lock")).unwrap();
        assert!(matches!(StateDir::open(&state), Err(StateDirError::Lock { .. })));
        assert_eq!(fs::read_to_string(&precious).unwrap(), "text");
    }

    #[test]
    fn a_long_path_is_told_before_the_socket_fails() {
        let home = tempfile::tempdir().unwrap();
        let error = StateDir::open(&home.path().join("x".repeat(100))).unwrap_err();
        assert!(matches!(error, StateDirError::SocketPath { length, .. } if length > 100), "{error}");
    }

    #[test]
    fn a_file_in_its_place_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(StateDir::open(&file), Err(StateDirError::NotADirectory { .. })));
    }
}
