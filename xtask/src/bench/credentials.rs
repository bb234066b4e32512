//! `rolecall credentials ALIAS` with an agent running: what an AWS program runs as its `credential_process`.

use std::fs;
use std::path::Path;

use anyhow::bail;

use super::goal::{self, Goal};
use super::meter::Meter;
use super::race::{self, Contestant};
use super::rig::Rig;
use super::summary::mib;
use super::{cores, peers, world};

/// boto3 takes a hundred times as long as we do.
const SELDOM: usize = 20;

/// # Errors
/// When something cannot be built, started or run, or does not print what it should.
pub(super) fn measure(binary: &Path, rounds: usize) -> anyhow::Result<String> {
    let (meter, go, (python, script)) = (Meter::build()?, peers::go()?, peers::python("retrieve.py")?);
    let (rig, _agent, answer) = cores::on(cores::SERVER, || {
        let rig = Rig::start(binary, 1)?;
        let agent = rig.agent(&[])?;
        let answer = rig.answer()?;
        Ok((rig, agent, answer))
    })?;
    let ready = rig.path("ready.json");
    fs::write(&ready, &answer)?;
    peers::profiles(&rig, &ready)?;

    let command = |program: &Path| meter.command(program);
    let mut ours = rig.equip(command(binary));
    ours.args(["credentials", &world::name(1)]);
    let mut cat = rig.equip(command(Path::new("/bin/cat")));
    cat.arg(&ready);
    let with_profile = |program: &Path, profile| peers::with_profile(&rig, command(program), profile);
    let mut boto3 = with_profile(&python, "ready");
    boto3.arg(&script);
    let mut contestants = vec![
        Contestant::new("`rolecall credentials ALIAS`", ours),
        Contestant::new("`cat` of the same answer in a file", cat),
        Contestant::new("program on the AWS SDK for Go, one AssumeRole", with_profile(&go, "role")),
        Contestant::new("the same, `credential_process = cat FILE`", with_profile(&go, "ready")),
        Contestant::new("boto3, `credential_process = cat FILE`", boto3).every(SELDOM),
    ];
    for (index, contestant) in contestants.iter_mut().enumerate() {
        let printed = contestant.once()?;
        if index < 2 && printed != answer {
            bail!("`rolecall credentials` and `cat` must print the same bytes");
        }
        peers::check_session(&printed)?;
    }

    let one_core = race::run(&mut contestants, rounds)?;
    let anywhere = race::run_anywhere(&mut contestants, rounds)?;
    let ours = one_core.of(0);
    let go = |index| anywhere.of(index).wall_ratio(anywhere.of(0));
    let goals = [
        Goal::at_most("wall time on one core, in times of `cat`", 1.8, ours.wall_ratio(one_core.of(1)), ""),
        Goal::at_least("on all cores, times as fast as the Go program that asks STS", 4.0, go(2), ""),
        Goal::at_least("on all cores, times as fast as the Go program that reads `cat`", 4.0, go(3), ""),
        Goal::at_most("peak memory", 6.0, mib(ours.median.peak), " MiB"),
    ];
    Ok(format!(
        "What an AWS program runs as its `credential_process`, while the agent has a session. `cat` of a file with the same \
         bytes is the least that any `credential_process` can cost. The program on the AWS SDK for Go (`xtask/peers/go`, \
         static) is the least that such a tool costs when it is written in Go: it prints the credentials of a profile, once \
         by asking STS, which here answers at once, and once by reading what a `cat` prints, as from a cache.\n\n\
         On one core:\n\n{}\n\
         On all cores, as on anybody's machine; the Go program, which wakes several threads, is slower there:\n\n{}\n{}",
        one_core.table(),
        anywhere.table(),
        goal::list(&goals)
    ))
}
