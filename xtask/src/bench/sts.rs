//! The sandbox alone: how many AssumeRole calls a second it answers, signatures verified.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::goal::{self, Goal};
use super::rig::Rig;
use super::wrk::{self, Load, middle};
use super::{cores, peers, world};

/// Connections that are kept, and seconds of load.
const CONNECTIONS: u32 = 64;
const SECONDS: u32 = 5;

/// Runs of each kind, in turns.
const RUNS: usize = 3;

/// # Errors
/// When something cannot be started, or an answer is not 200.
pub(super) fn measure(binary: &Path) -> anyhow::Result<String> {
    let (mut pinned, mut free) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let rig = cores::on(cores::SERVER, || Rig::start(binary, 1))?;
        pinned.push(cores::on(cores::CLIENT, || load(&rig))?);
        free.push(load(&Rig::start(binary, 1)?)?);
    }
    let (pinned, free) = (middle(pinned), middle(free));
    let mut table = String::from("| | AssumeRole a second | half within | 99 % within |\n|---|--:|--:|--:|\n");
    for (name, Load { a_second, half, most }) in
        [("sandbox on one core, load generator on the other", pinned), ("both where the system puts them", free)]
    {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {name} | {a_second:.0} | {half:.2} ms | {most:.2} ms |");
    }
    let goals = [Goal::at_least("where the system puts them", 57_000.0, free.a_second, " a second")];
    Ok(format!(
        "`wrk` with {CONNECTIONS} connections that are kept, {SECONDS} s, the middle of {RUNS} runs in turns. Each call is the \
         same signed request; the sandbox verifies the signature and issues a new session each time. The goal is what a \
         server that does the same with axum, and nothing else, reached on two cores.\n\n{table}\n{}",
        goal::list(&goals)
    ))
}

/// Puts load on the sandbox.
fn load(rig: &Rig) -> anyhow::Result<Load> {
    let script = rig.path("assume-role.lua");
    fs::write(&script, request(rig)?)?;
    wrk::run(CONNECTIONS, SECONDS, |command| command.arg("--script").arg(&script).arg(format!("{}/", rig.endpoint())))
}

/// A signed request, as wrk reads it.
fn request(rig: &Rig) -> anyhow::Result<String> {
    let (python, script) = peers::python("sign.py")?;
    let mut sign: Command = rig.equip(Command::new(python));
    sign.arg(script).args([rig.endpoint(), "us-east-1", &world::arn(1)]);
    let output = sign.output()?;
    if !output.status.success() {
        bail!("sign.py: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    let request: Value = serde_json::from_slice(&output.stdout)?;
    // JSON's texts are Lua's, as long as they are plain ASCII.
    let mut lua = format!("wrk.method = \"POST\"\nwrk.body = {}\n", request["body"]);
    for (name, value) in request["headers"].as_object().context("sign.py prints no headers")? {
        let _ = writeln!(lua, "wrk.headers[\"{name}\"] = {value}");
    }
    Ok(lua)
}
