//! `cargo xtask`: whatever has logic and is not the product. One file per command.
//!
//! `test` is the one test command, `check` everything else that has to hold before a change lands, `dist` the binary that ships, `bench` the figures.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "talks to the person, or the CI, that ran it")]

mod arch;
mod bench;
mod check;
mod debian;
mod dist;
mod files;
mod fuzz;
mod image;
mod python;
mod sdks;
mod soak;
mod step;
mod summary;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests, checks and benches of this workspace")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the binary, makes the real clients ready, runs every test; the last line has the counts
    Test(test::Args),
    /// Formatting, lints, docs, architecture, file sizes, licenses
    Check,
    /// Which crate may depend on which: fails on every arrow that is not in the table
    CheckArch,
    /// Builds the binary that ships
    Dist,
    /// Builds it and puts it into a container image, as an OCI layout
    Image,
    /// Measures what Rolecall costs, beside what a user would pick instead, and writes docs/figures.md
    Bench(bench::Args),
    /// Runs what is worth more the longer it runs; outside CI
    Soak(soak::Args),
    /// Runs the fuzz targets, each for a minute
    Fuzz(fuzz::Args),
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Check => check::run(),
        Command::CheckArch => arch::run(),
        Command::Dist => dist::run(),
        Command::Image => image::run(),
        Command::Bench(args) => bench::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
