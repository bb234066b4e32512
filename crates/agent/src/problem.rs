//! A setting that could not be used, told so that a person finds the place and knows the fix.
//!
//! Promises that one problem never stops the roles that are right: problems are data, collected beside the roles, and
//! shown by the log, by `profiles`, by `status` and at the end of `--once`.

use std::fmt;

use rolecall_core::Fault;

/// One setting that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where the setting comes from: the name of the variable.
    pub origin: String,
    /// The character in the value at which it goes wrong, from 1. None when the whole of it is meant.
    pub column: Option<usize>,
    /// The value, one printable character for each of its own, to put a caret under. None when there is nothing to show.
    pub value: Option<String>,
    /// What is wrong and what to do.
    pub fault: Fault,
}

impl Problem {
    /// The value as it may be shown on a terminal: a character that would move the cursor becomes `·`.
    #[must_use]
    pub fn printable(value: &str) -> String {
        value.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
    }
}

impl fmt::Display for Problem {
    /// The form for people: the message, the value with a caret under the place, the fix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, column, value, fault } = self;
        writeln!(f, "{origin}: {}", fault.message)?;
        if let (Some(column), Some(value)) = (column, value) {
            writeln!(f, "  {value}")?;
            writeln!(f, "  {:>column$}", '^')?;
        }
        write!(f, "  fix: {}", fault.action)
    }
}
