//! What the writers of profiles and of the store found out: shown by `status` beside what the rotator knows.
//!
//! Promises that a fault keeps the time since when it stands and is logged once, not at each rotation.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rolecall_core::{Alias, Fault};
use tracing::{info, warn};

/// What one writer found at its newest attempt.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// Why nothing could be written at all.
    pub(crate) whole: Option<Fault>,
    /// Why single roles were left out.
    pub(crate) faults: BTreeMap<Alias, Fault>,
    /// What is worth knowing about single roles.
    pub(crate) notes: BTreeMap<Alias, String>,
}

#[derive(Debug, Default)]
struct Column {
    whole: Option<Fault>,
    faults: BTreeMap<Alias, (Fault, Timestamp)>,
    notes: BTreeMap<Alias, String>,
}

/// The newest findings of every writer, by its name.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<BTreeMap<&'static str, Column>>);

impl Board {
    /// Replaces what `writer` found, and logs what is new.
    pub(crate) fn put(&self, writer: &'static str, now: Timestamp, findings: Findings) {
        let mut columns = self.lock();
        let column = columns.entry(writer).or_default();
        if let Some(fault) = findings.whole {
            if column.whole.as_ref() != Some(&fault) {
                warn!(sink = writer, fault = %fault.kind, "{}; {}", fault.message, fault.action);
            }
            // Nothing was found out about single roles: what was known of them stands.
            column.whole = Some(fault);
            return;
        }
        if column.whole.is_some() {
            info!(sink = writer, "the {writer} can be written again");
        }
        let mut faults = BTreeMap::new();
        for (alias, fault) in findings.faults {
            let before = column.faults.remove(&alias).filter(|(before, _)| *before == fault);
            if before.is_none() {
                warn!(%alias, fault = %fault.kind, "{}; {}", fault.message, fault.action);
            }
            faults.insert(alias, before.unwrap_or((fault, now)));
        }
        for alias in column.faults.keys().filter(|alias| !faults.contains_key(*alias)) {
            info!(%alias, "no longer left out of the {writer}");
        }
        *column = Column { whole: None, faults, notes: findings.notes };
    }

    /// Why a role was left out by some writer, and since when.
    pub(crate) fn fault(&self, alias: &Alias) -> Option<(Fault, Timestamp)> {
        self.lock().values().find_map(|column| column.faults.get(alias)).cloned()
    }

    /// What is worth knowing about a role.
    pub(crate) fn notes(&self, alias: &Alias) -> Vec<String> {
        self.lock().values().filter_map(|column| column.notes.get(alias)).cloned().collect()
    }

    /// The writers that could write nothing, and why.
    pub(crate) fn failed(&self) -> Vec<(&'static str, Fault)> {
        let failed = |(writer, column): (&&'static str, &Column)| Some((*writer, column.whole.clone()?));
        self.lock().iter().filter_map(failed).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Column>> {
        // What a panicking holder left is still one writer's whole findings or another's.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rolecall_core::FaultKind;

    use super::*;

    #[test]
    fn a_fault_keeps_its_time_until_it_changes() {
        let (board, alias): (Board, Alias) = (Board::default(), "a".parse().unwrap());
        let at = |second| Timestamp::from_second(second).unwrap();
        let put = |second, fault: Option<&Fault>| {
            let faults = fault.map(|fault| (alias.clone(), fault.clone())).into_iter().collect();
            board.put("profiles", at(second), Findings { faults, ..Findings::default() });
            board.fault(&alias).map(|(_, since)| since)
        };
        let taken = Fault::new(FaultKind::ProfileTaken, "taken in config", "rename it");
        let elsewhere = Fault::new(FaultKind::ProfileTaken, "taken in credentials", "rename it");
        assert_eq!(put(1, Some(&taken)), Some(at(1)));
        assert_eq!(put(2, Some(&taken)), Some(at(1)));
        assert_eq!(put(3, Some(&elsewhere)), Some(at(3)));
        assert_eq!(put(4, None), None);
    }

    #[test]
    fn what_is_known_of_a_role_stands_while_nothing_can_be_written() {
        let (board, alias): (Board, Alias) = (Board::default(), "stands".parse().unwrap());
        let taken = Fault::new(FaultKind::ProfileTaken, "taken", "rename it");
        let full = Fault::new(FaultKind::Misconfigured, "no room", "make room");
        let log = || crate::testing::log().lines().filter(|line| line.contains("alias=stands")).count();
        log();
        let put = |second, whole: Option<&Fault>| {
            let faults = whole.is_none().then(|| (alias.clone(), taken.clone())).into_iter().collect();
            let findings = Findings { whole: whole.cloned(), faults, ..Findings::default() };
            board.put("profiles", Timestamp::from_second(second).unwrap(), findings);
        };
        for (second, whole) in [(1, None), (2, Some(&full)), (3, None), (4, Some(&full))] {
            put(second, whole);
            assert_eq!(board.failed().len(), usize::from(whole.is_some()));
            assert_eq!(board.fault(&alias), Some((taken.clone(), Timestamp::from_second(1).unwrap())));
        }
        assert_eq!(log(), 1, "told once");
    }

    #[test]
    fn what_cannot_be_written_is_told_once_and_so_is_its_end() {
        let board = Board::default();
        let log = |part: &str| crate::testing::log().lines().filter(|line| line.contains(part)).count();
        log("");
        let full = Fault::new(FaultKind::Misconfigured, "no room in the attic", "make room");
        for whole in [Some(&full), Some(&full), None, None] {
            board.put("attic", Timestamp::UNIX_EPOCH, Findings { whole: whole.cloned(), ..Findings::default() });
        }
        assert_eq!((log("no room in the attic; make room"), log("the attic can be written again")), (1, 1));
    }
}
