//! 100 roles at the end of chains: how often STS is asked for them, and how long it takes until all are there.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::bail;

use super::goal::{self, Goal};
use super::peers;
use super::summary::{median, ms};
use super::tree::{self, LEAVES, ROLES, Tree};
use crate::python;
use crate::step::{now, quietly};

/// The AWS CLI takes a third of a second for each profile, so it has fewer of them.
const LEAVES_OF_CLI: usize = 20;
const IDEAL_OF_CLI: usize = ROLES - LEAVES + LEAVES_OF_CLI;

/// How far STS is away, and which part of the Go program's time is the goal.
const LATENCIES: [(u32, f64); 2] = [(0, 0.5), (50, 1.0 / 3.0)];

/// Runs of each program, in turns.
const RUNS: usize = 7;

const LIMIT: Duration = Duration::from_secs(30);

/// # Errors
/// When something cannot be built, started or run, or does not get a session for each role.
pub(super) fn measure(binary: &Path) -> anyhow::Result<String> {
    let go = peers::go_profiles()?;
    let (calls, calls_table) = calls(binary, &go)?;
    let mut goals = vec![
        Goal::at_most("calls to STS, from nothing", ROLES as f64, calls[0] as f64, ""),
        Goal::at_most("calls to STS, again", 0.0, calls[1] as f64, ""),
    ];
    let mut table =
        String::from("| STS is away | agent, median | Go program, median | part of its time |\n|---|--:|--:|--:|\n");
    for (latency, part) in LATENCIES {
        let [ours, theirs] = times(binary, &go, latency)?;
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {latency} ms | {:.1} ms | {:.1} ms | {ratio:.2} |", ms(ours), ms(theirs));
        goals.push(Goal {
            what: format!("STS {latency} ms away, part of the Go program's time: at most {part:.2}"),
            seen: format!("{ratio:.2}"),
            met: ratio <= part,
        });
    }
    Ok(format!(
        "{LEAVES} leaves under two parents under a role that a web identity opens: {ROLES} roles. The peers read the same tree \
         from profiles with `source_profile`: the program on the AWS SDK for Go (`xtask/peers/profiles`) and boto3 \
         (`xtask/peers/profiles.py`) get all leaves in one process, with a session of the SDK for each; the AWS CLI runs \
         `aws sts get-caller-identity --profile` for each leaf. Counted is what assumes a role. Again: the program is started \
         once more, in the same home.\n\n{calls_table}\n\
         From the start of the process until the agent says that its first round is over (`--ready-file`), or the Go program, \
         which asks for all leaves at once, has ended; median of {RUNS} runs in turns, each in a new home. The agent writes \
         the profiles and keeps the sessions by then, and has one session for each parent. Three calls come one after another, \
         so nobody is faster than three times the way to STS; and no more than 64 calls are under way at once \
         (`--sts-in-flight`), so the leaves take it twice.\n\n{table}\n{}",
        goal::list(&goals)
    ))
}

/// How often each asks STS, as a table; and ours: from nothing and again.
fn calls(binary: &Path, go: &Path) -> anyhow::Result<([usize; 2], String)> {
    let (python, script) = peers::python("profiles.py")?;
    let aws = python::environment()?.join("aws");
    let ours = twice(binary, |tree| agent(tree).map(drop))?;
    let go = twice(binary, |tree| quietly(tree.aws_program(go).args(tree::leaves())))?;
    let boto3 = twice(binary, |tree| quietly(tree.aws_program(&python).arg(&script).args(tree::leaves())))?;
    let cli = twice(binary, |tree| {
        tree::leaves().take(LEAVES_OF_CLI).try_for_each(|leaf| {
            quietly(tree.aws_program(&aws).args(["sts", "get-caller-identity", "--profile"]).arg(leaf))
        })
    })?;
    let mut table = String::from("| calls to STS | leaves | ideal | from nothing | again |\n|---|--:|--:|--:|--:|\n");
    for (name, leaves, ideal, [cold, again]) in [
        ("`rolecall agent`", LEAVES, ROLES, ours),
        ("program on the AWS SDK for Go", LEAVES, ROLES, go),
        ("boto3", LEAVES, ROLES, boto3),
        ("AWS CLI, a call for each leaf", LEAVES_OF_CLI, IDEAL_OF_CLI, cli),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {name} | {leaves} | {ideal}, then 0 | {cold} | {again} |");
    }
    Ok((ours, table))
}

/// Does `work` two times in one home, and counts what it assumes each time.
fn twice(binary: &Path, work: impl Fn(&Tree) -> anyhow::Result<()>) -> anyhow::Result<[usize; 2]> {
    let tree = Tree::start(binary)?;
    let count = || {
        work(&tree)?;
        tree.rig.new_assumed()
    };
    Ok([count()?, count()?])
}

/// The median times of the agent and of the Go program.
fn times(binary: &Path, go: &Path, latency: u32) -> anyhow::Result<[Duration; 2]> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let start = || {
        let tree = Tree::start(binary)?;
        tree.rig.faults(&format!(r#"{{"latency_ms":{latency}}}"#))?;
        anyhow::Ok(tree)
    };
    for _ in 0..RUNS {
        ours.push(agent(&start()?)?);
        let tree = start()?;
        let mut program: Command = tree.aws_program(go);
        program.args(tree::leaves());
        let started = now();
        quietly(&mut program)?;
        theirs.push(started.elapsed());
    }
    Ok([median(&ours), median(&theirs)])
}

/// How long an agent takes from its start to the end of its first round; it is ended then.
fn agent(tree: &Tree) -> anyhow::Result<Duration> {
    let ready = tree.rig.path("ready");
    let (settings, file) = (tree.settings().display().to_string(), ready.display().to_string());
    let started = now();
    let agent = tree.rig.agent(&["--config", &settings, "--ready-file", &file])?;
    while !ready.exists() {
        if started.elapsed() > LIMIT {
            bail!("the agent is not ready after {} s", LIMIT.as_secs());
        }
        sleep(Duration::from_millis(1));
    }
    let time = started.elapsed();
    let fresh = tree.rig.fresh()?;
    if fresh != ROLES {
        bail!("{fresh} of {ROLES} roles have a session when the agent says that it is ready");
    }
    agent.stopped()?;
    Ok(time)
}
