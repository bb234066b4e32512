//! `cargo xtask bench`: figures as ratios to what a user would pick instead, measured in the same run.
//!
//! Writes `docs/figures.md`. Not part of CI: a figure depends on the machine, and a timed assertion is no test.

mod measure;
mod report;
mod rig;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::workspace::root;
use measure::{Sample, Summary};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How often each program runs
    #[arg(long, default_value_t = 400)]
    rounds: usize,
}

/// Runs of each program that do not count: they fill the caches.
const WARM_UP: usize = 20;

/// # Errors
/// When something could not be built, started, or written.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    println!("building what ships");
    let binary = crate::dist::build()?;
    let figures = credentials(&binary, args.rounds)?;
    println!("{figures}");
    let path = root().join("docs/figures.md");
    std::fs::create_dir_all(root().join("docs"))?;
    std::fs::write(&path, report::document(&figures)).with_context(|| format!("cannot write {}", path.display()))?;
    println!("written to docs/figures.md");
    Ok(())
}

/// `rolecall credentials ALIAS` with an agent running, against `cat` of the same answer in a file.
fn credentials(binary: &Path, rounds: usize) -> anyhow::Result<report::Figures> {
    let rig = rig::Rig::start(binary)?;
    let mut ours = rig.credentials();
    let mut theirs = Command::new("/bin/cat");
    theirs.env_clear().arg(rig.ready_file());
    if measure::run(&mut ours)?.1 != measure::run(&mut theirs)?.1 {
        bail!("both must print the same bytes");
    }

    let (mut of_ours, mut of_theirs) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + rounds {
        // Who goes first alternates, so that neither always finds what the other left behind.
        let ours_first = round % 2 == 0;
        let first = measure::run(if ours_first { &mut ours } else { &mut theirs })?.0;
        let second = measure::run(if ours_first { &mut theirs } else { &mut ours })?.0;
        let (mine, other): (Sample, Sample) = if ours_first { (first, second) } else { (second, first) };
        if round >= WARM_UP {
            of_ours.push(mine);
            of_theirs.push(other);
        }
    }
    Ok(report::Figures { rounds, ours: Summary::of(&of_ours), theirs: Summary::of(&of_theirs) })
}
