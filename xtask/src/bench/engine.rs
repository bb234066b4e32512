//! The rotation engine alone: its own bench (`crates/core/benches/engine.rs`), as a table.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::goal::{self, Goal};
use crate::workspace::cargo;

/// # Errors
/// When the bench cannot be built or run, or prints something else than its lines of JSON.
pub(super) fn measure() -> anyhow::Result<String> {
    let output =
        cargo(&["bench", "--locked", "--quiet", "--package", "rolecall-core", "--bench", "engine"]).output()?;
    if !output.status.success() {
        bail!("cargo bench: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    section(&String::from_utf8_lossy(&output.stdout))
}

fn section(lines: &str) -> anyhow::Result<String> {
    let mut table = String::from(
        "| entries | a step | steps a second | allocations a step | a step, times that of the first row | memory an entry |\n\
         |--:|--:|--:|--:|--:|--:|\n",
    );
    let mut slowdown = None;
    for line in lines.lines() {
        let figures: Value = serde_json::from_str(line).context("the bench prints something else than JSON")?;
        let number = |name: &str| figures[name].as_f64().with_context(|| format!("the bench does not say {name}"));
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {} | {} ns | {} | {:.2} | {:.2} | {} bytes |",
            number("entries")?,
            number("step_nanoseconds")?,
            number("steps_per_second")?,
            number("step_allocations")?,
            number("step_slowdown")?,
            number("bytes_per_entry")?
        );
        slowdown = Some(number("step_slowdown")?);
    }
    let slowdown = slowdown.context("the bench prints nothing")?;
    let goals = [Goal::at_most("a step among the most entries, in times of one among the fewest", 1.5, slowdown, "")];
    Ok(format!(
        "No runtime, no files, no STS: what a decision costs, by processor time. The entries hold sessions of an hour, and a \
         step is a wake-up, a refresh that begins, or a session that arrives.\n\n{table}\n{}",
        goal::list(&goals)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_become_rows() {
        let line = |entries: u32, slowdown: f64| {
            format!(
                "{{\"entries\":{entries},\"define_nanoseconds\":9,\"step_nanoseconds\":200,\"steps_per_second\":5000000,\
                 \"step_allocations\":0.5,\"step_slowdown\":{slowdown},\"bytes_per_entry\":321}}\n"
            )
        };
        let text = section(&(line(1000, 1.0) + &line(1_000_000, 1.6))).unwrap();
        assert!(text.contains("| 1000 | 200 ns | 5000000 | 0.50 | 1.00 | 321 bytes |\n| 1000000 | "), "{text}");
        assert!(text.ends_with("Seen: **1.60**, **missed**.\n"), "{text}");
        assert!(section("").is_err() && section("{}").is_err() && section("words").is_err());
    }
}
