//! Who may read what is ours: this user alone, or the members of a group as well.
//!
//! Promises that nobody may write who is not this user, and that what is given to a group had no wider mode before: first
//! the group, then the mode. When that is done is left to the writers of files, which do it before a file has its name.

use std::fs::{DirBuilder, File, Permissions, set_permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, fchown};
use std::path::Path;

use crate::settings::group::Group;

/// Who may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Besides this user.
    group: Option<Group>,
}

impl Access {
    /// For this user, and for the group if there is one.
    #[must_use]
    pub fn of(group: Option<Group>) -> Self {
        Self { group }
    }

    /// The group.
    pub(crate) fn group(self) -> Option<Group> {
        self.group
    }

    /// What the group may besides what this user may: nothing when there is none.
    fn mode(self, owner: u32, group: u32) -> u32 {
        if self.group.is_some() { owner | group } else { owner }
    }

    /// Gives out a file of ours that has mode 0600.
    pub(crate) fn give_file(self, file: &File) -> io::Result<()> {
        let Some(group) = self.group else { return Ok(()) };
        fchown(file, None, Some(group.id())).map_err(|error| not_given(group, &error))?;
        file.set_permissions(Permissions::from_mode(self.mode(0o600, 0o040)))
    }

    /// Gives out a socket of ours, whose mode is what the system made it.
    pub(crate) fn give_socket(self, path: &Path) -> io::Result<()> {
        self.give(path, self.mode(0o600, 0o060))
    }

    /// Gives out a directory of ours. Without a group it stays as it is.
    pub(crate) fn give_directory(self, path: &Path) -> io::Result<()> {
        if self.group.is_none() { Ok(()) } else { self.give(path, self.mode(0o700, 0o050)) }
    }

    fn give(self, path: &Path, mode: u32) -> io::Result<()> {
        if let Some(group) = self.group {
            chown(path, None, Some(group.id())).map_err(|error| not_given(group, &error))?;
        }
        set_permissions(path, Permissions::from_mode(mode))
    }

    /// Creates a directory, and those above it, where they are missing. What is there stays as it is.
    pub(crate) fn create_directory(self, path: &Path) -> io::Result<()> {
        let create = || DirBuilder::new().mode(0o700).create(path);
        let created = match (create(), path.parent()) {
            (Err(error), Some(above)) if error.kind() == io::ErrorKind::NotFound => {
                self.create_directory(above)?;
                create()
            }
            (created, _) => created,
        };
        match created {
            Ok(()) => self.give_directory(path),
            Err(_) if path.is_dir() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether a file is there that only these may read.
    pub(crate) fn is_given(self, path: &Path) -> bool {
        path.metadata().is_ok_and(|meta| {
            let of_group = self.group.is_none_or(|group| group.id() == meta.gid());
            let is_ours = meta.uid() == rustix::process::geteuid().as_raw();
            is_ours && of_group && meta.mode() & 0o777 == self.mode(0o600, 0o040)
        })
    }
}

fn not_given(group: Group, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("give it to group {group}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A group that this process may give files to, whoever runs the tests.
    fn shared() -> Access {
        Access::of(Group::new(rustix::process::getegid().as_raw()))
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn directories_that_are_made_can_be_entered_and_others_stay() {
        let home = tempfile::tempdir().unwrap();
        let (state, before) = (home.path().join("a/b"), mode(home.path()));
        shared().create_directory(&state).unwrap();
        assert_eq!((mode(&state), mode(&home.path().join("a")), mode(home.path())), (0o750, 0o750, before));
        Access::default().create_directory(&home.path().join("c/d")).unwrap();
        assert_eq!((mode(&home.path().join("c/d")), mode(&home.path().join("c"))), (0o700, 0o700));
        shared().create_directory(&home.path().join("c")).unwrap();
        assert_eq!(mode(&home.path().join("c")), 0o700);
        shared().give_directory(&home.path().join("c")).unwrap();
        assert_eq!(mode(&home.path().join("c")), 0o750);

        fs::write(home.path().join("file"), "").unwrap();
        assert!(shared().create_directory(&home.path().join("file")).is_err());
        assert!(shared().create_directory(&home.path().join("file/below")).is_err());
    }

    #[test]
    fn a_file_is_given_to_whom_it_is_meant_for_and_to_nobody_else() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        let file = File::create(&path).unwrap();
        for (bits, private, given) in [(0o600, true, false), (0o640, false, true), (0o644, false, false)] {
            file.set_permissions(Permissions::from_mode(bits)).unwrap();
            assert_eq!((Access::default().is_given(&path), shared().is_given(&path)), (private, given), "{bits:o}");
        }
        file.set_permissions(Permissions::from_mode(0o640)).unwrap();
        assert!(!Access::of(Group::new(4242)).is_given(&path), "another group's");
        assert!(!Access::default().is_given(&home.path().join("missing")));
    }
}
