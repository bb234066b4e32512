//! `rolecall credentials ALIAS` without an agent: one AssumeRole in each run, since nothing is left from the run before.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::goal::{self, Goal};
use super::meter::Meter;
use super::race::{self, Contestant};
use super::rig::Rig;
use super::summary::mib;
use super::{cores, peers, world};

/// boto3 takes twenty times as long as the others.
const SELDOM: usize = 20;

/// What stays in the state directory: the definitions, which an agent wrote and which have no session.
const DEFINITIONS: &str = "roles.json";

/// # Errors
/// When something cannot be built or run, or when STS was not asked once in each run.
pub(super) fn measure(binary: &Path, rounds: usize) -> anyhow::Result<String> {
    let (meter, go, (python, script)) = (Meter::build()?, peers::go()?, peers::python("retrieve.py")?);
    let rig = cores::on(cores::SERVER, || {
        let rig = Rig::start(binary, 1)?;
        rig.agent(&["--once"])?.ended()?;
        Ok(rig)
    })?;
    peers::profiles(&rig, Path::new("/dev/null"))?;
    let state_dir = rig.path(".local/state/rolecall");

    let mut ours = rig.equip(meter.command(binary));
    ours.args(["credentials", &world::name(1)]);
    let with_profile = |program: &Path| peers::with_profile(&rig, meter.command(program), "role");
    let mut boto3 = with_profile(&python);
    boto3.arg(&script);
    let mut contestants = vec![
        Contestant::new("`rolecall credentials ALIAS`", ours).before(|| forget(&state_dir)),
        Contestant::new("program on the AWS SDK for Go", with_profile(&go)),
        Contestant::new("boto3", boto3).every(SELDOM),
    ];
    for contestant in &mut contestants {
        peers::check_session(&contestant.once()?)?;
    }
    rig.new_calls()?;
    let results = race::run(&mut contestants, rounds)?;
    let calls = rig.new_calls()?;
    if calls != results.made() {
        bail!("STS was asked {calls} times in {} runs", results.made());
    }

    let goals = [
        Goal::at_most("wall time, in times of the Go program", 1.0, results.of(0).wall_ratio(results.of(1)), ""),
        Goal::at_most("peak memory", 12.0, mib(results.of(0).median.peak), " MiB"),
    ];
    Ok(format!(
        "No agent runs and no session is kept, so STS is asked in each run (the sandbox counted the calls); it answers at \
         once. The program on the AWS SDK for Go (`xtask/peers/go`) and boto3 read a profile with `role_arn`.\n\n{}\n{}",
        results.table(),
        goal::list(&goals)
    ))
}

/// Takes every session out of the state directory.
fn forget(state_dir: &Path) -> anyhow::Result<()> {
    let reading = || format!("cannot empty {}", state_dir.display());
    for entry in fs::read_dir(state_dir).with_context(reading)? {
        let entry = entry?;
        if entry.file_name() == DEFINITIONS {
            continue;
        }
        let is_dir = entry.file_type()?.is_dir();
        if is_dir { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) }.with_context(reading)?;
    }
    Ok(())
}
