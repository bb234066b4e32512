//! The sandbox alone: how many AssumeRole calls a second it answers, signatures verified.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::goal::{self, Goal};
use super::rig::Rig;
use super::{cores, peers, world};

/// Connections that are kept, and seconds of load.
const CONNECTIONS: u32 = 64;
const SECONDS: u32 = 5;

/// Runs of each kind, in turns.
const RUNS: usize = 3;

/// What the load generator saw.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Load {
    a_second: f64,
    /// Milliseconds that half of the answers beat, and 99 in 100.
    half: f64,
    most: f64,
}

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
    let mut wrk = peers::wrk()?;
    wrk.args(["--threads=1", "--latency", &format!("--connections={CONNECTIONS}"), &format!("--duration={SECONDS}s")]);
    let output = wrk.arg("--script").arg(script).arg(format!("{}/", rig.endpoint())).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("wrk: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    read(&text).with_context(|| format!("wrk says:\n{text}"))
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

fn read(text: &str) -> anyhow::Result<Load> {
    if let Some(bad) =
        text.lines().map(str::trim).find(|line| line.starts_with("Non-2xx") || line.starts_with("Socket"))
    {
        bail!("{bad}");
    }
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
        line.map(str::trim).with_context(|| format!("no {name}"))
    };
    let time = |name: &str| {
        let text = value(name)?;
        let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
        let in_ms = match unit {
            "us" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            _ => bail!("the unit of {text}"),
        };
        Ok(number.parse::<f64>()? * in_ms)
    };
    Ok(Load { a_second: value("Requests/sec:")?.parse()?, half: time("50%")?, most: time("99%")? })
}

/// The one in the middle by rate.
fn middle(mut loads: Vec<Load>) -> Load {
    loads.sort_unstable_by(|a, b| a.a_second.total_cmp(&b.a_second));
    loads[loads.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
Running 5s test @ http://127.0.0.1:4566/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.40ms  420.10us   8.95ms   91.33%
  Latency Distribution
     50%  987.00us
     75%    1.41ms
     90%    1.66ms
     99%    2.92ms
  225901 requests in 5.00s, 250.45MB read
Requests/sec:  45163.08
Transfer/sec:     50.07MB
";

    #[test]
    fn what_wrk_says_is_read() {
        assert_eq!(read(SAID).unwrap(), Load { a_second: 45163.08, half: 0.987, most: 2.92 });
    }

    #[test]
    fn answers_that_are_no_sessions_are_no_figure() {
        let text = SAID.replace("Requests/sec", "  Non-2xx or 3xx responses: 3\nRequests/sec");
        assert_eq!(read(&text).unwrap_err().to_string(), "Non-2xx or 3xx responses: 3");
        assert!(read("").is_err());
    }
}
