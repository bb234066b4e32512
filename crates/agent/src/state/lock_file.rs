//! Locks that are files: the one way in which ours are taken and waited for.
//!
//! Promises that whoever gets a lock holds the file that has the name, not one that was removed while it was waited for.
//! So a lock file may be removed by whoever holds it, and by nobody else. How long is waited counts the pauses alone, so
//! on a busy machine it is somewhat longer. Nothing is read or written. All of it blocks.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

/// The first pause before a lock is tried again, and the longest; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Why a lock could not be taken.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// The file could not be opened or made.
    Open(io::Error),
    /// The system cannot lock it.
    Lock(io::Error),
    /// Somebody else kept it all the time; with the file, to read.
    Held(File),
}

/// Takes the lock, making its file with mode 0600 where it is missing. A symlink is not followed. Held until dropped.
pub(crate) fn take(path: &Path, limit: Duration) -> Result<File, NotTaken> {
    wait(path, OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW, limit)
}

/// The same with a file that is there and cannot be written.
pub(crate) fn take_existing(path: &Path, limit: Duration) -> Result<File, NotTaken> {
    wait(path, OFlags::RDONLY, limit)
}

fn wait(path: &Path, access: OFlags, limit: Duration) -> Result<File, NotTaken> {
    let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let (mut waited, mut pause) = (Duration::ZERO, PAUSE);
    loop {
        // Each time anew: the file that was locked just now may have been removed since.
        let opened = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).map_err(io::Error::from);
        let file = File::from(opened.map_err(NotTaken::Open)?);
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) if waited < limit => {}
            Ok(()) | Err(TryLockError::WouldBlock) => return Err(NotTaken::Held(file)),
            Err(TryLockError::Error(source)) => return Err(NotTaken::Lock(source)),
        }
        drop(file);
        let now = pause.min(limit - waited);
        thread::sleep(now);
        waited += now;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Whether this very file has the name.
fn is_at(file: &File, path: &Path) -> bool {
    let inode = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let named = fs::metadata(path).map(inode).ok();
    named.is_some() && named == file.metadata().map(inode).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn it_is_given_back_and_waited_for_no_longer_than_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let first = take(&path, LONG).unwrap();
        assert!(matches!(take(&path, Duration::from_millis(20)), Err(NotTaken::Held(_))));
        assert!(matches!(take_existing(&path, Duration::ZERO), Err(NotTaken::Held(_))));
        drop(first);
        take_existing(&path, Duration::ZERO).unwrap();
        assert!(matches!(take_existing(&home.path().join("missing"), LONG), Err(NotTaken::Open(_))));
    }

    #[test]
    fn a_removed_file_lets_nobody_in_beside_the_holder_of_the_new_one() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        for _ in 0..20 {
            let first = take(&path, LONG).unwrap();
            thread::scope(|scope| {
                let waiting = scope.spawn(|| take(&path, LONG).unwrap());
                thread::sleep(Duration::from_millis(3));
                fs::remove_file(&path).unwrap();
                drop(first);
                let held = waiting.join().unwrap();
                assert!(is_at(&held, &path));
                assert!(matches!(take(&path, Duration::ZERO), Err(NotTaken::Held(_))), "two at once");
            });
        }
    }

    #[test]
    fn many_that_remove_it_each_time_are_never_two_at_once() {
        let home = tempfile::tempdir().unwrap();
        let (path, inside) = (home.path().join("lock"), home.path().join("inside"));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _lock = take(&path, LONG).unwrap();
                        File::create_new(&inside).unwrap();
                        fs::remove_file(&inside).unwrap();
                        fs::remove_file(&path).unwrap();
                    }
                });
            }
        });
    }
}
