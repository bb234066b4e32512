//! Changes a file that others write too, at any time and without asking.
//!
//! Other programs read the file, then empty and write it in place (the AWS CLI does). One that opened the file just
//! before our rename writes into the old file, whose name is gone. So the old file is held open and looked at for a
//! while, and what appears in it is merged and written again. `kept` has what is needed should we be killed meanwhile.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use super::kept::{self, Kept};
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
    if apply(&seen.bytes)?.is_none() && !kept::is_any(&target) {
        return Ok(Edited::Unchanged);
    }
    if seen.is_null() {
        return Err(FileError::Null { path: target }.into());
    }
    drop(seen);
    let _lock = lock::take(&target)?;
    let mut replaced: Vec<(Seen, Option<Kept>)> =
        kept::left(&target).into_iter().map(|(seen, kept)| (seen, Some(kept))).collect();
    let mut foreign = if replaced.is_empty() { Vec::new() } else { watch(&mut replaced)? };
    let mut edited = Edited::Unchanged;
    for _ in 0..ROUNDS {
        let seen = Seen::look_to_write(&target)?;
        let merging = !foreign.is_empty();
        let (mut basis, mut spent) = (seen.bytes.clone(), Vec::new());
        for mut foreign in foreign.drain(..) {
            spent.append(&mut foreign.kept);
            basis = foreign.into_current(basis, &mut apply);
        }
        // What somebody wrote into the replaced file is put back even when our change to it is refused.
        let (new, refused) = match apply(&basis) {
            Ok(new) => (new.unwrap_or(basis), None),
            Err(refused) => (basis, Some(refused)),
        };
        if new == seen.bytes {
            return refused.map_or(Ok(edited), Err);
        }
        // What is merged must come into whatever is written by somebody who read the file before.
        let merged = merging.then(|| Foreign { old: seen.bytes.clone(), new: new.clone(), kept: spent });
        let kept = if seen.exists() { kept::keep(&target, &seen).ok() } else { None };
        match put(&target, &seen, &new)? {
            Wrote::Raced => {
                foreign.extend(merged);
                continue;
            }
            Wrote::Renamed if seen.exists() => replaced.push((seen, kept)),
            Wrote::Renamed | Wrote::InPlace => {}
        }
        edited = Edited::Written;
        foreign.extend(watch(&mut replaced)?);
        if foreign.is_empty() && Seen::look(&target)?.bytes == new {
            return refused.map_or(Ok(edited), Err);
        }
        // Last: what was found may come from somebody who had read the file before, too.
        foreign.extend(merged);
    }
    Err(FileError::Restless { path: target }.into())
}

/// What somebody wrote into a file that had lost its name.
struct Foreign {
    old: Zeroizing<Vec<u8>>,
    new: Zeroizing<Vec<u8>>,
    /// What goes from the disk once it has been merged and nobody has undone that.
    kept: Vec<Kept>,
}

impl Foreign {
    /// The `current` content with it, as far as others have not changed the same lines there meanwhile.
    fn into_current<E>(
        self,
        current: Zeroizing<Vec<u8>>,
        mut apply: impl FnMut(&[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
    ) -> Zeroizing<Vec<u8>> {
        // With our change in all three, what is left to merge is what others wrote.
        let [old, new] = [self.old, self.new].map(|bytes| apply(&bytes).ok().flatten().unwrap_or(bytes));
        let merged = merge(&old, &new, &current);
        // Broken text is put back if it is all that somebody wrote, never made by merging.
        if current == old || apply(&merged).is_ok() { merged } else { current }
    }
}

/// Looks at the replaced files, which are in order, for a while, until something appears in some. The newest comes first:
/// it may undo what somebody wrote into an older one without knowing of it.
fn watch(replaced: &mut [(Seen, Option<Kept>)]) -> Result<Vec<Foreign>, FileError> {
    for pause in LOOKS {
        thread::sleep(pause);
        let mut found = Vec::new();
        for (seen, kept) in replaced.iter_mut().rev() {
            if let Some(new) = seen.rewritten()? {
                let old = std::mem::replace(&mut seen.bytes, new.clone());
                found.push(Foreign { old, new, kept: kept.take().into_iter().collect() });
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// The file that a path leads to in the end, also when that does not exist yet.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, FileError> {
    let mut target = path.to_owned();
    for _ in 0..SYMLINKS {
        match fs::read_link(&target) {
            Ok(next) => target = directory(&target).join(next),
            Err(error) if is_no_link(error.kind()) => return Ok(target),
            Err(source) => return Err(FileError::Resolve { path: target, source }),
        }
    }
    Err(FileError::Resolve { path: path.into(), source: rustix::io::Errno::LOOP.into() })
}

/// Whether there is no symlink at a place, as far as anybody can tell. Where the directory may not be entered, or is none,
/// whoever opens the file says so better.
fn is_no_link(error: io::ErrorKind) -> bool {
    use io::ErrorKind::{InvalidInput, NotADirectory, NotFound, PermissionDenied};
    matches!(error, InvalidInput | NotADirectory | NotFound | PermissionDenied)
}
