//! `cargo xtask fuzz`: runs the fuzz targets of `fuzz/`, each for a while. Outside CI: what it finds is luck.
//!
//! Everything is written below the target directory: the build, the inputs that were found interesting (they are used again
//! by the next run), and the inputs that broke something. A target's seeds stand in `fuzz/seeds`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::dist::host;
use crate::step::{Steps, quietly};
use crate::workspace::{cargo, root, target};

/// The release of cargo-fuzz that is installed.
const CARGO_FUZZ: &str = "0.13.2";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The targets to run; all when none is named
    targets: Vec<String>,
    /// How long each runs
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// # Errors
/// When a target found something, or does not exist, or nothing could be built.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let all = targets()?;
    let chosen = if args.targets.is_empty() { &all } else { &args.targets };
    if let Some(unknown) = chosen.iter().find(|name| !all.contains(name)) {
        bail!("there is no fuzz target {unknown}; there are {}", all.join(", "));
    }
    let mut steps = Steps::default();
    let host = host()?;
    let mut built = false;
    steps.run("build", || {
        build(&host)?;
        built = true;
        Ok(())
    });
    for name in chosen.iter().filter(|_| built) {
        steps.run(name, || fuzz(name, &host, args.seconds));
    }
    steps.finish()
}

/// The names of the targets: the files of `fuzz/fuzz_targets`.
fn targets() -> anyhow::Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Builds all targets.
fn build(host: &str) -> anyhow::Result<()> {
    let tools = target("tools");
    let binary = tools.join("bin/cargo-fuzz");
    if !binary.exists() {
        install(&tools).context("cannot install cargo-fuzz")?;
    }
    let mut command = Command::new(binary);
    // Nothing of ours is unsafe, and without a sanitizer a stable compiler will do and inputs run twice as fast.
    command.current_dir(root()).args(["fuzz", "build", "--fuzz-dir", "fuzz", "--sanitizer", "none", "--target", host]);
    quietly(command.arg("--target-dir").arg(target("fuzz/build")))
}

fn install(tools: &Path) -> anyhow::Result<()> {
    let root = tools.to_string_lossy();
    quietly(&mut cargo(&["install", "--quiet", "--locked", "cargo-fuzz", "--version", CARGO_FUZZ, "--root", &root]))
}

/// Runs one target for so long.
fn fuzz(name: &str, host: &str, seconds: u32) -> anyhow::Result<()> {
    let corpus = made(target("fuzz/corpus").join(name))?;
    let findings = made(target("fuzz/findings").join(name))?;
    let seeds = root().join("fuzz/seeds").join(name);
    let mut command = Command::new(target("fuzz/build").join(host).join("release").join(name));
    // Inputs are a few kilobytes: whatever takes seconds is a hang.
    command.args([&corpus, &seeds]).args([&format!("-max_total_time={seconds}"), "-timeout=10"]);
    command.arg(format!("-artifact_prefix={}/", findings.display())).stdin(Stdio::null());
    quietly(&mut command).with_context(|| {
        format!("the input that did it is in {}; mend what it shows and keep it as a test", findings.display())
    })
}

fn made(folder: PathBuf) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}
