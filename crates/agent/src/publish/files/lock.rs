//! The lock that our own processes take before they change a user's file, and that everybody else ignores.
//!
//! It lies beside the file and stays there, until `clean` removes it.

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{FileError, directory};
use crate::state::lock_file::{self, NotTaken};

/// How long a lock that is held is waited for. One edit takes a tenth of a second, and who gives up comes back later.
const WAIT: Duration = Duration::from_millis(2500);

/// Takes the lock of `target`, making its directory where it is missing. Held until the file is dropped.
pub(super) fn take(target: &Path) -> Result<File, FileError> {
    let directory = directory(target);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|source| FileError::CreateDirectory { path: directory, source })?;
    let path = path(target);
    match lock_file::take(&path, WAIT) {
        // A file that was mounted alone: its directory takes no lock file, so the file itself is the lock. It keeps its
        // inode there, since it cannot be replaced either.
        Err(NotTaken::Open(error)) if is_refused(&error) => match lock_file::take_existing(target, WAIT) {
            Err(NotTaken::Open(_)) => Err(FileError::ReadOnly { path: target.into() }),
            taken => taken.map_err(|error| not_taken(error, target.into())),
        },
        taken => taken.map_err(|error| not_taken(error, path)),
    }
}

/// Where the lock of `target` lies.
pub(super) fn path(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(OsString::from(".rolecall.lock"));
    name.into()
}

fn not_taken(error: NotTaken, path: PathBuf) -> FileError {
    match error {
        NotTaken::Open(source) | NotTaken::Lock(source) => FileError::Lock { path, source },
        NotTaken::Held(_) => FileError::LockBusy { path, waited: WAIT },
    }
}

/// Whether the system says that this place cannot be written.
pub(super) fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
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
