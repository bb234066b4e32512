//! What we put beside a file of the user's, and how it goes for good.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::private::sweep_prefix;
use super::{FileError, directory, kept, lock, temporary};

/// What lies beside `target` and is ours, in order: what killed processes left, and the lock if there is one. What an
/// agent works with at this moment is among it.
#[must_use]
pub fn beside(target: &Path) -> Vec<PathBuf> {
    let prefix = kept::prefix(target);
    let entries = fs::read_dir(directory(target)).into_iter().flatten().flatten();
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_bytes();
        let ends = [temporary::SUFFIX, kept::OLD, kept::COPY];
        name.starts_with(prefix.as_bytes()) && ends.iter().any(|end| name.ends_with(end.as_bytes()))
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_ours).collect();
    found.sort();
    found.extend(Some(lock_of(target)).filter(|lock| is_lock(lock)));
    found
}

/// The lock of `target`.
#[must_use]
pub fn lock_of(target: &Path) -> PathBuf {
    lock::path(target)
}

/// Removes what killed processes left half written beside `target`, and the lock, too, if it is `for_good`. What they
/// kept of a replaced file is left to [`edit()`](super::edit()), which looks into it first.
///
/// # Errors
/// When the lock cannot be had, since another agent writes the file, or cannot be removed.
pub fn leave(target: &Path, for_good: bool) -> Result<(), FileError> {
    if beside(target).is_empty() {
        return Ok(());
    }
    let _lock = lock::take(target)?;
    sweep_prefix(&directory(target), &kept::prefix(target));
    for name in beside(target).into_iter().filter(|path| path.extension() == Some(OsStr::new("old"))) {
        // Of one without its copy nothing can be said.
        if !name.with_extension("copy").exists() {
            let _ = fs::remove_file(name);
        }
    }
    let path = lock_of(target);
    match if for_good && is_lock(&path) { fs::remove_file(&path) } else { Ok(()) } {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(FileError::Write { path, source }),
        _ => Ok(()),
    }
}

/// Whether it is as we make it: nothing is ever written into it.
fn is_lock(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_file() && meta.len() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_file_of_somebody_who_is_at_work_stays() {
        let home = tempfile::tempdir().unwrap();
        let (path, other) = (home.path().join("config"), home.path().join(".config.rolecall-x"));
        let temporary = home.path().join(".config.rolecall-x.tmp");
        fs::write(&temporary, "half").unwrap();
        fs::write(&other, "mine").unwrap();
        let held = lock::take(&path).unwrap();
        assert!(matches!(leave(&path, true), Err(FileError::LockBusy { .. })));
        assert_eq!(beside(&path), [temporary.clone(), lock_of(&path)]);
        drop(held);
        leave(&path, false).unwrap();
        assert!(!temporary.exists() && lock_of(&path).exists());
        leave(&path, true).unwrap();
        assert!(beside(&path).is_empty() && other.exists());
        fs::write(lock_of(&path), "mine").unwrap();
        fs::write(&temporary, "half").unwrap();
        leave(&path, true).unwrap();
        assert!(!temporary.exists() && lock_of(&path).exists());
    }
}
