//! One run of one program: wall and processor time of the whole process, as the kernel counted them.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use wait4::Wait4 as _;

use crate::step::now;

/// What one run cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// From before the start to after the end, output read.
    pub(super) wall: Duration,
    /// Processor time in user and system mode.
    pub(super) cpu: Duration,
}

/// The middle of many runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    /// The medians of both times.
    pub(super) median: Sample,
    /// The wall time that a quarter of the runs beat.
    pub(super) quarter: Duration,
    /// The wall time that three quarters of the runs beat.
    pub(super) three_quarters: Duration,
}

/// Runs a program and returns what it cost and printed. Its output goes through a pipe, as to an AWS program.
///
/// # Errors
/// When it cannot be started, or fails.
pub(super) fn run(command: &mut Command) -> anyhow::Result<(Sample, Vec<u8>)> {
    let mut output = Vec::with_capacity(8192);
    let started = now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    child.stdout.take().context("stdout is piped")?.read_to_end(&mut output)?;
    let used = child.wait4()?;
    let wall = started.elapsed();
    if !used.status.success() {
        bail!("{}: {}", command.get_program().to_string_lossy(), used.status);
    }
    Ok((Sample { wall, cpu: used.rusage.utime + used.rusage.stime }, output))
}

impl Summary {
    /// The summary of at least one run.
    pub(super) fn of(samples: &[Sample]) -> Self {
        let sorted = |time: fn(&Sample) -> Duration| {
            let mut times: Vec<Duration> = samples.iter().map(time).collect();
            times.sort_unstable();
            times
        };
        let (wall, cpu) = (sorted(|sample| sample.wall), sorted(|sample| sample.cpu));
        let at = |times: &[Duration], quarters: usize| times[(times.len() - 1) * quarters / 4];
        Self {
            median: Sample { wall: at(&wall, 2), cpu: at(&cpu, 2) },
            quarter: at(&wall, 1),
            three_quarters: at(&wall, 3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_the_middle_whatever_the_order() {
        let ms = Duration::from_millis;
        let samples: Vec<Sample> = [5, 1, 4, 2, 3].map(|n| Sample { wall: ms(n), cpu: ms(n * 10) }).into();
        let summary = Summary::of(&samples);
        assert_eq!(summary.median, Sample { wall: ms(3), cpu: ms(30) });
        assert_eq!((summary.quarter, summary.three_quarters), (ms(2), ms(4)));
    }

    #[test]
    fn a_run_that_fails_is_no_sample() {
        assert!(run(&mut Command::new("false")).is_err());
        let (sample, output) = run(Command::new("echo").arg("x")).unwrap();
        assert_eq!(output, b"x\n");
        assert!(sample.wall > Duration::ZERO);
    }
}
