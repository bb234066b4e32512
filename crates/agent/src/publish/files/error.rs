//! Why a file could not be written, with what to do about it where that is not plain.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rolecall_core::{Fault, FaultKind};

use super::SIZE_MAX;

/// A failed operation on a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A symlink on the way could not be read, or they form a ring.
    #[error("follow the symlink {path}: {source}", path = path.display())]
    Resolve {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory could not be made.
    #[error("create the directory {path}: {source}", path = path.display())]
    CreateDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The lock could not be taken.
    #[error("lock {path}: {source}", path = path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else keeps the lock.
    #[error("lock {path}: another process has held it for {waited:?}", path = path.display())]
    LockBusy {
        /// The lock file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The content could not be read.
    #[error("read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The content is no text.
    #[error("read {path}: byte {at} is not UTF-8", path = path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first byte that is wrong, from 0.
        at: usize,
    },
    /// More than anybody keeps in such a file.
    #[error("read {path}: it has over {} MiB", SIZE_MAX / (1024 * 1024), path = path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// It is the null device, which takes everything and keeps nothing.
    #[error("write {path}: the null device keeps nothing", path = path.display())]
    Null {
        /// The path.
        path: PathBuf,
    },
    /// It is a directory, a pipe, a device or the like.
    #[error("{path} is not a regular file", path = path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The new content could not be written beside it or put in its place.
    #[error("write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Neither the directory nor the file can be written.
    #[error("write {path}: neither the file nor its directory is writable", path = path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Others wrote it again and again, so that our change did not come through.
    #[error("write {path}: other programs keep writing it", path = path.display())]
    Restless {
        /// The file.
        path: PathBuf,
    },
}

/// Why an edit did not happen. The file is as others left it.
#[derive(Debug, thiserror::Error)]
pub enum EditError<E: std::error::Error + 'static> {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The change itself could not be made, for example because the file does not parse.
    #[error(transparent)]
    Change(E),
}

impl FileError {
    /// The failure as a fault, with what to do.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let action = match self {
            Self::Resolve { .. } => "repair the symlink or remove it",
            Self::CreateDirectory { .. } | Self::ReadOnly { .. } | Self::Lock { .. } => {
                "make it writable for this user, name other files with AWS_CONFIG_FILE and \
                 AWS_SHARED_CREDENTIALS_FILE, or use `--publish none` and the files in the state directory"
            }
            Self::Null { .. } => {
                "name a file that keeps profiles with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or use \
                 `--publish none` and the files in the state directory"
            }
            Self::LockBusy { .. } => "find out which process holds the lock file open and end it",
            Self::TooLong { .. } => "take out of it what is no profile, or name another file",
            Self::Read { .. } => "make it readable for this user",
            Self::NotText { .. } => "repair the file; AWS programs cannot read it either",
            Self::NotAFile { .. } => "name a regular file with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE",
            Self::Write { .. } => "look at free space and permissions",
            Self::Restless { .. } => "end the program that writes it in a loop",
        };
        Fault::new(FaultKind::Misconfigured, self.to_string(), action)
    }
}
