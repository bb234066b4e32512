//! `rolecall validate` of 500 roles, with STS 50 ms away, against what the budget of calls to STS allows.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;

use super::goal::{self, Goal};
use super::rig::Rig;
use super::summary::median;
use super::world;
use crate::step::{now, quietly};

const ROLES: usize = 500;
const LATENCY: Duration = Duration::from_millis(50);
const RUNS: usize = 3;

/// The budget that all have unless they are told another: so many calls at once, then so many a second.
const BURST: usize = 200;
const A_SECOND: usize = 200;

/// # Errors
/// When something cannot be started, a role cannot be assumed, or STS is asked more often than once for each.
pub(super) fn measure(binary: &Path) -> anyhow::Result<String> {
    let runs = (0..RUNS).map(|_| run(binary)).collect::<anyhow::Result<Vec<_>>>()?;
    let time = median(&runs).as_secs_f64();
    let bound = (Duration::from_secs((ROLES - BURST) as u64) / A_SECOND as u32 + LATENCY).as_secs_f64();
    let goals = [Goal::at_most("all are tried, in times of the bound", 1.1, time / bound, "")];
    Ok(format!(
        "The sandbox answers after {} ms; STS is asked {ROLES} times. The budget of calls to STS ({BURST} at once, then \
         {A_SECOND} a second) and the last answer set a bound of {bound:.2} s. Median of {RUNS} runs: {time:.2} s.\n\n{}",
        LATENCY.as_millis(),
        goal::list(&goals)
    ))
}

fn run(binary: &Path) -> anyhow::Result<Duration> {
    let rig = Rig::start(binary, ROLES)?;
    rig.faults(&format!(r#"{{"latency_ms":{}}}"#, LATENCY.as_millis()))?;
    let mut validate = rig.rolecall(&["validate"]);
    validate.envs((1..=ROLES).map(world::variable));
    let started = now();
    quietly(&mut validate)?;
    let time = started.elapsed();
    let calls = rig.new_calls()?;
    if calls != ROLES as u64 {
        bail!("STS was asked {calls} times for {ROLES} roles");
    }
    Ok(time)
}
