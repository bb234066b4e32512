//! Several programs that do the same job, run in turns.
//!
//! In turns, so that a noise of the machine meets them all; and whoever begins changes from round to round, so that none
//! always finds what another left behind.

use std::fmt::Write as _;
use std::process::Command;

use super::cores;
use super::meter;
use super::summary::{Sample, Summary, mib, ms};

/// Rounds that do not count: they fill the caches.
const WARM_UP: usize = 10;

/// One of the programs.
pub(super) struct Contestant<'a> {
    /// Its row in the table.
    name: &'static str,
    /// Made by [`meter::Meter::command`].
    command: Command,
    /// It takes part in every n-th round only: a slow one would take all the time.
    every: usize,
    /// What is done before each run, and not measured.
    before: Box<dyn Fn() -> anyhow::Result<()> + 'a>,
    samples: Vec<Sample>,
}

impl<'a> Contestant<'a> {
    pub(super) fn new(name: &'static str, command: Command) -> Self {
        Self { name, command, every: 1, before: Box::new(|| Ok(())), samples: Vec::new() }
    }

    /// Takes part in every `rounds`-th round.
    pub(super) fn every(self, rounds: usize) -> Self {
        Self { every: rounds, ..self }
    }

    /// Does `work` before each run.
    pub(super) fn before(self, work: impl Fn() -> anyhow::Result<()> + 'a) -> Self {
        Self { before: Box::new(work), ..self }
    }

    /// Runs it once and returns what it printed.
    ///
    /// # Errors
    /// When it fails.
    pub(super) fn once(&mut self) -> anyhow::Result<Vec<u8>> {
        (self.before)()?;
        Ok(meter::run(&mut self.command)?.1)
    }
}

/// How each did, in the order in which they were given.
pub(super) struct Results {
    /// Name, runs that count, and what they cost.
    rows: Vec<(&'static str, usize, Summary)>,
    made: u64,
}

/// Runs them all, on the clients' core.
///
/// # Errors
/// When a run fails: a figure with failures in it means nothing.
pub(super) fn run(contestants: &mut [Contestant<'_>], rounds: usize) -> anyhow::Result<Results> {
    cores::on(cores::CLIENT, || run_anywhere(contestants, rounds))
}

/// Runs them all, where the system puts them.
///
/// # Errors
/// When a run fails.
pub(super) fn run_anywhere(contestants: &mut [Contestant<'_>], rounds: usize) -> anyhow::Result<Results> {
    let mut made = 0;
    for contestant in contestants.iter_mut() {
        contestant.samples.clear();
    }
    for round in 0..WARM_UP + rounds {
        for turn in 0..contestants.len() {
            let who = (turn + round) % contestants.len();
            let contestant = &mut contestants[who];
            if round % contestant.every != 0 {
                continue;
            }
            (contestant.before)()?;
            let (sample, _) = meter::run(&mut contestant.command)?;
            made += 1;
            if round >= WARM_UP {
                contestant.samples.push(sample);
            }
        }
    }
    let row = |c: &Contestant<'_>| (c.name, c.samples.len(), Summary::of(&c.samples));
    Ok(Results { rows: contestants.iter().map(row).collect(), made })
}

impl Results {
    /// The summary of number `index`.
    pub(super) fn of(&self, index: usize) -> &Summary {
        &self.rows[index].2
    }

    /// How many runs there were, those that do not count among them.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// The table. The last column compares with the first row.
    pub(super) fn table(&self) -> String {
        let mut text = String::from(
            "| in turns | runs | wall, median | middle half | processor time, median | peak memory | wall, times ours |\n\
             |---|--:|--:|--:|--:|--:|--:|\n",
        );
        for (name, runs, summary) in &self.rows {
            let [wall, quarter, rest, cpu] =
                [summary.median.wall, summary.quarter, summary.three_quarters, summary.median.cpu].map(ms);
            let (peak, ratio) = (mib(summary.median.peak), summary.wall_ratio(self.of(0)));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {name} | {runs} | {wall:.2} ms | {quarter:.2} to {rest:.2} ms | {cpu:.2} ms | {peak:.1} MiB | {ratio:.2} |"
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::Path;

    use super::*;
    use crate::bench::meter::Meter;

    #[test]
    fn everybody_runs_and_is_prepared_for_it() {
        let meter = Meter::for_tests();
        let prepared = Cell::new(0);
        let program = |name| meter.command(Path::new(name));
        let often = Contestant::new("true", program("/bin/true")).before(|| {
            prepared.set(prepared.get() + 1);
            Ok(())
        });
        let seldom = Contestant::new("echo", program("/bin/echo")).every(10);
        let results = run(&mut [often, seldom], 20).unwrap();
        assert_eq!(prepared.get(), WARM_UP + 20);
        assert_eq!(results.made(), 30 + 3);
        let table = results.table();
        assert!(table.contains("| true | 20 |") && table.contains("| echo | 2 |"), "{table}");
    }

    #[test]
    fn a_race_with_a_failure_has_no_result() {
        let program = Meter::for_tests().command(Path::new("/bin/false"));
        assert!(run(&mut [Contestant::new("false", program)], 20).is_err());
    }
}
