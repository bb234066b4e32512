//! Why a role has no fresh session, or no profile, in words that a person can act on.
//!
//! A fault is data: it travels unchanged from the adapter that met it to `status`, `profiles`, the log and the error
//! answers. Its texts never hold a secret; whoever makes one sees to that.

use std::fmt;

/// What went wrong, by what has to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// STS understood and refused.
    Denied,
    /// STS answers, but too many calls are made.
    Throttled,
    /// No answer: network, DNS, TLS, time limit, a 5xx.
    Unreachable,
    /// A value that cannot work whoever asks: a malformed ARN, a duration out of bounds.
    Misconfigured,
    /// The base credentials were good and have ended.
    BaseExpired,
    /// The cached IAM Identity Center login has ended.
    SsoLoginNeeded,
    /// The clock of this machine is wrong.
    Clock,
    /// A profile of that name exists and is not ours.
    ProfileTaken,
    /// An answer that AWS never gives, or a broken promise of our own.
    Bug,
}

impl FaultKind {
    /// The kind as it is written in JSON, logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::Misconfigured => "misconfigured",
            Self::BaseExpired => "base_expired",
            Self::SsoLoginNeeded => "sso_login_needed",
            Self::Clock => "clock",
            Self::ProfileTaken => "profile_taken",
            Self::Bug => "bug",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A classified failure with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What to do about it, as a word.
    pub kind: FaultKind,
    /// What was attempted, on what, and what is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do: one sentence without a full stop.
    pub action: String,
}

impl Fault {
    /// A fault of `kind`.
    #[must_use]
    pub fn new(kind: FaultKind, message: impl Into<String>, action: impl Into<String>) -> Self {
        Self { kind, message: message.into(), action: action.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.kind, self.message, self.action)
    }
}

impl std::error::Error for Fault {}
