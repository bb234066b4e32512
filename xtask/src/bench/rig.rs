//! A sandbox and an agent that run while the bench does, in a temporary home, on a core of their own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::thread::{CpuSet, sched_setaffinity};
use tempfile::TempDir;

use crate::step::now;

const ALIAS: &str = "MyFirstAccount";

/// What is being measured against; everything ends when it is dropped.
pub(super) struct Rig {
    binary: PathBuf,
    // In this order: the processes end before their home goes.
    _agent: Ended,
    _sandbox: Ended,
    home: TempDir,
}

/// A process that is ended when dropped.
struct Ended(Child);

impl Rig {
    /// Starts the servers and waits until the role has a session.
    ///
    /// # Errors
    /// When something does not start, or there is no session within 10 seconds.
    pub(super) fn start(binary: &Path) -> anyhow::Result<Self> {
        let home = TempDir::with_prefix("bench-")?;
        let program = |args: &[&str]| {
            let mut command = Command::new(binary);
            command.args(args).env_clear().env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
            command.stderr(Stdio::null());
            command
        };
        // Asked once: a thread on one core is told that there is one.
        let cores = std::thread::available_parallelism()?.get();
        pin(0, cores)?;
        let mut sandbox = Ended(program(&["sandbox"]).stdout(Stdio::piped()).spawn()?);
        let exports = exports(&mut sandbox.0)?;
        let mut agent = program(&["agent"]);
        agent.envs(exports).env("AWS_ROLE_1", format!("arn:aws:iam::123456789012:role/MyFirstRole:{ALIAS}"));
        let agent = Ended(agent.stdout(Stdio::null()).spawn()?);
        pin(1, cores)?;

        let rig = Self { binary: binary.into(), _agent: agent, _sandbox: sandbox, home };
        let started = now();
        loop {
            let answer = rig.credentials().stderr(Stdio::null()).output()?;
            if answer.status.success() {
                fs::write(rig.ready_file(), answer.stdout)?;
                return Ok(rig);
            }
            if started.elapsed() > Duration::from_secs(10) {
                bail!("the agent has no session after 10 s");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The command that is measured.
    pub(super) fn credentials(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.env_clear().env("HOME", self.home.path()).args(["credentials", ALIAS]);
        command
    }

    /// A file with what it prints.
    pub(super) fn ready_file(&self) -> PathBuf {
        self.home.path().join("ready.json")
    }
}

/// The variables that the sandbox prints as `export NAME=value NAME=value`.
fn exports(sandbox: &mut Child) -> anyhow::Result<Vec<(String, String)>> {
    let mut variables = Vec::new();
    for line in BufReader::new(sandbox.stdout.take().context("stdout is piped")?).lines() {
        let line = line?;
        let words = line.strip_prefix("export ").unwrap_or_default().split_whitespace();
        let value = |value: &str| value.trim_matches('\'').to_owned();
        variables
            .extend(words.filter_map(|word| word.split_once('=')).map(|(name, text)| (name.to_owned(), value(text))));
        if variables.iter().any(|(name, _)| name == "AWS_SECRET_ACCESS_KEY") {
            return Ok(variables);
        }
    }
    bail!("the sandbox ended before it said where it is")
}

/// Puts this thread, and what it starts from now on, on one core: on two, where things run is half of what is measured.
fn pin(core: usize, cores: usize) -> anyhow::Result<()> {
    if core >= cores {
        return Ok(());
    }
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).context("cannot choose a core")
}

impl Drop for Ended {
    fn drop(&mut self) {
        // Nothing to do about a failure: it has ended then.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
