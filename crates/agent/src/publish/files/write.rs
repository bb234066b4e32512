//! Puts new content in the place of a file that was looked at: by rename, or in place where no rename is possible.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::lock::is_refused;
use super::private::sweep_prefix;
use super::seen::Seen;
use super::{FileError, OPEN, acl, directory, kept, temporary};

/// How the new content got there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrote {
    /// The path leads to a new file now; the one that was looked at has no name any more.
    Renamed,
    /// The same file has new content.
    InPlace,
    /// Not at all: somebody changed the file since it was looked at.
    Raced,
}

/// Puts `new` in the place of what was seen at `target`, unless somebody was quicker.
pub(super) fn put(target: &Path, seen: &Seen, new: &[u8]) -> Result<Wrote, FileError> {
    let failed = |source| FileError::Write { path: target.into(), source };
    let Some(temporary) = prepare(target, seen, new).map_err(failed)? else {
        return in_place(target, seen, new);
    };
    // As late as possible: what is written between this and the rename is found in the old file afterwards.
    if !seen.is_current()? {
        return Ok(Wrote::Raced);
    }
    let renamed = if seen.exists() { temporary.persist(target) } else { temporary.persist_noclobber(target) };
    match renamed {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(Wrote::Raced),
        // A file that was mounted alone cannot be renamed over (EBUSY), nor one of somebody else's in a sticky directory.
        Err(error) if error.error.kind() == io::ErrorKind::ResourceBusy || is_refused(&error.error) => {
            return in_place(target, seen, new);
        }
        Err(error) => return Err(failed(error.error)),
    }
    // The new content is there for everybody. If its name cannot be put on the disk now, only a power cut could tell.
    let _ = File::open(directory(target)).and_then(|directory| directory.sync_all());
    Ok(Wrote::Renamed)
}

/// The new content in a file beside the target, on the disk, with the mode, owner and ACL of the old one; none when
/// the directory takes no file or they cannot be kept.
fn prepare(target: &Path, seen: &Seen, new: &[u8]) -> io::Result<Option<NamedTempFile>> {
    let directory = directory(target);
    let prefix = kept::prefix(target);
    sweep_prefix(&directory, &prefix);
    let temporary = match temporary::holding(new, &directory, &prefix, temporary::SUFFIX) {
        Ok(temporary) => temporary,
        Err(error) if is_refused(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let file = temporary.as_file();
    if let Some(old) = seen.meta() {
        let ours = file.metadata()?;
        let differs = (ours.uid(), ours.gid()) != (old.uid(), old.gid());
        if differs && fchown(file, Some(old.uid()), Some(old.gid())).is_err() {
            return Ok(None);
        }
        // Before the mode, whose group bits are the mask of the ACL: without it they would be what the group may.
        if seen.file().is_some_and(|old| acl::copy(old, file).is_err()) {
            return Ok(None);
        }
        file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
    }
    file.sync_all()?;
    Ok(Some(temporary))
}

/// Overwrites the file without emptying it first, so that a reader meets a half-written file for as short as can be.
pub(super) fn in_place(target: &Path, seen: &Seen, new: &[u8]) -> Result<Wrote, FileError> {
    let failed = |source| FileError::Write { path: target.into(), source };
    let file = match rustix::fs::open(target, OPEN | OFlags::WRONLY, Mode::empty()).map_err(io::Error::from) {
        Ok(descriptor) => File::from(descriptor),
        Err(error) if is_refused(&error) || error.kind() == io::ErrorKind::NotFound => {
            return Err(FileError::ReadOnly { path: target.into() });
        }
        Err(error) => return Err(failed(error)),
    };
    if !seen.is_current()? {
        return Ok(Wrote::Raced);
    }
    if let Err(error) = overwrite(&file, new, seen.bytes.len()) {
        // As on a full disk. What was there had room.
        overwrite(&file, &seen.bytes, new.len()).map_err(failed)?;
        return Err(failed(error));
    }
    file.sync_all().map_err(failed)?;
    Ok(Wrote::InPlace)
}

/// Writes `new` over what is at most `old` bytes long. What has to go becomes blank lines before it is cut off, so that
/// nobody reads the rest of the old text behind the new one.
fn overwrite(file: &File, new: &[u8], old: usize) -> io::Result<()> {
    let mut padded = Zeroizing::new(Vec::with_capacity(new.len().max(old)));
    padded.extend_from_slice(new);
    padded.resize(new.len().max(old), b'\n');
    file.write_all_at(&padded, 0)?;
    file.set_len(new.len() as u64)
}
