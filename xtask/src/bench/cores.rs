//! Which core something runs on: on two cores, where things run is half of what is measured.

use anyhow::Context as _;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Does something on one core; what it starts stays there. Where there is no such core, on all of them.
///
/// # Errors
/// Those of `work`, or when the core cannot be chosen.
pub(super) fn on<T>(core: usize, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let before = sched_getaffinity(None).context("cannot tell the cores of this process")?;
    if !before.is_set(core) {
        return work();
    }
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).context("cannot choose a core")?;
    let done = work();
    sched_setaffinity(None, &before).context("cannot go back to all cores")?;
    done
}

/// The core of whoever answers: sandbox and agent.
pub(super) const SERVER: usize = 0;

/// The core of whoever asks.
pub(super) const CLIENT: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cores_come_back() {
        let before = sched_getaffinity(None).unwrap();
        let count = on(0, || Ok(sched_getaffinity(None)?.count())).unwrap();
        assert!(count == 1 || !before.is_set(0));
        assert_eq!(sched_getaffinity(None).unwrap(), before);
        assert_eq!(
            on(usize::from(u16::MAX).min(CpuSet::MAX_CPU - 1), || Ok(sched_getaffinity(None)?)).unwrap(),
            before
        );
    }
}
