//! Changes a file that others write too, at any time and without asking.
//!
//! Other programs read the file, then empty and write it in place (the AWS CLI does). One that opened the file just
//! before our rename writes into the old file, whose name is gone. So the old file is held open and looked at for a
//! while, and what appears in it is merged and written again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::lock;
use super::merge::merge;
use super::seen::Seen;
use super::write::{Wrote, put};
use super::{EditError, FileError, directory};

/// The pauses between the looks at the old file: 1, 5, 20 and 100 ms after the rename.
const LOOKS: [Duration; 4] =
    [Duration::from_millis(1), Duration::from_millis(4), Duration::from_millis(15), Duration::from_millis(80)];
/// How many times in a row others may get in between before the edit is given up.
const ROUNDS: u32 = 40;
/// The longest row of symlinks, as in Linux.
const SYMLINKS: u32 = 40;

/// What an edit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edited {
    /// The file was as wanted already: nothing was written or created.
    Unchanged,
    /// The file has a new content.
    Written,
}

/// Changes a text file by `change`, which gets the content (nothing when there is no file) and returns the new one, or
/// none when it is right as it is. `change` is called again whenever the file turns out to have changed, so it must work
/// on what it gets alone.
///
/// Symlinks are followed. A new file gets mode 0600, its directory 0700; a file that exists keeps mode and owner. A
/// file that cannot be replaced because it was mounted alone is overwritten in place.
///
/// # Errors
/// When the file cannot be read or written, is no text, or `change` refuses. Then what others wrote is left as it is.
pub fn edit<E, F>(path: &Path, mut change: F) -> Result<Edited, EditError<E>>
where
    E: std::error::Error + 'static,
    F: FnMut(&str) -> Result<Option<Zeroizing<String>>, E>,
{
    let target = resolve(path)?;
    let mut apply = |bytes: &[u8]| -> Result<Option<Zeroizing<Vec<u8>>>, EditError<E>> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| FileError::NotText { path: target.clone(), at: error.valid_up_to() })?;
        let new = change(text).map_err(EditError::Change)?;
        let new = new.map(|mut text| Zeroizing::new(std::mem::take(&mut *text).into_bytes()));
        Ok(new.filter(|new| new.as_slice() != bytes))
    };
    // First without a lock: where nothing is to be changed, nothing is to be created either.
    let seen = Seen::look(&target)?;
    if apply(&seen.bytes)?.is_none() {
        return Ok(Edited::Unchanged);
    }
    if seen.is_null() {
        return Err(FileError::Null { path: target }.into());
    }
    drop(seen);
    let _lock = lock::take(&target)?;
    let mut replaced: Vec<Seen> = Vec::new();
    let mut ours: Zeroizing<Vec<u8>> = Zeroizing::default();
    let mut foreign: Option<Foreign> = None;
    let mut edited = Edited::Unchanged;
    for _ in 0..ROUNDS {
        let seen = Seen::look(&target)?;
        let basis = match foreign.take() {
            None => seen.bytes.clone(),
            Some(Foreign { new, .. }) if seen.bytes == ours => new,
            // Somebody else wrote at the same time; where both changed the same lines, the file that has the name counts.
            Some(Foreign { old, new }) => merge(&old, &new, &seen.bytes).unwrap_or_else(|| seen.bytes.clone()),
        };
        // What somebody wrote into the replaced file is put back even when our change to it is refused.
        let (new, refused) = match apply(&basis) {
            Ok(new) => (new.unwrap_or(basis), None),
            Err(refused) => (basis, Some(refused)),
        };
        if new == seen.bytes {
            return refused.map_or(Ok(edited), Err);
        }
        match put(&target, &seen, &new)? {
            Wrote::Raced => continue,
            Wrote::Renamed if seen.exists() => replaced.push(seen),
            Wrote::Renamed | Wrote::InPlace => {}
        }
        edited = Edited::Written;
        ours = new;
        foreign = watch(&mut replaced)?;
        if foreign.is_none() && Seen::look(&target)?.bytes == ours {
            return refused.map_or(Ok(edited), Err);
        }
    }
    Err(FileError::Restless { path: target }.into())
}

/// What somebody wrote into a file that had lost its name.
struct Foreign {
    old: Zeroizing<Vec<u8>>,
    new: Zeroizing<Vec<u8>>,
}

/// Looks at the replaced files for a while, until something appears in one.
fn watch(replaced: &mut [Seen]) -> Result<Option<Foreign>, FileError> {
    for pause in LOOKS {
        thread::sleep(pause);
        for seen in &mut *replaced {
            if let Some(new) = seen.rewritten()? {
                let old = std::mem::replace(&mut seen.bytes, new.clone());
                return Ok(Some(Foreign { old, new }));
            }
        }
    }
    Ok(None)
}

/// The file that a path leads to in the end, also when that does not exist yet.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, FileError> {
    let mut target = path.to_owned();
    for _ in 0..SYMLINKS {
        match fs::read_link(&target) {
            Ok(next) => target = directory(&target).join(next),
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                return Ok(target);
            }
            Err(source) => return Err(FileError::Resolve { path: target, source }),
        }
    }
    Err(FileError::Resolve { path: path.into(), source: rustix::io::Errno::LOOP.into() })
}
