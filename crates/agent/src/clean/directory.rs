//! What is ours in the state directory. A file of a name of ours that we did not write stays.

use std::fs;
use std::io;
use std::path::Path;

use rolecall_formats::{process, store};

use super::{CleanError, Gone, Stays, Work};
use crate::absent::TURNS;
use crate::definitions;
use crate::files;
use crate::json_files::DIRECTORY as JSON;
use crate::state_dir::{CONFIG, CREDENTIALS, LOCK, SOCKET};

/// The name of a socket that is not in its place yet.
const NEW_SOCKET: &str = "agent.new";
/// What the files begin with that a killed process left half written.
const HALF_WRITTEN: &str = ".rolecall-";

impl Work {
    /// Removes what is ours in the state directory, and it itself if nothing else is in it.
    pub(super) fn directory(&mut self, path: &Path) -> Result<(), CleanError> {
        for name in entries(&path.join(JSON)) {
            let file = path.join(JSON).join(&name);
            if name.starts_with(HALF_WRITTEN) { self.remove(file)? } else { self.checked(&file, process::is_ours)? }
        }
        for name in entries(&path.join(TURNS)) {
            self.remove(path.join(TURNS).join(name))?;
        }
        let mut gone: Vec<&str> = Vec::new();
        for name in [JSON, TURNS] {
            if self.is_left_empty(&path.join(name)) {
                self.remove_directory(&path.join(name))?;
                gone.push(name);
            }
        }
        self.checked(&path.join(CREDENTIALS), store::is_ours)?;
        self.checked(&path.join(CONFIG), store::is_ours)?;
        self.checked(&path.join(definitions::FILE), definitions::is_ours)?;
        for name in entries(path) {
            if name.starts_with(HALF_WRITTEN) || [SOCKET, NEW_SOCKET].contains(&name.as_str()) {
                self.remove(path.join(name))?;
            }
        }
        // Last: as long as it is there no agent starts.
        if path.join(LOCK).exists() {
            self.remove(path.join(LOCK))?;
        }
        let known = |name: &String| self.is_gone(&path.join(name)) || gone.contains(&name.as_str());
        let others: Vec<String> = entries(path).filter(|name| !known(name)).collect();
        if others.is_empty() {
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
        if fs::symlink_metadata(path).is_err() {
            return Ok(());
        }
        // What cannot be read, or is no text, we did not write.
        if files::read(path).is_ok_and(|text| is_ours(&text)) {
            return self.remove(path.into());
        }
        self.report.stays.push(Stays::Foreign(path.into()));
        Ok(())
    }

    /// Whether a directory is there and everything in it goes.
    fn is_left_empty(&self, path: &Path) -> bool {
        path.is_dir() && entries(path).all(|name| self.is_gone(&path.join(name)))
    }

    fn is_gone(&self, path: &Path) -> bool {
        self.report.gone.iter().any(|gone| matches!(gone, Gone::File(file) if file == path))
    }

    fn remove_directory(&mut self, path: &Path) -> Result<(), CleanError> {
        if !self.dry_run {
            match fs::remove_dir(path) {
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

/// The names in a directory, in order; none when there is no such directory.
fn entries(path: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.into_iter()
}
