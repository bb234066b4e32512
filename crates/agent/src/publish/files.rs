//! The one writer of files.
//!
//! Two ways to write, for two kinds of files. [`edit()`] changes a file that belongs to the user and that other programs
//! write at the same time, without a lock and in place; it promises that neither their changes nor ours are lost.
//! [`replace_private`] replaces a file of our own. Both promise that a reader sees the old or the new content whole, and
//! that nobody else can read what we create, but a group that it is meant for; what was read is wiped when it is
//! dropped, since it may hold keys. No file is waited for: a pipe is refused, not opened for ever. What is written is
//! left to the caller. All of it blocks.

mod access;
mod acl;
mod edit;
mod error;
mod kept;
mod leave;
mod lock;
mod merge;
mod private;
mod same;
mod seen;
mod temporary;
mod write;

pub use access::Access;
pub use edit::{Edited, edit};
pub use error::{EditError, FileError};
pub use leave::{beside, leave, lock_of};
pub(crate) use private::is_temporary;
pub use private::{replace_all_private, replace_cache, replace_private, sweep};
pub(crate) use same::is_same;

use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

/// The most bytes of a file that is read: hundreds of thousands of profiles.
const SIZE_MAX: u64 = 16 * 1024 * 1024;

/// How every file is opened: a pipe without a writer, or a device, must not hold us up.
const OPEN: OFlags = OFlags::NONBLOCK.union(OFlags::CLOEXEC).union(OFlags::NOCTTY);

/// The text of a file; nothing when there is no file, or the null device in its place. One that is empty is given a
/// moment to be written.
///
/// # Errors
/// When it cannot be read, is no regular file, is too long or is no text.
pub fn read(path: &Path) -> Result<Zeroizing<String>, FileError> {
    let mut bytes = seen::Seen::look(path)?.bytes;
    match str::from_utf8(&bytes) {
        Ok(_) => Ok(String::from_utf8(std::mem::take(&mut *bytes)).unwrap_or_default().into()),
        Err(error) => Err(FileError::NotText { path: path.into(), at: error.valid_up_to() }),
    }
}

/// The directory of a file, `.` for a bare name.
fn directory(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).into()
}

#[cfg(test)]
mod tests;
