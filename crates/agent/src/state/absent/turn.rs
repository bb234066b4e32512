//! Commands that want the same role ask STS one after the other, and those who waited are answered with what came out.
//!
//! A session is in the store by then. A fault is left in the lock file of the turn, which is for this user alone and
//! holds no secret: its kind, message and action, and when and with which base it was met. It counts for those alone
//! who waited then and have the same base; whoever comes later asks again.

use std::fs::{DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::{Alias, Fault, FaultKind};
use serde::{Deserialize, Serialize};

use crate::state::definitions::Definitions;
use crate::state::lock_file;

/// The directory of the locks, in the state directory.
pub(crate) const TURNS: &str = "turns";
/// How long is waited for whoever asks STS for the same role: as long as that may take.
const WAIT: Duration = Duration::from_secs(25);
/// Who wrote it: tells our file from one that happens to have the name.
const WRITTEN_BY: &str = "rolecall";
/// The most bytes that are read.
const SIZE_MAX: u64 = 64 * 1024;
/// The kinds that are known by name.
const KINDS: [FaultKind; 9] = [
    FaultKind::Denied,
    FaultKind::Throttled,
    FaultKind::Unreachable,
    FaultKind::Misconfigured,
    FaultKind::BaseExpired,
    FaultKind::SsoLoginNeeded,
    FaultKind::Clock,
    FaultKind::ProfileTaken,
    FaultKind::Bug,
];

/// The right to ask STS for one role, given back when dropped.
#[derive(Debug)]
pub struct Turn {
    lock: File,
    /// What the one before left; none when the file is not ours to write.
    left: Option<String>,
}

/// What is in the file of a turn that failed.
#[derive(Serialize, Deserialize)]
struct Document {
    written_by: String,
    at: String,
    base: u64,
    kind: String,
    message: String,
    action: String,
}

/// Waits for the right to ask STS for a role. Who gets it looks at the store again, and at [`Turn::fault`]: whoever had
/// it may have left a session or a fault. None when there is no store to look at, or it takes too long; then everybody
/// asks for himself.
#[must_use]
pub fn turn(state_dir: &Path, definitions: &Definitions, alias: &Alias) -> Option<Turn> {
    if !definitions.store {
        return None;
    }
    let directory = state_dir.join(TURNS);
    match DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return None,
        _ => {}
    }
    let lock = lock_file::take(&directory.join(alias.as_str()), WAIT).ok()?;
    let mut text = String::new();
    let left = (&lock).take(SIZE_MAX).read_to_string(&mut text).ok().filter(|_| is_ours(&text)).map(|_| text);
    Some(Turn { lock, left })
}

impl Turn {
    /// The fault that was met between `since` and `now`, with this `base`.
    #[must_use]
    pub fn fault(&self, base: u64, since: Timestamp, now: Timestamp) -> Option<Fault> {
        let left: Document = serde_json::from_str(self.left.as_ref()?).ok()?;
        let kind = KINDS.into_iter().find(|kind| kind.as_str() == left.kind)?;
        let at: Timestamp = left.at.parse().ok()?;
        let counts = left.base == base && (since..=now).contains(&at);
        counts.then(|| Fault::new(kind, left.message, left.action))
    }

    /// Leaves the fault that was met with this `base`, any number that tells one from another, to those who wait.
    ///
    /// What cannot be written is not needed: they ask for themselves.
    pub fn leave(&self, fault: &Fault, base: u64, at: Timestamp) {
        if self.left.is_none() {
            return;
        }
        let Fault { kind, message, action } = fault.clone();
        let (written_by, at, kind) = (WRITTEN_BY.into(), at.to_string(), kind.to_string());
        let document = Document { written_by, at, base, kind, message, action };
        if let Err(error) = self.write(&document) {
            tracing::debug!("leave the fault to those who wait: {error}");
        }
    }

    fn write(&self, document: &Document) -> io::Result<()> {
        let text = serde_json::to_vec(document)?;
        self.lock.set_len(0)?;
        self.lock.write_all_at(&text, 0)
    }
}

/// Whether this is what a turn leaves.
pub(crate) fn is_ours(text: &str) -> bool {
    text.is_empty() || serde_json::from_str(text).is_ok_and(|Document { written_by, .. }| written_by == WRITTEN_BY)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::state::absent::tests::definitions;

    #[test]
    fn a_fault_is_for_those_who_waited_with_the_same_base() {
        let home = tempfile::tempdir().unwrap();
        let (definitions, alias) = (definitions(&["a"]), "a".parse().unwrap());
        let take = || turn(home.path(), &definitions, &alias).unwrap();
        let at = |seconds: i64| Timestamp::from_second(1_700_000_000 + seconds).unwrap();
        assert_eq!(take().fault(7, at(0), at(9)), None);
        for kind in KINDS {
            let fault = Fault::new(kind, "a message \"of\" some length", "an action");
            let mine = take();
            mine.leave(&Fault::new(kind, "another".repeat(20), ""), 7, at(4));
            mine.leave(&fault, 7, at(5));
            drop(mine);
            assert_eq!(take().fault(7, at(5), at(9)), Some(fault));
            assert_eq!(take().fault(7, at(6), at(9)), None, "came later");
            assert_eq!(take().fault(7, at(0), at(4)), None, "the clock went back");
            assert_eq!(take().fault(8, at(0), at(9)), None, "has another base");
        }
        assert_eq!(home.path().join("turns/a").metadata().unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_of_somebody_else_is_neither_believed_nor_written() {
        let home = tempfile::tempdir().unwrap();
        let (definitions, alias) = (definitions(&["a"]), "a".parse().unwrap());
        drop(turn(home.path(), &definitions, &alias).unwrap());
        for text in [&b"my plan"[..], b"{}", b"\xff", b"{\"written_by\":\"me\"}"] {
            fs::write(home.path().join("turns/a"), text).unwrap();
            let turn = turn(home.path(), &definitions, &alias).unwrap();
            let now = Timestamp::UNIX_EPOCH;
            turn.leave(&Fault::new(FaultKind::Denied, "m", "a"), 7, now);
            assert_eq!(turn.fault(7, now, now), None);
            assert_eq!(fs::read(home.path().join("turns/a")).unwrap(), text);
        }
    }
}
