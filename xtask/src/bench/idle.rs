//! An agent that has nothing to do but its refreshes: memory and processor time.
//!
//! An hour is too long to watch, so it is put together from two parts that are measured: the time between refreshes, and
//! what a refresh costs. For the second the sandbox issues short sessions.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context as _;

use super::goal::{self, Goal};
use super::meter::Meter;
use super::rig::{Rig, Running};
use super::summary::mib;

const ROLES: usize = 100;

/// The threads of the start have ended by then: tokio lets one go after 10 s without work.
pub(super) const CALM: Duration = Duration::from_secs(15);

/// How long the idle agent is watched.
const WATCHED: Duration = Duration::from_secs(120);

/// How long the refreshing agent is watched, and the length of its sessions, which are refreshed after half of it.
const REFRESHING: Duration = Duration::from_secs(60);

/// One call after another: in a real hour jitter keeps refreshes apart, so that each is written alone.
const APART: [&str; 4] = ["--sts-burst", "1", "--sts-rate", "10"];

const HOUR: Duration = Duration::from_secs(3600);

/// How old a session of an hour is when it is refreshed: 10 minutes before its end, and earlier by half of the three
/// minutes over which refreshes are spread.
const AGE: Duration = Duration::from_secs(3600 - 600 - 90);

/// # Errors
/// When something cannot be started or does not get its sessions.
pub(super) fn measure(binary: &Path) -> anyhow::Result<String> {
    let meter = Meter::build()?;
    let (rig, agent) = started(binary, "{}", &[])?;
    sleep(CALM);
    let idle = used(&meter, &agent, WATCHED)?;
    let memory = Memory::of(&agent)?;
    drop((agent, rig));

    let (rig, agent) = started(binary, &format!(r#"{{"session_seconds":{}}}"#, REFRESHING.as_secs()), &APART)?;
    rig.new_calls()?;
    let busy = used(&meter, &agent, REFRESHING)?;
    let refreshes = u32::try_from(rig.new_calls()?)?.max(1);
    let after = Memory::of(&agent)?;

    let hour = Hour::of(idle, busy, refreshes);
    let Hour { waiting, each, refreshes: in_an_hour } = hour;
    let (watched, waited, each_ms) = (WATCHED.as_secs(), idle.as_secs_f64() * 1e3, each * 1e3);
    let goals = [
        Goal::at_most("memory", 12.0, mib(memory.resident), " MiB"),
        Goal::at_most("processor time", 1.0, waiting + in_an_hour * each, " s an hour"),
    ];
    Ok(format!(
        "{ROLES} roles with sessions of an hour. The hour is put together, not watched: {watched} s without a refresh took \
         {waited:.1} ms of processor time, so {waiting:.2} s an hour; and a second agent whose sessions last {} s made \
         {refreshes} refreshes at {each_ms:.2} ms each, one after the other and each written to the files, of which an hour \
         has {in_an_hour:.0}.\n\n\
         | | resident | of it the heap and stacks | peak |\n|---|--:|--:|--:|\n\
         | {ROLES} roles, sessions held | {} |\n| {refreshes} refreshes later | {} |\n\n{}",
        REFRESHING.as_secs(),
        memory.row(),
        after.row(),
        goal::list(&goals)
    ))
}

/// What an hour takes, in seconds of processor time.
#[derive(Debug, PartialEq)]
struct Hour {
    /// All of the waiting.
    waiting: f64,
    /// One refresh.
    each: f64,
    /// How many refreshes an hour has.
    refreshes: f64,
}

impl Hour {
    /// `idle` was used within [`WATCHED`] without a refresh, `busy` within [`REFRESHING`] with `refreshes` of them.
    fn of(idle: Duration, busy: Duration, refreshes: u32) -> Self {
        let a_second = idle.as_secs_f64() / WATCHED.as_secs_f64();
        let working = busy.as_secs_f64() - a_second * REFRESHING.as_secs_f64();
        Self {
            waiting: a_second * HOUR.as_secs_f64(),
            each: working.max(0.0) / f64::from(refreshes),
            refreshes: ROLES as f64 * HOUR.as_secs_f64() / AGE.as_secs_f64(),
        }
    }
}

/// A sandbox with these faults, and an agent all of whose roles have a session.
fn started(binary: &Path, faults: &str, args: &[&str]) -> anyhow::Result<(Rig, Running)> {
    let rig = Rig::start(binary, ROLES)?;
    rig.faults(faults)?;
    let agent = rig.agent(args)?;
    rig.all_fresh()?;
    Ok((rig, agent))
}

/// The processor time that a process uses within `time`.
fn used(meter: &Meter, process: &Running, time: Duration) -> anyhow::Result<Duration> {
    let before = meter.processor_time(process.pid())?;
    sleep(time);
    Ok(meter.processor_time(process.pid())?.saturating_sub(before))
}

/// What a process holds, in bytes.
pub(super) struct Memory {
    pub(super) resident: u64,
    /// The part of it that is no file.
    anonymous: u64,
    peak: u64,
}

impl Memory {
    pub(super) fn of(process: &Running) -> anyhow::Result<Self> {
        let status = fs::read_to_string(format!("/proc/{}/status", process.pid()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let kib = line.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            kib.map(|kib| kib * 1024).with_context(|| format!("the system does not tell {name}"))
        };
        Ok(Self { resident: field("VmRSS")?, anonymous: field("RssAnon")?, peak: field("VmHWM")? })
    }

    pub(super) fn row(&self) -> String {
        let [resident, anonymous, peak] = [self.resident, self.anonymous, self.peak].map(mib);
        format!("{resident:.1} MiB | {anonymous:.1} MiB | {peak:.1} MiB")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_the_waiting_and_the_refreshes() {
        let ms = Duration::from_millis;
        // 10 ms in two minutes are 5 ms in one, which leaves 200 ms for 100 refreshes.
        let hour = Hour::of(ms(10), ms(205), 100);
        assert!((hour.waiting - 0.3).abs() < 1e-9, "{hour:?}");
        assert!((hour.each - 0.002).abs() < 1e-9, "{hour:?}");
        assert!((hour.refreshes - 123.7).abs() < 0.1, "{hour:?}");
        assert!(Hour::of(ms(10), ms(1), 100).each.abs() < 1e-9);
    }
}
