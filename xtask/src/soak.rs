//! `cargo xtask soak`: tests that are worth more the longer they run, for as long as somebody likes. Not part of CI.

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use crate::python;
use crate::workspace::cargo;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to run
    what: What,
    /// How often
    #[arg(long, default_value_t = 10_000)]
    rounds: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// The user's files, changed by many writers that are killed at random moments; a round is one edit that was begun
    Files,
}

/// # Errors
/// When something was lost or torn, or could not be started.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let What::Files = args.what;
    let test = "clients::fire::nothing_is_lost_and_nothing_is_torn_under_fire";
    let mut command = cargo(&["test", "--locked", "--package", "e2e", "--test", "e2e"]);
    command.args(["--", "--exact", test, "--nocapture"]);
    command.env("ROLECALL_E2E_PYTHON", python::environment()?).env("ROLECALL_E2E_FIRE_ROUNDS", args.rounds.to_string());
    let status = command.status().context("cannot run cargo")?;
    if !status.success() {
        bail!("cargo: {status}");
    }
    Ok(())
}
