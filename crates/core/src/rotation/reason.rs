//! Why a role is assumed now: the same word in log, metric, status and audit.

use std::fmt;

/// The reason of one call to STS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The entry never held a session.
    NothingHeld,
    /// The definition changed, so what was held no longer counts.
    SpecChanged,
    /// Nothing is held, and the session that it is assumed with has come.
    ParentReady,
    /// What was held has ended.
    Expired,
    /// The refresh time has come.
    Due,
    /// Somebody is using it and it would soon be due.
    Demanded,
    /// A person asked for it.
    Asked,
    /// Nothing was asked: an earlier process left it.
    Adopted,
    /// The wall clock jumped, and the answer of STS will tell whether it is right.
    ClockDoubted,
    /// STS did not take the session that is held, when another role was to be assumed with it.
    Rejected,
}

impl Reason {
    /// The reason as it is written everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NothingHeld => "NothingHeld",
            Self::SpecChanged => "SpecChanged",
            Self::ParentReady => "ParentReady",
            Self::Expired => "Expired",
            Self::Due => "Due",
            Self::Demanded => "Demanded",
            Self::Asked => "Asked",
            Self::Adopted => "Adopted",
            Self::ClockDoubted => "ClockDoubted",
            Self::Rejected => "Rejected",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
