//! One line per step: its name, how it ended, how long it took. What a step printed is shown only when it failed.

use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};

/// The steps of one command; all run, also after one has failed, so that one run shows everything there is to mend.
#[derive(Default)]
pub(crate) struct Steps {
    failed: Vec<String>,
}

impl Steps {
    /// Runs one step and prints its line.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<()>) {
        print!("{name:<24} ");
        std::io::stdout().flush().ok();
        let started = now();
        let result = step();
        let seconds = started.elapsed().as_secs_f64();
        match result {
            Ok(()) => println!("ok      {seconds:6.1} s"),
            Err(error) => {
                println!("FAILED  {seconds:6.1} s\n{error:#}\n");
                self.failed.push(name.into());
            }
        }
    }

    /// # Errors
    /// When a step failed: their names.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        if !self.failed.is_empty() {
            bail!("failed: {}", self.failed.join(", "));
        }
        Ok(())
    }
}

/// Runs a program to its end without a word.
///
/// # Errors
/// What it printed, when it could not start or exited with another code than 0.
pub(crate) fn quietly(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        bail!("{}\n{}\n{program}: {}", text(&output.stdout), text(&output.stderr), output.status);
    }
    Ok(())
}

/// The time, to measure with.
#[expect(clippy::disallowed_methods, reason = "measures how long programs take; decides nothing")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
