//! Takes everything of ours away again: our blocks in the user's files, and what is in the state directory.
//!
//! Promises that nothing of anybody else's goes, that nothing goes while an agent runs, and that what is ours and stays
//! all the same is named: blocks of other state directories, and copies of the user's own files. All of it blocks.

mod directory;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rolecall_formats::block::{self, BlockError, Id};
use rolecall_formats::config::{self, File};
use zeroize::Zeroizing;

use crate::publish::files::{self, EditError, FileError};
use crate::state::definitions::Definitions;
use crate::state::state_dir::{self, LOCK, StateDirError};

/// What the copies are called that lie beside a file of the user's, behind its name.
const BACKUP_SUFFIX: &str = ".rolecall-backup-";

/// One of the user's two AWS files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsersFile {
    /// Where it is.
    pub path: PathBuf,
    /// Which of the two.
    pub kind: File,
}

/// What was ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Profiles in a file of the user's.
    Profiles {
        /// The file.
        path: PathBuf,
        /// Their names; empty when the file cannot be parsed.
        names: Vec<String>,
    },
    /// A file.
    File(PathBuf),
    /// A directory, empty by then.
    Directory(PathBuf),
}

/// What is not taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stays {
    /// The block of another state directory.
    Block {
        /// The file.
        path: PathBuf,
        /// The block.
        id: Id,
    },
    /// A copy of a file of the user's, made before one of their profiles was taken over.
    Backup(PathBuf),
    /// Somebody else's file in the state directory.
    Foreign(PathBuf),
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What is gone, or would be.
    pub gone: Vec<Gone>,
    /// What stays.
    pub stays: Vec<Stays>,
}

/// Why something could not be taken away.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// An agent runs there, or the directory cannot be looked at.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// A file of the user's could not be read or written.
    #[error("take out the profiles: {0}")]
    File(#[from] FileError),
    /// Our block cannot be told from what is the user's.
    #[error("take out the profiles: {path}: {source}", path = path.display())]
    Block {
        /// The file.
        path: PathBuf,
        /// What is wrong with the markers.
        source: BlockError,
    },
    /// A file of ours could not be removed.
    #[error("remove {path}: {source}", path = path.display())]
    Remove {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Takes away what agents of this state directory left in it, in these files of the user's, and in those that the newest
/// of them was told. With `dry_run` nothing is touched, and the report says what would be.
///
/// # Errors
/// With what was done before, the first thing that could not be taken away. When an agent runs, nothing was done.
pub fn clean(state_dir: &Path, users: Vec<UsersFile>, dry_run: bool) -> Result<Report, (Report, CleanError)> {
    let mut work = Work { dry_run, report: Report::default() };
    match work.all(state_dir, users) {
        Ok(()) => Ok(work.report),
        Err(error) => Err((work.report, error)),
    }
}

/// What has been done so far.
struct Work {
    dry_run: bool,
    report: Report,
}

impl Work {
    fn all(&mut self, state_dir: &Path, mut users: Vec<UsersFile>) -> Result<(), CleanError> {
        let path = real(state_dir);
        let is_there = path.is_dir();
        let mut lock = None;
        if is_there {
            state_dir::check(&path)?;
            // With a lock of somebody else's, no agent starts there.
            if directory::is_lock(&path.join(LOCK)) {
                lock = Some(state_dir::lock(&path)?);
            }
            // Definitions that cannot be read name no further files.
            if let Ok(Some(Definitions { config_file, credentials_file, .. })) = Definitions::read(&path) {
                users.push(UsersFile { path: config_file, kind: File::Config });
                users.push(UsersFile { path: credentials_file, kind: File::Credentials });
            }
        }
        let mut seen = Vec::new();
        for UsersFile { path: file, kind } in users {
            let file = real(&file);
            if !seen.contains(&file) {
                self.users_file(&file, kind, &state_dir::id(&path))?;
                seen.push(file);
            }
        }
        if is_there {
            self.directory(&path)?;
        }
        drop(lock);
        Ok(())
    }

    /// Our block in a file of the user's, and what we put beside it.
    fn users_file(&mut self, path: &Path, kind: File, id: &Id) -> Result<(), CleanError> {
        let text = files::read(path)?;
        let unclear = |source| CleanError::Block { path: path.into(), source };
        let without = block::replace(&text, id, None).map_err(unclear)?;
        let others = block::ids(&without).map_err(unclear)?;
        let mut beside = files::beside(path);
        if !others.is_empty() {
            // The agents of other directories take it, too.
            let lock = files::lock_of(path);
            beside.retain(|path| *path != lock);
        }
        if !self.dry_run {
            // Also when there is no block: what a killed agent kept may hold what the user wrote since.
            self.take_out(path, id)?;
        }
        if *without != *text {
            self.report.gone.push(Gone::Profiles { path: path.into(), names: names(&text, &without, kind) });
        }
        if !self.dry_run {
            files::leave(path, others.is_empty())?;
            beside.retain(|path| !path.exists());
        }
        self.report.gone.extend(beside.into_iter().map(Gone::File));
        self.report.stays.extend(others.into_iter().map(|id| Stays::Block { path: path.into(), id }));
        let prefix = [name_of(path).as_bytes(), BACKUP_SUFFIX.as_bytes()].concat();
        let backups = siblings(path).filter(|(_, name)| name.as_bytes().starts_with(&prefix));
        self.report.stays.extend(backups.map(|(path, _)| Stays::Backup(path)));
        Ok(())
    }

    fn take_out(&self, path: &Path, id: &Id) -> Result<(), CleanError> {
        let change =
            |old: &str| -> Result<Option<Zeroizing<String>>, BlockError> { block::replace(old, id, None).map(Some) };
        match files::edit(path, change) {
            Ok(_) => Ok(()),
            Err(EditError::File(error)) => Err(error.into()),
            Err(EditError::Change(source)) => Err(CleanError::Block { path: path.into(), source }),
        }
    }

    /// Removes a file of ours.
    fn remove(&mut self, path: PathBuf) -> Result<(), CleanError> {
        if !self.dry_run {
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(CleanError::Remove { path, source });
                }
                _ => {}
            }
        }
        self.report.gone.push(Gone::File(path));
        Ok(())
    }
}

/// The real path, also of something that is not there any more.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => real(parent).join(name),
        _ => path,
    }
}

/// The profiles that are in the one text and not in the other.
fn names(with: &str, without: &str, kind: File) -> Vec<String> {
    let (Ok(with), Ok(without)) = (config::read(with, kind), config::read(without, kind)) else { return Vec::new() };
    with.iter().map(|profile| profile.name.clone()).filter(|name| without.get(name).is_none()).collect()
}

/// What lies in the same directory, by path and name, in order.
fn siblings(path: &Path) -> impl Iterator<Item = (PathBuf, OsString)> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries.map(|entry| (entry.path(), entry.file_name())).collect();
    found.sort();
    found.into_iter()
}

fn name_of(path: &Path) -> OsString {
    path.file_name().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
