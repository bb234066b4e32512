//! `cargo xtask test`: the one test command.
//!
//! Builds the binary, makes what the tests need, runs them, and ends with the counts. Nothing is skipped in silence: a
//! missing component is a failure, and what `--without` leaves out is named in the last lines.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use crate::step::quietly;
use crate::summary::Counts;
use crate::workspace::{cargo, target};
use crate::{debian, dist, image, python};

/// What the tests of packaging run, and its packages in Debian.
const PROGRAMS: &[(&str, &str)] = &[
    ("setpriv", "util-linux"),
    ("strace", "strace"),
    ("systemd-analyze", "systemd"),
    ("systemd-sysusers", "systemd"),
    image::UMOCI,
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only this part
    #[arg(long)]
    only: Option<Part>,
    /// Leave out what cannot be had on this machine; the last lines say so
    #[arg(long)]
    without: Vec<Component>,
    /// Run only the tests whose name contains one of these
    names: Vec<String>,
}

/// A part of the tests.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The crates' own tests
    Unit,
    /// The black-box tests of the binary
    E2e,
}

/// Something from outside that tests need.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Component {
    /// Python with the aws CLI, boto3, moto and ministack
    Python,
    /// Root, for several users on one machine, with systemd, strace and umoci
    Packaging,
}

/// # Errors
/// When a test failed or did not run. The counts are printed by then.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut counts = Counts::default();
    let mut problems = Vec::new();
    if args.only != Some(Part::E2e) {
        problems.extend(unit(args, &mut counts).err());
    }
    if args.only != Some(Part::Unit) {
        problems.extend(e2e(args, &mut counts).err());
    }
    if args.without.contains(&Component::Python) {
        println!("\nleft out by --without python: every test with the aws CLI, boto3, moto or ministack");
    }
    if args.without.contains(&Component::Packaging) {
        println!("\nleft out by --without packaging: every test of systemd unit, image and sidecar");
    }
    for problem in &problems {
        println!("{problem:#}");
    }
    // What kept tests from running at all is in no test's count.
    counts.failed = counts.failed.max(problems.len() as u64);
    println!("\n{counts}");
    if counts.failed > 0 || counts.passed == 0 {
        // The counts are the last line, so not through `main`, which would print an error after them.
        std::process::exit(1);
    }
    Ok(())
}

fn unit(args: &Args, counts: &mut Counts) -> anyhow::Result<()> {
    let mut names: Vec<&str> = vec!["--"];
    names.extend(args.names.iter().map(String::as_str));
    let base = ["test", "--locked", "--no-fail-fast", "--workspace", "--exclude", "e2e"];
    counted(cargo(&base).args(names), counts).context("the crates' own tests")
}

fn e2e(args: &Args, counts: &mut Counts) -> anyhow::Result<()> {
    println!("building the binary under test");
    quietly(&mut cargo(&["build", "--locked", "--package", "rolecall-cli"]))?;
    let mut command = cargo(&["test", "--locked", "--no-fail-fast", "--package", "e2e", "--"]);
    command.env("ROLECALL_E2E_BINARY", target("debug/rolecall"));
    // The tests wait for processes more than they compute.
    command.arg("--test-threads=4").args(&args.names);
    if args.without.contains(&Component::Packaging) {
        command.args(["--skip", "packaging::"]);
    } else {
        debian::require(PROGRAMS)?;
        // As long to build as all the rest, so only for the tests that look into it.
        if will_run("packaging::image::", args)? {
            let binary = dist::build(dist::Profile::Dev)?;
            command.env("ROLECALL_E2E_IMAGE", image::assemble(&binary, &target("e2e/image"), "test")?);
        }
    }
    if args.without.contains(&Component::Python) {
        command.args(["--skip", "clients::"]);
    } else {
        command.env("ROLECALL_E2E_PYTHON", python::environment()?);
        command.env("ROLECALL_E2E_MINISTACK", python::ministack()?);
    }
    counted(&mut command, counts).context("the black-box tests")
}

/// Whether a black-box test of this module is among those that are asked for.
fn will_run(module: &str, args: &Args) -> anyhow::Result<bool> {
    let mut list = cargo(&["test", "--locked", "--quiet", "--package", "e2e", "--", "--list", "--format=terse"]);
    let listed = list.args(&args.names).output().context("cannot run cargo")?;
    Ok(String::from_utf8_lossy(&listed.stdout).lines().any(|line| line.starts_with(module)))
}

/// Runs `cargo test`, shows what it prints as it comes, and counts.
fn counted(command: &mut std::process::Command, counts: &mut Counts) -> anyhow::Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let output = child.stdout.take().context("cargo has no output")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        println!("{line}");
        counts.add_line(&line);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("cargo: {status}");
    }
    Ok(())
}
