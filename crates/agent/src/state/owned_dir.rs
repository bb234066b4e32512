//! A directory of our own in the state directory, with files that are named for aliases.
//!
//! Promises that a file which is not ours by its content is not removed. That none is replaced is for the caller to see to,
//! who asks [`foreign`] first.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::publish::files::{self, Access, FileError};

/// The first file there that is not ours although it has a name that we would write to; the directory itself when it is
/// none, or not ours alone to write.
///
/// # Errors
/// When it, or a file in it, cannot be read.
pub(crate) fn foreign(
    directory: &Path,
    is_named: fn(&str) -> bool,
    is_ours: fn(&str) -> bool,
) -> Result<Option<PathBuf>, FileError> {
    match directory.symlink_metadata() {
        Err(_) => return Ok(None),
        Ok(meta) if !meta.is_dir() || is_open_to_others(&meta) => return Ok(Some(directory.into())),
        Ok(_) => {}
    }
    for path in paths(directory)? {
        if !is_named(name(&path)) {
            continue;
        }
        match files::read(&path) {
            Ok(text) if text.is_empty() || is_ours(&text) => {}
            Ok(_) | Err(FileError::NotText { .. } | FileError::NotAFile { .. } | FileError::TooLong { .. }) => {
                return Ok(Some(path));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Whether somebody else could have put something there.
fn is_open_to_others(meta: &fs::Metadata) -> bool {
    meta.uid() != rustix::process::geteuid().as_raw() || meta.mode() & 0o022 != 0
}

/// Creates the directory for those who have `access`.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn create(directory: &Path, access: Access) -> Result<(), FileError> {
    let create = |source| FileError::CreateDirectory { path: directory.into(), source };
    access.create_directory(directory).and_then(|()| access.give_directory(directory)).map_err(create)
}

/// Writes those files that are not right already.
///
/// # Errors
/// When a directory takes no file.
pub(crate) fn write(mut files: Vec<(PathBuf, Zeroizing<String>)>, access: Access) -> Result<(), FileError> {
    files.retain(|(path, text)| !access.is_given(path) || !files::read(path).is_ok_and(|there| *there == **text));
    files::replace_all_private(&files, access)
}

/// Removes what is ours by `is_ours` under a name that is not wanted, and what a killed agent left half written.
///
/// # Errors
/// When it cannot be read, or a file of ours cannot be removed.
pub(crate) fn tidy(
    directory: &Path,
    is_wanted: impl Fn(&str) -> bool,
    is_ours: fn(&str) -> bool,
) -> Result<(), FileError> {
    if !directory.is_dir() {
        return Ok(());
    }
    files::sweep(directory);
    for path in paths(directory)? {
        if !is_wanted(name(&path)) && files::read(&path).is_ok_and(|text| is_ours(&text)) {
            fs::remove_file(&path).map_err(|source| FileError::Write { path, source })?;
        }
    }
    Ok(())
}

fn paths(directory: &Path) -> Result<Vec<PathBuf>, FileError> {
    let failed = |source: io::Error| FileError::Read { path: directory.into(), source };
    fs::read_dir(directory).map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path())).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
