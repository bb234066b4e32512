//! `cargo xtask test`: the one test command.
//!
//! Builds the binary, makes what the tests need, runs them, and ends with the counts. Nothing is skipped in silence: a
//! missing component is a failure, and what `--without` leaves out is named in the last lines.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use crate::step::quietly;
use crate::summary::Counts;
use crate::workspace::{cargo, target};
use crate::{debian, dist, image, python, sdks};

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
    /// Root, for several users on one machine
    Root,
    /// systemd, strace and umoci, for what is in `packaging`
    Packaging,
    /// Go, for the program on its AWS SDK
    Go,
    /// Node with npm, for the program on the AWS SDK for JavaScript
    Node,
    /// A JDK and Maven, for the program on the AWS SDK for Java
    Java,
    /// The shell fish
    Fish,
}

impl Component {
    /// Makes it ready, and says so to the tests.
    fn make(self, tests: &mut Command, names: &[String]) -> anyhow::Result<()> {
        match self {
            Self::Python => {
                tests.env("ROLECALL_E2E_PYTHON", python::environment()?);
                tests.env("ROLECALL_E2E_MINISTACK", python::ministack()?);
                Ok(())
            }
            Self::Go => sdks::go(),
            Self::Node => sdks::javascript(),
            Self::Java => sdks::java(),
            Self::Packaging => {
                debian::programs(["systemd-analyze", "systemd-sysusers", "strace"], &["systemd", "strace"])?;
                // As long to build as all the rest, so only for the tests that look into it.
                if will_run("packaging::image::", names)? {
                    let binary = dist::build(dist::Profile::Dev)?;
                    tests.env("ROLECALL_E2E_IMAGE", image::assemble(&binary, &target("e2e/image"), "test")?);
                }
                Ok(())
            }
            Self::Fish => debian::programs(["fish"], &["fish"]).map(drop),
            // Nothing makes it: without it the tests fail and say so.
            Self::Root => Ok(()),
        }
    }

    /// How the names of the tests begin that need it.
    fn tests(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["clients::", "sdks::boto3::"],
            Self::Go => &["sdks::go::"],
            Self::Node => &["sdks::javascript::"],
            Self::Java => &["sdks::java::"],
            Self::Root => &["sidecar::", "packaging::image::"],
            Self::Packaging => &["packaging::systemd::", "packaging::image::"],
            Self::Fish => &["commands::env::fish::"],
        }
    }

    /// Those tests, in words.
    fn left_out(self) -> &'static str {
        match self {
            Self::Python => "--without python: every test with the aws CLI, boto3, moto or ministack",
            Self::Go => "--without go: every test with a program on the AWS SDK for Go",
            Self::Node => "--without node: every test with a program on the AWS SDK for JavaScript",
            Self::Java => "--without java: every test with a program on the AWS SDK for Java",
            Self::Root => "--without root: every test with processes of several users, or in the image",
            Self::Packaging => "--without packaging: every test of the systemd units and of the image",
            Self::Fish => "--without fish: every test with lines for that shell",
        }
    }
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
    if !args.without.is_empty() {
        println!();
    }
    for component in &args.without {
        println!("left out by {}", component.left_out());
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
    sdks::rust()?;
    command.env("ROLECALL_E2E_SDKS", sdks::folder());
    for component in Component::value_variants() {
        if args.without.contains(component) {
            command.args(component.tests().iter().flat_map(|name| ["--skip", name]));
        } else {
            component.make(&mut command, &args.names)?;
        }
    }
    counted(&mut command, counts).context("the black-box tests")
}

/// Whether a black-box test of this module is among those of these names.
fn will_run(module: &str, names: &[String]) -> anyhow::Result<bool> {
    let mut list = cargo(&["test", "--locked", "--quiet", "--package", "e2e", "--", "--list", "--format=terse"]);
    let listed = list.args(names).output().context("cannot run cargo")?;
    Ok(String::from_utf8_lossy(&listed.stdout).lines().any(|line| line.starts_with(module)))
}

/// Runs `cargo test`, shows what it prints as it comes, and counts.
fn counted(command: &mut Command, counts: &mut Counts) -> anyhow::Result<()> {
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
