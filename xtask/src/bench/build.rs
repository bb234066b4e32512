//! A clean build of the main job: the first thing that somebody who has the sources waits for.

use anyhow::Context as _;
use tempfile::TempDir;

use super::goal::{self, Goal};
use crate::step::{now, quietly};
use crate::workspace::cargo;

/// # Errors
/// When it does not build.
pub(super) fn measure() -> anyhow::Result<String> {
    // What has to be downloaded is no part of it.
    quietly(&mut cargo(&["fetch", "--locked"]))?;
    let target = TempDir::with_prefix("bench-build-")?;
    let mut build = cargo(&["build", "--locked", "--release", "--package", "rolecall-cli", "--target-dir"]);
    let started = now();
    quietly(build.arg(target.path())).context("the clean build")?;
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    let goals = [Goal::at_most("a clean build on two cores", 4.0, minutes, " minutes")];
    Ok(format!(
        "`cargo build --release --package rolecall-cli` in a new target directory, everything downloaded.\n\n{}",
        goal::list(&goals)
    ))
}
