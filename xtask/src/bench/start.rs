//! The binary: its size, and how long it takes to start.

use std::path::Path;

use super::goal::{self, Goal};
use super::meter::Meter;
use super::race::{self, Contestant};
use super::summary::mib;

/// # Errors
/// When it cannot be run.
pub(super) fn measure(binary: &Path, rounds: usize) -> anyhow::Result<String> {
    let meter = Meter::build()?;
    let size = mib(binary.metadata()?.len());
    let mut version = meter.command(binary);
    version.arg("--version");
    let mut contestants = vec![
        Contestant::new("`rolecall --version`", version),
        Contestant::new("`/bin/true`", meter.command(Path::new("/bin/true"))),
    ];
    let results = race::run(&mut contestants, rounds)?;
    let goals = [Goal::at_most("start, in times of `/bin/true`", 2.0, results.of(0).wall_ratio(results.of(1)), "")];
    Ok(format!("One static file of {size:.1} MiB.\n\n{}\n{}", results.table(), goal::list(&goals)))
}
