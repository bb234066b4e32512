//! The figures as the page `docs/figures.md`: what was measured, on what, and how to repeat it.

use std::fmt;
use std::fs;
use std::time::Duration;

use super::measure::Summary;

/// How many times `cat` the command may take, in wall time.
const GOAL: f64 = 1.8;

/// `rolecall credentials` and its stand-in.
pub(super) struct Figures {
    /// Runs of each.
    pub(super) rounds: usize,
    /// `rolecall credentials`.
    pub(super) ours: Summary,
    /// `cat`.
    pub(super) theirs: Summary,
}

impl Figures {
    fn wall_ratio(&self) -> f64 {
        self.ours.median.wall.as_secs_f64() / self.theirs.median.wall.as_secs_f64()
    }

    fn cpu_ratio(&self) -> f64 {
        self.ours.median.cpu.as_secs_f64() / self.theirs.median.cpu.as_secs_f64()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, what: &str, of: &Summary| {
            let [median, quarter, rest, cpu] = [of.median.wall, of.quarter, of.three_quarters, of.median.cpu].map(ms);
            writeln!(f, "| {what} | {median:.2} ms | {quarter:.2} to {rest:.2} ms | {cpu:.2} ms |")
        };
        writeln!(f, "| {} runs each, alternating | wall, median | middle half | user + system, median |", self.rounds)?;
        writeln!(f, "|---|---|---|---|")?;
        row(f, "`rolecall credentials ALIAS`", &self.ours)?;
        row(f, "`cat` of the same answer in a file", &self.theirs)?;
        let (wall, cpu) = (self.wall_ratio(), self.cpu_ratio());
        write!(f, "| ratio | **{wall:.2}** (goal: {GOAL}) | | {cpu:.2} |")
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The page.
pub(super) fn document(figures: &Figures) -> String {
    format!(
        "# Figures\n\n\
         Written by `cargo xtask bench`; run it to repeat them. Only ratios mean something on another machine.\n\n\
         Machine: {}.\n\n\
         ## `rolecall credentials ALIAS`\n\n\
         What an AWS program runs as its `credential_process`, as a whole process from start to end, its output read \
         through a pipe. The agent runs, the role has a session, the build is what ships (`cargo xtask dist`). `cat` of a \
         file with the same bytes is the least that any `credential_process` can cost. The agent has one core, the \
         command and `cat` the other.\n\n\
         {figures}\n",
        machine()
    )
}

fn machine() -> String {
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let memory = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse::<u64>().unwrap_or(0);
    let memory = memory.div_ceil(1 << 20);
    // Not what this process may use: it has put itself on one core.
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let processor = field("/proc/cpuinfo", "model name");
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let system = system.split('-').next().unwrap_or_default().trim();
    format!("{cores} cores of {processor}, {memory} GiB, Linux {system}")
}
