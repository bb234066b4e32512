//! What a replaced file held, kept on the disk for as long as somebody may still write into it.
//!
//! A process that is killed cannot look any more. So until it has looked for the last time, the old file has a second
//! name beside the first and a copy of what was in it lies there too; the next edit finds both, and looks in its place.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::seen::Seen;
use super::{directory, temporary};

/// What the copy and the second name end with.
pub(super) const COPY: &str = ".copy";
pub(super) const OLD: &str = ".old";

/// A second name and a copy; both go when it is dropped. The name goes first: without it the copy is nothing.
#[derive(Debug)]
pub(super) struct Kept {
    _old: TempPath,
    _copy: TempPath,
}

/// What everything begins with that we put beside `target`.
pub(super) fn prefix(target: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(target.file_name().unwrap_or_default());
    prefix.push(".rolecall-");
    prefix
}

/// Keeps what was seen at `target`.
pub(super) fn keep(target: &Path, seen: &Seen) -> io::Result<Kept> {
    let copy = temporary::holding(&seen.bytes, &directory(target), &prefix(target), COPY)?.into_temp_path();
    let old = copy.with_extension("old");
    fs::hard_link(target, &old)?;
    Ok(Kept { _old: TempPath::try_from_path(old)?, _copy: copy })
}

/// What killed processes have kept of `target`, from old to new: each file with what was in it when it was replaced. Only
/// for the holder of the lock.
pub(super) fn left(target: &Path) -> Vec<(Seen, Kept)> {
    let mut names: Vec<PathBuf> = names(target, COPY).collect();
    names.sort_by_cached_key(|copy| copy.metadata().and_then(|meta| meta.modified()).ok());
    let left = names.into_iter().filter_map(|copy| {
        let old = copy.with_extension("old");
        let kept = Kept { _old: TempPath::try_from_path(&old).ok()?, _copy: TempPath::try_from_path(&copy).ok()? };
        // Of one without the other nothing can be said, and a file that still has its first name was never replaced: both
        // go here.
        let mut seen = Seen::look(&old).ok().filter(|seen| seen.exists() && !seen.is_at(target))?;
        seen.bytes = fs::read(&copy).ok()?.into();
        Some((seen, kept))
    });
    left.collect()
}

/// Whether a process keeps anything of `target`, or was killed while it did.
pub(super) fn is_any(target: &Path) -> bool {
    names(target, COPY).next().is_some()
}

fn names(target: &Path, suffix: &'static str) -> impl Iterator<Item = PathBuf> {
    let (prefix, directory) = (prefix(target), directory(target));
    let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
    let is_ours = move |name: &OsStr| {
        name.as_bytes().starts_with(prefix.as_bytes()) && name.as_bytes().ends_with(suffix.as_bytes())
    };
    entries.filter(move |entry| is_ours(&entry.file_name())).map(move |entry| directory.join(entry.file_name()))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::publish::files::edit;

    fn ours(path: &Path) {
        edit::<Infallible, _>(path, |old| Ok((!old.contains("ours")).then(|| format!("{old}ours\n").into()))).unwrap();
    }

    /// As a process leaves it that was killed just after its rename, while another program had the old file open.
    #[test]
    fn a_write_into_the_old_file_of_a_killed_process_is_found_by_the_next() {
        for (beside, merged) in [("", "theirs\nours\n"), ("later\n", "theirs\nours\nlater\n")] {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("config");
            fs::write(&path, "old\n").unwrap();
            let kept = keep(&path, &Seen::look(&path).unwrap()).unwrap();
            let theirs = fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
            fs::write(home.path().join("new"), format!("old\nours\n{beside}")).unwrap();
            fs::rename(home.path().join("new"), &path).unwrap();
            std::mem::forget(kept);
            io::Write::write_all(&mut &theirs, b"theirs\n").unwrap();

            // There is nothing to change but what was left.
            ours(&path);
            assert_eq!(fs::read_to_string(&path).unwrap(), merged);
            let names = fs::read_dir(home.path()).unwrap().count();
            assert_eq!(names, 2, "nothing but the file and its lock is left");
        }
    }

    #[test]
    fn what_a_killed_process_left_is_cleared_away_and_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        fs::write(&path, "old\n").unwrap();
        let kept = keep(&path, &Seen::look(&path).unwrap()).unwrap();
        fs::remove_file(&kept._old).unwrap();
        std::mem::forget(kept);
        std::mem::forget(keep(&path, &Seen::look(&path).unwrap()).unwrap());
        ours(&path);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old\nours\n");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
    }
}
