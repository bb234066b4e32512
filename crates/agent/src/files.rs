//! The one writer of files.
//!
//! Two ways to write, for two kinds of files. [`edit()`] changes a file that belongs to the user and that other programs
//! write at the same time, without a lock and in place; it promises that neither their changes nor ours are lost.
//! [`replace_private`] replaces a file of our own. Both promise that a reader sees the old or the new content whole, and
//! that nobody else can read what we create. What is written is left to the caller. All of it blocks.

mod edit;
mod error;
mod lock;
mod merge;
mod private;
mod seen;
mod write;

pub use edit::{Edited, edit};
pub use error::{EditError, FileError};
pub use private::{replace_private, sweep};

use std::path::{Path, PathBuf};

/// The text of a file; nothing when there is no file. One that is empty is given a moment to be written.
///
/// # Errors
/// When it cannot be read or is no text.
pub fn read(path: &Path) -> Result<String, FileError> {
    let bytes = seen::Seen::look(path)?.bytes;
    String::from_utf8(bytes)
        .map_err(|error| FileError::NotText { path: path.into(), at: error.utf8_error().valid_up_to() })
}

/// The directory of a file, `.` for a bare name.
fn directory(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).into()
}

#[cfg(test)]
mod tests;
