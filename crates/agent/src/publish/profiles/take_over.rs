//! Takes profiles of the user's out of his files because he asked for it, and leaves the files as they were beside them.
//!
//! Promises that nothing is taken out before the copy is on the disk, that no earlier copy is replaced, and that it is
//! done once in the life of an agent for each: a profile that the user adds later is his again. Profiles in the block of another
//! agent stay, since that agent would write them again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use rolecall_core::{Alias, Fault};
use rolecall_formats::time::utc_seconds;
use tracing::info;

use super::user_file::UserFile;
use crate::publish::files::{self, Access};

/// What is to be taken over.
pub(super) struct TakeOver {
    aliases: BTreeSet<Alias>,
    /// What was, in the life of this agent.
    before: BTreeSet<Alias>,
    /// When, for the names of the copies.
    at: Timestamp,
    done: AtomicBool,
}

impl TakeOver {
    pub(super) fn new(aliases: &[Alias], at: Timestamp) -> Self {
        Self {
            aliases: aliases.iter().cloned().collect(),
            before: BTreeSet::new(),
            at,
            done: AtomicBool::new(aliases.is_empty()),
        }
    }

    /// What is to be taken over when the settings name these aliases from now on.
    pub(super) fn renewed(&self, aliases: &[Alias], at: Timestamp) -> Self {
        let mut before = self.before.clone();
        if self.done.load(Ordering::Relaxed) {
            before.extend(self.aliases.iter().cloned());
        }
        let aliases: Vec<Alias> = aliases.iter().filter(|alias| !before.contains(*alias)).cloned().collect();
        Self { before, ..Self::new(&aliases, at) }
    }

    /// Takes the profiles out of these files, unless that is done.
    pub(super) fn perform(&self, files: [&UserFile; 2]) -> Result<(), Fault> {
        if self.done.load(Ordering::Relaxed) {
            return Ok(());
        }
        files.into_iter().try_for_each(|file| self.take_out(file))?;
        self.done.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn take_out(&self, file: &UserFile) -> Result<(), Fault> {
        let goes = |name: &str| self.aliases.contains(name);
        let found = file.to_take_out(goes)?;
        if found.is_empty() {
            return Ok(());
        }
        let copy = self.copy(file.path())?;
        file.take_out(goes)?;
        let (path, copy, names) = (file.path().display(), copy.display(), found.join(", "));
        info!("took the profiles {names} out of {path}; it is kept as it was as {copy}");
        Ok(())
    }

    /// The file as it is, under a name that is free, or that has the same copy from a try that came no further.
    fn copy(&self, path: &Path) -> Result<PathBuf, Fault> {
        let text = files::read(path).map_err(|error| error.fault())?;
        let stamp = utc_seconds(self.at).replace(['-', ':'], "");
        let name = |count: u32| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".rolecall-backup-{stamp}"));
            if count > 0 {
                name.push(format!("-{count}"));
            }
            PathBuf::from(name)
        };
        let is_same = |name: &PathBuf| files::read(name).is_ok_and(|copy| *copy == *text);
        let usable = |name: &PathBuf| name.symlink_metadata().is_err() || is_same(name);
        let copy = (0..).map(name).find(usable).unwrap_or_else(|| name(0));
        files::replace_private(&copy, text.as_bytes(), Access::default()).map_err(|error| error.fault())?;
        Ok(copy)
    }
}
