//! The one form in which a command tells that it failed, and the one place where that is printed.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use rolecall_core::{Fault, FaultKind};

use crate::exit_code::ExitCode;

/// What to do when the system has no thread, process or open file left for this program.
pub(crate) const NO_ROOM: &str =
    "close other programs of this user, or raise the limits of open files and processes (`ulimit -n`, `ulimit -u`)";

/// Why a command ends without having done what it was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What the caller is told by number.
    pub(crate) code: ExitCode,
    /// What was attempted, on what, and what is wrong. No full stop.
    pub(crate) message: String,
    /// What to do; empty when the message says it.
    pub(crate) action: String,
}

impl Failure {
    /// A failure with this exit code.
    pub(crate) fn new(code: ExitCode, message: impl Into<String>, action: impl Into<String>) -> Self {
        Self { code, message: message.into(), action: action.into() }
    }

    /// Tells a person: two lines on stderr.
    pub(crate) fn print(&self) {
        let mut stderr = anstream::stderr().lock();
        let red = AnsiColor::Red.on_default().bold();
        let bold = Style::new().bold();
        // Nobody is left to tell that stderr is closed.
        let _ = writeln!(stderr, "{red}error:{red:#} {}", self.message);
        if !self.action.is_empty() {
            let _ = writeln!(stderr, "  {bold}fix:{bold:#} {}", self.action);
        }
    }

    /// Tells a program that shows our stderr to its user: one plain line.
    pub(crate) fn print_line(&self) {
        let separator = if self.action.is_empty() { "" } else { "; " };
        let line = format!("rolecall: {}{separator}{}\n", self.message, self.action);
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

impl From<Fault> for Failure {
    /// A fault that concerns the whole command.
    fn from(fault: Fault) -> Self {
        let code = match fault.kind {
            FaultKind::Misconfigured => ExitCode::Usage,
            FaultKind::Bug => ExitCode::Bug,
            _ => ExitCode::AllFailed,
        };
        Self::new(code, fault.message, fault.action)
    }
}
