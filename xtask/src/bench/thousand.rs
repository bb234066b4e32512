//! 1,000 roles from nothing, with STS 50 ms away: how long until all have a session, and until all are written.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::bail;

use super::goal::{self, Goal};
use super::meter::Meter;
use super::rig::Rig;
use super::summary::{median, ms};
use crate::step::now;

const ROLES: usize = 1000;
const LATENCY_MS: u32 = 50;
const RUNS: usize = 3;

/// The budget of calls to STS that agents have unless they are told another: so many at once, then so many a second.
const BURST: usize = 200;
const A_SECOND: usize = 200;

/// The agent is not asked before this: its answer about so many roles is long, and no session can be the last by then.
const ASKED_FROM: Duration = Duration::from_millis(3500);

const LIMIT: Duration = Duration::from_secs(30);

/// One start, from before the process is made.
struct Run {
    /// All roles have a session.
    fresh: Duration,
    /// All are in the user's credentials file.
    published: Duration,
    /// Processor time of the agent by then.
    cpu: Duration,
}

/// # Errors
/// When something cannot be started, takes too long, or asks STS more often than once for each role.
pub(super) fn measure(binary: &Path) -> anyhow::Result<String> {
    let meter = Meter::build()?;
    let runs = (0..RUNS).map(|_| run(binary, &meter)).collect::<anyhow::Result<Vec<_>>>()?;
    let bound = Duration::from_secs(((ROLES - BURST) / A_SECOND) as u64);
    let (fresh, published) = (
        median(&runs.iter().map(|run| run.fresh).collect::<Vec<_>>()),
        median(&runs.iter().map(|run| run.published).collect::<Vec<_>>()),
    );
    let ratio = |time: Duration| time.as_secs_f64() / bound.as_secs_f64();
    let goals = [
        Goal::at_most("all have a session, in times of the bound", 1.1, ratio(fresh), ""),
        Goal::at_most("all are written, in times of the bound", 1.15, ratio(published), ""),
    ];
    let mut table = String::from(
        "| from the start of the agent | all have a session | all are in `~/.aws/credentials` | processor time |\n\
         |---|--:|--:|--:|\n",
    );
    for (number, run) in (1..).zip(&runs) {
        let [fresh, published] = [run.fresh, run.published].map(|time| time.as_secs_f64());
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| run {number} | {fresh:.2} s | {published:.2} s | {:.0} ms |", ms(run.cpu));
    }
    Ok(format!(
        "The sandbox answers after {LATENCY_MS} ms; `--publish file`; STS is asked {ROLES} times. The budget of calls to STS \
         ({BURST} at once, then {A_SECOND} a second) sets a bound of {} s, which nobody can beat without asking STS for more \
         than a third of what it allows.\n\n{table}\n{}",
        bound.as_secs(),
        goal::list(&goals)
    ))
}

fn run(binary: &Path, meter: &Meter) -> anyhow::Result<Run> {
    let rig = Rig::start(binary, ROLES)?;
    rig.faults(&format!(r#"{{"latency_ms":{LATENCY_MS}}}"#))?;
    let file = rig.path(".aws/credentials");
    let started = now();
    let agent = rig.agent(&["--publish", "file"])?;
    sleep(ASKED_FROM);
    let (mut fresh, mut published) = (None, None);
    while fresh.is_none() || published.is_none() {
        if published.is_none() {
            // Not there until the first session is written.
            let text = fs::read_to_string(&file).unwrap_or_default();
            published = (text.matches("aws_access_key_id").count() == ROLES).then(|| started.elapsed());
        }
        if fresh.is_none() {
            fresh = (rig.fresh()? == ROLES).then(|| started.elapsed());
        }
        if started.elapsed() > LIMIT {
            bail!("not all of {ROLES} roles are there after {} s", LIMIT.as_secs());
        }
        sleep(Duration::from_millis(10));
    }
    let cpu = meter.processor_time(agent.pid())?;
    let calls = rig.new_calls()?;
    if calls != ROLES as u64 {
        bail!("STS was asked {calls} times for {ROLES} roles");
    }
    let published = published.unwrap_or_default();
    // What is written was held before: what is asked for first is not always seen first.
    Ok(Run { fresh: fresh.unwrap_or_default().min(published), published, cpu })
}
