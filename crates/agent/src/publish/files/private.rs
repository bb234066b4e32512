//! Files of our own, in a directory that only we write.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::temporary::{self, SUFFIX};
use super::{Access, FileError, directory};

const PREFIX: &str = ".rolecall-";
/// Up to so many files each is waited for: a whole file system can take longer.
const FEW: usize = 16;

/// Replaces a file whole: a reader sees the old or the new content, after a power cut too. Mode and group are those of
/// `access` from the moment that it has its name; a symlink of that name is replaced, never followed.
///
/// # Errors
/// When the directory takes no file or has no room, or the file cannot be given to the group.
pub fn replace_private(path: &Path, bytes: &[u8], access: Access) -> Result<(), FileError> {
    let failed = |source| FileError::Write { path: path.into(), source };
    let directory = directory(path);
    let temporary = beside(path, bytes, access)?;
    temporary.as_file().sync_all().map_err(failed)?;
    temporary.persist(path).map_err(|error| failed(error.error))?;
    File::open(&directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

/// As [`replace_private`] for many files: each appears whole, and where there are many the disk is waited for once, not once
/// for each.
///
/// # Errors
/// When a directory takes no file or has no room; those before may have been replaced.
pub fn replace_all_private(files: &[(PathBuf, Zeroizing<String>)], access: Access) -> Result<(), FileError> {
    if files.len() <= FEW {
        return files.iter().try_for_each(|(path, text)| replace_private(path, text.as_bytes(), access));
    }
    let mut written = Vec::with_capacity(files.len());
    for (path, text) in files {
        // Closed at once: there may be more of them than a process may have open.
        written.push((path, beside(path, text.as_bytes(), access)?.into_temp_path()));
    }
    let directories: BTreeSet<PathBuf> = files.iter().map(|(path, _)| directory(path)).collect();
    let sync = |sync: fn(&File) -> io::Result<()>| {
        directories.iter().try_for_each(|path| {
            File::open(path)
                .and_then(|open| sync(&open))
                .map_err(|source| FileError::Write { path: path.clone(), source })
        })
    };
    sync(sync_contents)?;
    for (path, temporary) in written {
        temporary.persist(path).map_err(|error| FileError::Write { path: path.clone(), source: error.error })?;
    }
    sync(File::sync_all)
}

/// Waits until all that was written in the file system of a directory is on the disk.
#[cfg(target_os = "linux")]
fn sync_contents(directory: &File) -> io::Result<()> {
    Ok(rustix::fs::syncfs(directory)?)
}

/// The same where a system has no call for one file system.
#[cfg(not(target_os = "linux"))]
fn sync_contents(_: &File) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

/// As [`replace_private`], without waiting for the disk, which takes longer than asking STS: after a power cut the file may
/// be the old one, cut short, or full of zeros. For what a reader can tell from the whole, and can do without.
///
/// # Errors
/// When the directory takes no file or has no room, or the file cannot be given to the group.
pub fn replace_cache(path: &Path, bytes: &[u8], access: Access) -> Result<(), FileError> {
    let failed = |source| FileError::Write { path: path.into(), source };
    beside(path, bytes, access)?.persist(path).map(drop).map_err(|error| failed(error.error))
}

fn beside(path: &Path, bytes: &[u8], access: Access) -> Result<NamedTempFile, FileError> {
    let failed = |source| FileError::Write { path: path.into(), source };
    let temporary = temporary::holding(bytes, &directory(path), OsStr::new(PREFIX), SUFFIX).map_err(failed)?;
    access.give_file(temporary.as_file()).map_err(failed)?;
    Ok(temporary)
}

/// Removes the temporary files that a killed process left in our own directory. Only for the holder of its lock.
pub fn sweep(directory: &Path) {
    sweep_prefix(directory, OsStr::new(PREFIX));
}

/// Whether this is a temporary file of [`replace_private`] or [`replace_cache`].
pub(crate) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let is_named = name.starts_with(PREFIX.as_bytes()) && name.ends_with(SUFFIX.as_bytes());
    is_named && path.symlink_metadata().is_ok_and(|meta| meta.is_file())
}

/// Removes the temporary files with this prefix; one that stays harms nobody, so failures do not matter.
pub(super) fn sweep_prefix(directory: &Path, prefix: &OsStr) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.as_bytes().starts_with(prefix.as_bytes()) && name.as_bytes().ends_with(SUFFIX.as_bytes()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
