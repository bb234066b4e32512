//! The lock that our own processes take before they change a user's file, and that everybody else ignores.
//!
//! It lies beside the file and stays there: removing it would let two holders in.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use super::{FileError, OPEN, directory};

/// How often and how many times a lock that is held is tried again: 2.5 s in all. One edit takes a tenth of a second, and
/// who gives up comes back later.
const PAUSE: Duration = Duration::from_millis(5);
const TRIES: u32 = 500;

/// Takes the lock of `target`, making its directory where it is missing. Held until the file is dropped.
pub(super) fn take(target: &Path) -> Result<File, FileError> {
    let directory = directory(target);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|source| FileError::CreateDirectory { path: directory, source })?;
    let mut name = target.as_os_str().to_owned();
    name.push(OsString::from(".rolecall.lock"));
    let path = PathBuf::from(name);
    let flags = OPEN | OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW;
    match rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR).map_err(io::Error::from) {
        Ok(descriptor) => wait(descriptor.into(), path),
        // A file that was mounted alone: its directory takes no lock file, so the file itself is the lock. It keeps its
        // inode there, since it cannot be replaced either.
        Err(error) if is_refused(&error) => match rustix::fs::open(target, OPEN | OFlags::RDONLY, Mode::empty()) {
            Ok(descriptor) => wait(descriptor.into(), target.into()),
            Err(_) => Err(FileError::ReadOnly { path: target.into() }),
        },
        Err(source) => Err(FileError::Lock { path, source }),
    }
}

/// Whether the system says that this place cannot be written.
pub(super) fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn wait(file: File, path: PathBuf) -> Result<File, FileError> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(source)) => return Err(FileError::Lock { path, source }),
        }
    }
    Err(FileError::LockBusy { path, waited: PAUSE * TRIES })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_somebody_keeps_is_named() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("config");
        let _held = take(&target).unwrap();
        let error = take(&target).unwrap_err();
        assert!(matches!(error, FileError::LockBusy { .. }), "{error}");
        assert!(error.to_string().ends_with("config.rolecall.lock: another process has held it for 2.5s"), "{error}");
    }
}
