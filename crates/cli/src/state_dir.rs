//! The state directory that a command means, and whose socket in it is trusted.
//!
//! Promises that an agent of another user is trusted in a directory only that was named and is that user's: with
//! `--socket-group` it is meant to be. Who named it by mistake is told by the commands, not here.

use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateDir {
    path: PathBuf,
    /// By the flag or its variable. Else it is where this user's own is by default.
    is_named: bool,
}

impl StateDir {
    /// One that the user named.
    pub(crate) fn named(path: PathBuf) -> Self {
        Self { path, is_named: true }
    }

    /// The one that is meant when none is named.
    pub(crate) fn default_of_user(path: PathBuf) -> Self {
        Self { path, is_named: false }
    }

    /// Whether a socket in it may be this user's: one of ours or of root, else of whom the user named the directory of.
    pub(crate) fn trusts(&self, owner: u32) -> bool {
        owner == 0
            || owner == rustix::process::geteuid().as_raw()
            || self.is_named && self.path.metadata().is_ok_and(|meta| meta.uid() == owner)
    }
}

impl Deref for StateDir {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl From<StateDir> for PathBuf {
    fn from(state_dir: StateDir) -> Self {
        state_dir.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_trusted_of_a_directory_that_was_named() {
        let ours = tempfile::tempdir().unwrap();
        let uid = rustix::process::geteuid().as_raw();
        for state_dir in [StateDir::named(ours.path().into()), StateDir::default_of_user(ours.path().into())] {
            assert!(state_dir.trusts(0) && state_dir.trusts(uid), "{state_dir:?}");
            assert!(!state_dir.trusts(uid + 1), "{state_dir:?}");
        }
        assert!(!StateDir::named("/nonexistent".into()).trusts(uid + 1));
    }
}
