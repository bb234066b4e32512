//! What is ours in the state directory. A file of a name of ours that we did not write stays.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rolecall_core::Alias;
use rolecall_formats::{process, store};

use super::{CleanError, Gone, Stays, Work};
use crate::publish::files;
use crate::publish::json_files::{DIRECTORY as JSON, SUFFIX};
use crate::state::absent::turn::{self, TURNS};
use crate::state::definitions;
use crate::state::endpoint_file;
use crate::state::env_files::{self, DIRECTORY as ENV};
use crate::state::state_dir::{CONFIG, CREDENTIALS, LOCK, NEW_SOCKET, SOCKET, is_pid};
use crate::state::tokens::{self, DIRECTORY as TOKENS};

impl Work {
    /// Removes what is ours in the state directory, and it itself if nothing else is in it.
    pub(super) fn directory(&mut self, path: &Path) -> Result<(), CleanError> {
        for name in entries(&path.join(JSON)) {
            let file = path.join(JSON).join(&name);
            if files::is_temporary(&file) {
                self.remove(file)?;
            } else if name.strip_suffix(SUFFIX).is_some_and(is_alias) {
                self.checked(&file, process::is_ours)?;
            } else {
                self.report.stays.push(Stays::Foreign(file));
            }
        }
        for name in entries(&path.join(TURNS)) {
            let is_ours = if is_alias(&name) { turn::is_ours } else { |_: &str| false };
            self.checked(&path.join(TURNS).join(name), is_ours)?;
        }
        for (directory, is_ours) in [(TOKENS, tokens::is_ours as fn(&str) -> bool), (ENV, env_files::is_ours)] {
            for name in entries(&path.join(directory)) {
                let file = path.join(directory).join(name);
                if files::is_temporary(&file) {
                    self.remove(file)?;
                } else {
                    self.checked(&file, is_ours)?;
                }
            }
        }
        let mut gone: Vec<&str> = Vec::new();
        for name in [JSON, TURNS, TOKENS, ENV] {
            if self.is_left_empty(&path.join(name)) {
                self.remove_directory(&path.join(name))?;
                gone.push(name);
            }
        }
        self.checked(&path.join(CREDENTIALS), store::is_ours)?;
        self.checked(&path.join(CONFIG), store::is_ours)?;
        self.checked(&path.join(definitions::FILE), definitions::is_ours)?;
        self.checked(&path.join(endpoint_file::FILE), endpoint_file::is_ours)?;
        for name in entries(path) {
            let file = path.join(&name);
            if files::is_temporary(&file) || [SOCKET, NEW_SOCKET].contains(&name.as_str()) && is_socket(&file) {
                self.remove(file)?;
            }
        }
        // Last: as long as it is there no agent starts.
        self.checked(&path.join(LOCK), is_pid)?;
        let known = |name: &String| self.is_gone(&path.join(name)) || gone.contains(&name.as_str());
        let others: Vec<String> = entries(path).filter(|name| !known(name)).collect();
        // One in which nothing was ours is none of ours.
        let is_ours = self.report.gone.iter().any(|gone| matches!(gone, Gone::File(file) if file.starts_with(path)));
        if others.is_empty() && is_ours {
            return self.remove_directory(path);
        }
        for name in others {
            let stays = Stays::Foreign(path.join(name));
            if !self.report.stays.contains(&stays) {
                self.report.stays.push(stays);
            }
        }
        Ok(())
    }

    /// Removes a file if it is ours by its content.
    fn checked(&mut self, path: &Path, is_ours: fn(&str) -> bool) -> Result<(), CleanError> {
        let Ok(meta) = fs::symlink_metadata(path) else { return Ok(()) };
        // Symlinks, what cannot be read, or is no text, we did not write.
        if meta.is_file() && files::read(path).is_ok_and(|text| is_ours(&text)) {
            return self.remove(path.into());
        }
        self.report.stays.push(Stays::Foreign(path.into()));
        Ok(())
    }

    /// Whether a directory is there and everything in it goes.
    fn is_left_empty(&self, path: &Path) -> bool {
        is_directory(path) && entries(path).all(|name| self.is_gone(&path.join(name)))
    }

    fn is_gone(&self, path: &Path) -> bool {
        self.report.gone.iter().any(|gone| matches!(gone, Gone::File(file) if file == path))
    }

    fn remove_directory(&mut self, path: &Path) -> Result<(), CleanError> {
        if !self.dry_run {
            match fs::remove_dir(path) {
                // Somebody was quicker, an agent that starts perhaps.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => return Ok(()),
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(CleanError::Remove { path: path.into(), source });
                }
                _ => {}
            }
        }
        self.report.gone.push(Gone::Directory(path.into()));
        Ok(())
    }
}

/// Whether there is a lock of ours. What an agent was killed with may be in it, or nothing yet.
pub(super) fn is_lock(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_file()) && files::read(path).is_ok_and(|text| is_pid(&text))
}

fn is_alias(name: &str) -> bool {
    Alias::of_profile(name).is_ok()
}

fn is_socket(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.file_type().is_socket())
}

/// Whether it is one itself: what a symlink leads to is not ours.
fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_dir())
}

/// The names in a directory, in order; none when there is no such directory.
fn entries(path: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = is_directory(path).then(|| fs::read_dir(path)).into_iter().flatten().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.into_iter()
}
