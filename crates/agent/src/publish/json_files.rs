//! `json/<alias>.json` in the state directory: what the `cat` form prints.
//!
//! Promises one document for each session that is held, whole, for those alone who may read it, and none for any other
//! alias. A document that is right already is not written again.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rolecall_core::{Alias, Fault, FaultKind};
use rolecall_formats::process;
use rolecall_formats::profile::Held;

use crate::publish::files::{self, Access, FileError};
use crate::state::owned_dir;

/// The name of the directory.
pub(crate) const DIRECTORY: &str = "json";
pub(crate) const SUFFIX: &str = ".json";

/// The documents of one state directory.
#[derive(Clone, Debug)]
pub(crate) struct JsonFiles {
    path: PathBuf,
    access: Access,
}

impl JsonFiles {
    /// For this user alone.
    pub(crate) fn new(state_dir: &Path) -> Self {
        Self { path: state_dir.join(DIRECTORY), access: Access::default() }
    }

    /// For these.
    pub(crate) fn with_access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the documents of these sessions. Others stay.
    pub(crate) fn write(&self, held: &[Held<'_>]) -> Result<(), Fault> {
        let create = |source| FileError::CreateDirectory { path: self.path.clone(), source };
        let made = self.access.create_directory(&self.path).and_then(|()| self.access.give_directory(&self.path));
        made.map_err(create).map_err(fault)?;
        held.iter().try_for_each(|held| self.write_one(held)).map_err(fault)
    }

    fn write_one(&self, held: &Held<'_>) -> Result<(), FileError> {
        let path = self.path.join(format!("{}{SUFFIX}", held.role.alias));
        let document = process::file(held.role, held.session);
        if self.access.is_given(&path) && files::read(&path).is_ok_and(|text| *text == *document) {
            return Ok(());
        }
        files::replace_private(&path, document.as_bytes(), self.access)
    }

    /// Takes away the documents of all aliases but these, and what a killed agent left half written.
    pub(crate) fn keep(&self, aliases: &BTreeSet<&Alias>) -> Result<(), Fault> {
        files::sweep(&self.path);
        for (alias, path) in self.documents().map_err(fault)? {
            if !aliases.contains(&alias) {
                let gone = fs::remove_file(&path).or_else(|error| match error.kind() {
                    io::ErrorKind::NotFound => Ok(()),
                    _ => Err(error),
                });
                gone.map_err(|source| fault(FileError::Write { path, source }))?;
            }
        }
        if aliases.is_empty() {
            // Nothing of the form is left behind. Somebody else's file in it keeps it, and harms nothing.
            let _ = fs::remove_dir(&self.path);
        }
        Ok(())
    }

    /// The documents that are there; none without the directory.
    fn documents(&self) -> Result<Vec<(Alias, PathBuf)>, FileError> {
        let failed = |source| FileError::Read { path: self.path.clone(), source };
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut documents = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()?.strip_suffix(SUFFIX));
            if let Some(alias) = name.and_then(|name| Alias::of_profile(name).ok()) {
                documents.push((alias, path));
            }
        }
        Ok(documents)
    }

    /// The first file there that would be replaced or removed although it is not ours.
    pub(crate) fn foreign(&self) -> Result<Option<PathBuf>, FileError> {
        let is_named = |name: &str| name.strip_suffix(SUFFIX).is_some_and(|alias| Alias::of_profile(alias).is_ok());
        owned_dir::foreign(&self.path, is_named, process::is_ours)
    }
}

/// All of it is in the state directory, so that is where to look.
fn fault(error: FileError) -> Fault {
    let action = "look at free space and permissions of the state directory";
    Fault::new(FaultKind::Misconfigured, error.to_string(), action)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::testing::{role, session};

    fn names(files: &JsonFiles) -> Vec<String> {
        let entries = fs::read_dir(files.path()).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_document_comes_and_goes_with_its_session() {
        let home = tempfile::tempdir().unwrap();
        let files = JsonFiles::new(home.path());
        let (a, b, session) = (role("a"), role("b"), session(1));
        let held = [&a, &b].map(|role| Held { role, session: &session });
        files.write(&held).unwrap();
        files.keep(&BTreeSet::from([&a.alias, &b.alias])).unwrap();
        assert_eq!(names(&files), ["a.json", "b.json"]);
        let path = files.path().join("a.json");
        assert_eq!(fs::read_to_string(&path).unwrap(), *process::file(&a, &session));
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        assert_eq!((mode(files.path()), mode(&path)), (0o700, 0o600));

        let inode = path.metadata().unwrap().ino();
        files.write(&held).unwrap();
        assert_eq!(path.metadata().unwrap().ino(), inode, "what is right is left alone");
        files.keep(&BTreeSet::from([&b.alias])).unwrap();
        assert_eq!(names(&files), ["b.json"]);
        files.keep(&BTreeSet::new()).unwrap();
        assert!(!files.path().exists());
        files.keep(&BTreeSet::new()).unwrap();
    }

    #[test]
    fn files_of_others_stay() {
        let home = tempfile::tempdir().unwrap();
        let files = JsonFiles::new(home.path());
        assert_eq!(files.foreign().unwrap(), None);
        let (a, session) = (role("a"), session(1));
        files.write(&[Held { role: &a, session: &session }]).unwrap();
        fs::write(files.path().join("notes.txt"), "mine").unwrap();
        assert_eq!(files.foreign().unwrap(), None);
        files.keep(&BTreeSet::new()).unwrap();
        assert_eq!(names(&files), ["notes.txt"]);
        fs::write(files.path().join("package.json"), "{}").unwrap();
        assert_eq!(files.foreign().unwrap(), Some(files.path().join("package.json")));
        fs::write(home.path().join("file"), "").unwrap();
        let files = JsonFiles { path: home.path().join("file"), ..files };
        assert_eq!(files.foreign().unwrap(), Some(home.path().join("file")));
    }
}
