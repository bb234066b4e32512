//! The middle of many runs: medians and middle halves, which a busy machine disturbs least.

use std::time::Duration;

/// What one run cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// From before the start to after the end, output read.
    pub(super) wall: Duration,
    /// Processor time in user and system mode, of the program and of what it started.
    pub(super) cpu: Duration,
    /// The most memory that it held at once, in bytes.
    pub(super) peak: u64,
}

/// The middle of many runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    /// The median of each.
    pub(super) median: Sample,
    /// The wall time that a quarter of the runs beat.
    pub(super) quarter: Duration,
    /// The wall time that three quarters of the runs beat.
    pub(super) three_quarters: Duration,
}

impl Summary {
    /// The summary of at least one run.
    pub(super) fn of(samples: &[Sample]) -> Self {
        let wall = sorted(samples, |sample| sample.wall);
        let median = Sample {
            wall: at(&wall, 2),
            cpu: at(&sorted(samples, |s| s.cpu), 2),
            peak: at(&sorted(samples, |s| s.peak), 2),
        };
        Self { median, quarter: at(&wall, 1), three_quarters: at(&wall, 3) }
    }

    /// How often the median wall time of `other` goes into this one's.
    pub(super) fn wall_ratio(&self, other: &Self) -> f64 {
        self.median.wall.as_secs_f64() / other.median.wall.as_secs_f64()
    }
}

/// The median of at least one value.
pub(super) fn median<T: Copy + Ord>(values: &[T]) -> T {
    at(&sorted(values, |value| *value), 2)
}

fn sorted<S, T: Ord>(samples: &[S], value: fn(&S) -> T) -> Vec<T> {
    let mut values: Vec<T> = samples.iter().map(value).collect();
    values.sort_unstable();
    values
}

fn at<T: Copy>(values: &[T], quarters: usize) -> T {
    values[(values.len() - 1) * quarters / 4]
}

/// Milliseconds, to print.
pub(super) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// MiB, to print.
pub(super) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_the_middle_whatever_the_order() {
        let ms = Duration::from_millis;
        let sample = |n| Sample { wall: ms(n), cpu: ms(n * 10), peak: n };
        let samples = [5, 1, 4, 2, 3].map(sample);
        let summary = Summary::of(&samples);
        assert_eq!(summary.median, sample(3));
        assert_eq!((summary.quarter, summary.three_quarters), (ms(2), ms(4)));
        let half = Summary::of(&[Sample { wall: Duration::from_micros(1500), ..sample(3) }]);
        assert!((summary.wall_ratio(&half) - 2.0).abs() < 1e-9);
        assert_eq!(median(&[3, 1, 2]), 2);
    }
}
