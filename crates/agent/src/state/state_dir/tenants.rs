//! Whose files are in the directory: ours, which may be replaced, or somebody else's, which must never be.
//!
//! Looks and touches nothing. Whoever names `~/.aws` as state directory would else lose their profiles.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rolecall_formats::store;

use super::{CONFIG, CREDENTIALS, LOCK, NEW_SOCKET, SOCKET, StateDirError};
use crate::publish::files::{self, FileError};
use crate::publish::json_files::JsonFiles;
use crate::state::definitions::{self, FILE as ROLES};
use crate::state::endpoint_file::{self, FILE as ENDPOINT};
use crate::state::{env_files, owned_dir, tokens};

/// One of the user's two AWS files.
#[derive(Clone, Copy, Debug)]
pub struct UsersFile<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// The variable that can name it.
    pub variable: &'static str,
}

/// Refuses a directory where a file that we write is not ours, or is the user's AWS file by whatever path.
pub(super) fn check(directory: &Path, users: &[UsersFile<'_>]) -> Result<(), StateDirError> {
    if directory.parent().is_none() {
        return Err(StateDirError::Root { path: directory.into() });
    }
    for name in [CREDENTIALS, CONFIG, ROLES, ENDPOINT, LOCK, SOCKET] {
        let path = directory.join(name);
        if let Some(UsersFile { path: users, variable }) = users.iter().find(|users| files::is_same(users.path, &path))
        {
            return Err(StateDirError::UsersFile { path, users: (*users).into(), variable });
        }
    }
    for (name, is_ours) in [
        (CREDENTIALS, store::is_ours as fn(&str) -> bool),
        (CONFIG, store::is_ours),
        (ROLES, definitions::is_ours),
        (ENDPOINT, endpoint_file::is_ours),
        (LOCK, is_pid),
    ] {
        let path = directory.join(name);
        // A name without a file behind it is free, and so is a symlink to nothing: it is replaced, never followed.
        match files::read(&path) {
            Ok(_) if !path.exists() => {}
            Ok(text) if is_ours(&text) => {}
            Ok(_) | Err(FileError::NotText { .. } | FileError::NotAFile { .. } | FileError::TooLong { .. }) => {
                return Err(StateDirError::Foreign { path });
            }
            Err(error) => return Err(StateDirError::Unreadable { path, source: error }),
        }
    }
    for name in [SOCKET, NEW_SOCKET] {
        let path = directory.join(name);
        if path.symlink_metadata().is_ok_and(|meta| !meta.file_type().is_socket()) {
            return Err(StateDirError::Foreign { path });
        }
    }
    for (name, is_named, is_ours) in [
        (tokens::DIRECTORY, tokens::is_named as fn(&str) -> bool, tokens::is_ours as fn(&str) -> bool),
        (env_files::DIRECTORY, env_files::is_named, env_files::is_ours),
    ] {
        let path = directory.join(name);
        match owned_dir::foreign(&path, is_named, is_ours) {
            Ok(None) => {}
            Ok(Some(path)) => return Err(StateDirError::Foreign { path }),
            Err(source) => return Err(StateDirError::Unreadable { path, source }),
        }
    }
    let json = JsonFiles::new(directory);
    match json.foreign() {
        Ok(None) => Ok(()),
        Ok(Some(path)) => Err(StateDirError::Foreign { path }),
        Err(source) => Err(StateDirError::Unreadable { path: json.path().into(), source }),
    }
}

/// What an agent writes into its lock; nothing when it was killed before it could.
pub(crate) fn is_pid(text: &str) -> bool {
    text.strip_suffix('\n').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit())
}
