//! Where in the file something stands, for people: line and column instead of bytes.

use std::ops::Range;

use rolecall_core::{Fault, FaultKind};

use crate::settings::problem::Problem;

/// A text with the name of its file.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Text<'_> {
    /// What is wrong from the byte `span.start` on. A place that is none is the beginning of the file.
    pub(super) fn problem(&self, span: &Range<usize>, message: String, action: String) -> Box<Problem> {
        let before = self.text.get(..span.start).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        Box::new(Problem {
            origin: self.origin(span),
            column: Some(before[start..].chars().count() + 1),
            value: Some(Problem::printable(line)).filter(|line| !line.is_empty()),
            // They may quote what stands there.
            fault: Fault::new(FaultKind::Misconfigured, Problem::printable(&message), Problem::printable(&action)),
        })
    }

    /// The file and the line, as compilers write it.
    pub(super) fn origin(&self, span: &Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or_default();
        format!("{}:{}", self.name, before.matches('\n').count() + 1)
    }
}
