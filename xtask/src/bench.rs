//! `cargo xtask bench`: what Rolecall costs, beside what a user would pick instead, measured in the same run.
//!
//! Writes `docs/figures.md`; each bench is one file and one section there. Not part of CI: a figure depends on the machine,
//! and a timed assertion is no test. A goal that is missed is written down as missed. A bench that cannot run is an error,
//! and leaves its section as it was.

mod alone;
mod build;
mod chains;
mod cores;
mod credentials;
mod endpoint;
mod engine;
mod goal;
mod http;
mod idle;
mod meter;
mod oha;
mod page;
mod peers;
mod race;
mod rig;
mod start;
mod sts;
mod summary;
mod thousand;
mod tree;
mod validate;
mod world;
mod wrk;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::ValueEnum as _;

use page::Page;

/// What is measured, in the order of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Bench {
    /// `rolecall credentials` with an agent running, against `cat`, the AWS SDK for Go and boto3
    Credentials,
    /// `rolecall credentials` without an agent, against the AWS SDK for Go and boto3
    Alone,
    /// The loopback endpoint, against a bare handler on Go's net/http
    Endpoint,
    /// Size and start of the binary
    Start,
    /// An agent with 100 roles that has nothing to do, and its refreshes
    Idle,
    /// 1,000 roles from nothing, with STS 50 ms away
    Thousand,
    /// 100 roles at the end of chains, against the AWS SDK for Go, boto3 and the AWS CLI
    Chains,
    /// `rolecall validate` of 500 roles, with STS 50 ms away
    Validate,
    /// The rotation engine alone
    Engine,
    /// The sandbox alone: AssumeRole calls a second
    Sandbox,
    /// A clean build in a new target directory; minutes, so only when it is named
    Build,
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to measure [default: all but `build`]
    #[arg(value_enum, value_name = "NAME")]
    names: Vec<Bench>,
    /// How often each program runs
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u16).range(20..))]
    rounds: u16,
    /// Measure this binary instead of the one that ships, and write no page
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

/// # Errors
/// When something could not be built, measured, or written; what could be measured is written by then.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = Binary { given: args.binary.as_deref(), found: OnceCell::new() };
    let named = |bench: &Bench| match args.names.as_slice() {
        [] => *bench != Bench::Build,
        names => names.contains(bench),
    };
    let mut page = Page::read()?;
    let mut failed = Vec::new();
    for bench in Bench::value_variants().iter().copied().filter(named) {
        println!("\n## {}\n", bench.title());
        match bench.measure(&binary, args.rounds.into()) {
            Ok(text) => {
                println!("{text}");
                page.put(bench.title(), &text)?;
            }
            Err(error) => {
                println!("FAILED  {error:#}");
                failed.push(bench.title());
            }
        }
        if args.binary.is_none() {
            page.write(&Bench::value_variants().iter().map(|bench| bench.title()).collect::<Vec<_>>())?;
        }
    }
    if !failed.is_empty() {
        bail!("not measured: {}", failed.join("; "));
    }
    Ok(())
}

/// The program that is measured; found when the first bench needs it, and the same for all.
struct Binary<'a> {
    given: Option<&'a Path>,
    found: OnceCell<PathBuf>,
}

impl Binary<'_> {
    /// # Errors
    /// When it is not there, or cannot be built.
    fn path(&self) -> anyhow::Result<&Path> {
        if let Some(path) = self.found.get() {
            return Ok(path);
        }
        let path = match self.given {
            Some(path) => path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?,
            None => crate::dist::build(crate::dist::Profile::Dist)?,
        };
        Ok(self.found.get_or_init(|| path))
    }
}

impl Bench {
    /// The heading of its section, by which an earlier one is found again.
    fn title(self) -> &'static str {
        match self {
            Self::Credentials => "`rolecall credentials ALIAS` with an agent",
            Self::Alone => "`rolecall credentials ALIAS` without an agent",
            Self::Endpoint => "The loopback endpoint",
            Self::Start => "The binary",
            Self::Idle => "An idle agent with 100 roles",
            Self::Thousand => "1,000 roles from nothing",
            Self::Chains => "100 roles at the end of chains",
            Self::Validate => "`rolecall validate` of 500 roles",
            Self::Engine => "The rotation engine alone",
            Self::Sandbox => "The sandbox alone",
            Self::Build => "A clean build",
        }
    }

    /// Measures, and returns the text of its section.
    fn measure(self, binary: &Binary<'_>, rounds: usize) -> anyhow::Result<String> {
        match self {
            Self::Credentials => credentials::measure(binary.path()?, rounds),
            Self::Alone => alone::measure(binary.path()?, rounds),
            Self::Endpoint => endpoint::measure(binary.path()?),
            Self::Start => start::measure(binary.path()?, rounds),
            Self::Idle => idle::measure(binary.path()?),
            Self::Thousand => thousand::measure(binary.path()?),
            Self::Chains => chains::measure(binary.path()?),
            Self::Validate => validate::measure(binary.path()?),
            Self::Engine => engine::measure(),
            Self::Sandbox => sts::measure(binary.path()?),
            Self::Build => build::measure(),
        }
    }
}
