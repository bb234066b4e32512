//! A setting that could not be used, told so that a person finds the place and knows the fix.
//!
//! Promises that one problem never stops the roles that are right: problems are data, collected beside the roles, and
//! shown by the log, by `profiles`, by `status` and at the end of `--once`; and that a value of any length is shown in a
//! few lines.

use std::fmt;

use rolecall_core::Fault;

/// The most characters of a value that are shown: those round the place.
const VALUE: usize = 200;
/// The most characters of any other text, which may quote a part of the value.
const TEXT: usize = 400;

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
        value.chars().map(|c| if rolecall_core::is_unseen(c) { '·' } else { c }).collect()
    }

    /// The same without what is too long to be read.
    #[must_use]
    pub(crate) fn shortened(self) -> Self {
        let Self { origin, column, value, fault: Fault { kind, message, action } } = self;
        let fault = Fault::new(kind, shortened(message), shortened(action));
        Self { origin: shortened(origin), column, value, fault }
    }
}

/// A text without its middle when it is too long to be read.
pub(crate) fn shortened(text: String) -> String {
    let length = text.chars().count();
    if length <= TEXT {
        return text;
    }
    let half = TEXT / 2;
    text.chars().take(half).chain(['…']).chain(text.chars().skip(length - half)).collect()
}

/// The part of a value round the `column`th character, and the column in that part.
fn around(value: &str, column: usize) -> (String, usize) {
    let length = value.chars().count();
    if length <= VALUE {
        return (value.into(), column);
    }
    let start = column.saturating_sub(VALUE / 2).min(length - VALUE);
    let (before, after) = (if start > 0 { "…" } else { "" }, if start + VALUE < length { "…" } else { "" });
    let part: String = value.chars().skip(start).take(VALUE).collect();
    (format!("{before}{part}{after}"), column - start + before.chars().count())
}

impl fmt::Display for Problem {
    /// The form for people: the message, the value with a caret under the place, the fix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, column, value, fault } = self;
        writeln!(f, "{origin}: {}", fault.message)?;
        if let (Some(column), Some(value)) = (column, value) {
            let (value, column) = around(value, *column);
            writeln!(f, "  {value}")?;
            writeln!(f, "  {:>column$}", '^')?;
        }
        write!(f, "  fix: {}", fault.action)
    }
}

#[cfg(test)]
mod tests {
    use rolecall_core::FaultKind;

    use super::*;

    /// The line with the value and the character above the caret.
    fn shown(value: &str, column: usize) -> (String, Option<char>) {
        let fault = Fault::new(FaultKind::Misconfigured, "m", "a");
        let text = Problem { origin: "X".into(), column: Some(column), value: Some(value.into()), fault }.to_string();
        let lines: Vec<&str> = text.lines().collect();
        let at = lines[2].chars().count() - 1;
        (lines[1].into(), lines[1].chars().nth(at))
    }

    #[test]
    fn a_long_value_is_shown_round_the_place() {
        let mut value: Vec<char> = vec!['a'; 100_000];
        for column in [1, 2, 99, 100, 101, 50_000, 99_899, 99_900, 99_901, 100_000] {
            value[column - 1] = 'X';
            let (line, above) = shown(&value.iter().collect::<String>(), column);
            value[column - 1] = 'a';
            assert_eq!(above, Some('X'), "{column}");
            let length = line.trim_start().chars().count();
            assert!((VALUE..=VALUE + 2).contains(&length), "{column}: {length}");
            assert_eq!(line.starts_with("  …"), column > VALUE / 2, "{column}");
            assert_eq!(line.ends_with('…'), column < 100_000 - VALUE / 2, "{column}");
        }
        assert_eq!(shown("short", 6).0, "  short");
    }

    #[test]
    fn other_texts_lose_their_middle() {
        let text = shortened(format!("begin{}end", "é".repeat(100_000)));
        assert!(text.starts_with("begin") && text.ends_with("end") && text.contains('…'));
        assert_eq!(text.chars().count(), TEXT + 1);
        assert_eq!(shortened("short".into()), "short");
    }
}
