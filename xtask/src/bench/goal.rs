//! A goal and what was seen, as a line of the page. A miss says so.

use std::fmt;

/// Something to reach.
pub(super) struct Goal {
    /// What is to be reached, as a part of a sentence.
    pub(super) what: String,
    /// What was seen.
    pub(super) seen: String,
    /// Whether that is enough.
    pub(super) met: bool,
}

impl Goal {
    /// `seen` is to be at most `most`, both in `unit`.
    pub(super) fn at_most(what: &str, most: f64, seen: f64, unit: &str) -> Self {
        Self { what: format!("{what}: at most {most}{unit}"), seen: format!("{seen:.2}{unit}"), met: seen <= most }
    }

    /// `seen` is to be at least `least`, both in `unit`.
    pub(super) fn at_least(what: &str, least: f64, seen: f64, unit: &str) -> Self {
        Self { what: format!("{what}: at least {least}{unit}"), seen: format!("{seen:.2}{unit}"), met: seen >= least }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, seen, met } = self;
        let verdict = if *met { "met" } else { "**missed**" };
        writeln!(f, "- Goal, {what}. Seen: **{seen}**, {verdict}.")
    }
}

/// The goals of a section, as a list.
pub(super) fn list(goals: &[Goal]) -> String {
    goals.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_is_told() {
        let line = |goal: Goal| goal.to_string();
        let wall = |seen| line(Goal::at_most("wall time, in times of `cat`", 1.8, seen, ""));
        assert_eq!(wall(1.8), "- Goal, wall time, in times of `cat`: at most 1.8. Seen: **1.80**, met.\n");
        assert!(wall(1.81).ends_with("Seen: **1.81**, **missed**.\n"));
        assert!(line(Goal::at_least("rate", 4.0, 3.9, " a second")).ends_with("**3.90 a second**, **missed**.\n"));
        assert!(line(Goal::at_least("rate", 4.0, 4.0, "")).ends_with("met.\n"));
    }
}
