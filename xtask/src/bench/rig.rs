//! A sandbox, and the programs that are run against it, in a temporary home.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

use super::{http, world};
use crate::step::now;

/// The longest that a role may take to have a session.
const LIMIT: Duration = Duration::from_secs(30);

/// What is measured against; everything ends when it is dropped.
pub(super) struct Rig {
    binary: PathBuf,
    // In this order: the process ends before its home goes.
    _sandbox: Running,
    /// What a shell would export to use the sandbox.
    variables: Vec<(String, String)>,
    home: TempDir,
    roles: usize,
}

/// A process that is ended when dropped.
pub(super) struct Running(Child);

impl Rig {
    /// Starts a sandbox with so many roles.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(binary: &Path, roles: usize) -> anyhow::Result<Self> {
        Self::of_world(binary, &world::toml(roles), roles)
    }

    /// Starts a sandbox with this world, of whose roles the first `roles` are told to an agent by variables.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn of_world(binary: &Path, world: &str, roles: usize) -> anyhow::Result<Self> {
        let home = TempDir::with_prefix("bench-")?;
        let config = home.path().join("world.toml");
        fs::write(&config, world)?;
        let mut command = Command::new(binary);
        command.env_clear().args(["sandbox", "--config"]).arg(config).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut sandbox = Running(command.spawn()?);
        let variables = exports(&mut sandbox.0)?;
        Ok(Self { binary: binary.into(), _sandbox: sandbox, variables, home, roles })
    }

    /// Starts an agent for all roles.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn agent(&self, args: &[&str]) -> anyhow::Result<Running> {
        let mut command = self.equip(Command::new(&self.binary));
        command.arg("agent").args(args).stdout(Stdio::null()).stderr(Stdio::null());
        command.envs((1..=self.roles).map(world::variable));
        Ok(Running(command.spawn()?))
    }

    /// Waits until the first role has a session, and returns its `credential_process` answer.
    ///
    /// # Errors
    /// When that takes too long.
    pub(super) fn answer(&self) -> anyhow::Result<Vec<u8>> {
        let started = now();
        loop {
            let answer = self.rolecall(&["credentials", &world::name(1)]).stderr(Stdio::null()).output()?;
            if answer.status.success() {
                return Ok(answer.stdout);
            }
            if started.elapsed() > LIMIT {
                bail!("the agent has no session after {} s", LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until all roles have a session.
    ///
    /// # Errors
    /// When that takes too long.
    pub(super) fn all_fresh(&self) -> anyhow::Result<()> {
        let started = now();
        while self.fresh()? < self.roles {
            if started.elapsed() > LIMIT {
                bail!("not all of {} roles have a session after {} s", self.roles, LIMIT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// How many roles have a session, as the agent says; none when it does not answer.
    ///
    /// # Errors
    /// When the command cannot be run.
    pub(super) fn fresh(&self) -> anyhow::Result<usize> {
        let output = self.rolecall(&["profiles", "--output", "json"]).stderr(Stdio::null()).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).matches(r#""state":"fresh""#).count())
    }

    /// The program that is measured.
    pub(super) fn binary(&self) -> &Path {
        &self.binary
    }

    /// A `rolecall` command beside the agent.
    pub(super) fn rolecall(&self, args: &[&str]) -> Command {
        let mut command = self.equip(Command::new(&self.binary));
        command.args(args);
        command
    }

    /// Gives a command this home and the sandbox, and nothing else of this process.
    pub(super) fn equip(&self, mut command: Command) -> Command {
        command.env_clear().env("HOME", self.home.path()).env("PATH", "/usr/bin:/bin");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// A path in the home.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Has the sandbox do something wrong: JSON as `PUT /_sandbox/faults` takes it.
    ///
    /// # Errors
    /// When it refuses.
    pub(super) fn faults(&self, json: &str) -> anyhow::Result<()> {
        http::ask(self.address()?, "PUT", "/_sandbox/faults", json).map(drop)
    }

    /// How many calls the sandbox has had since this was asked last.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) fn new_calls(&self) -> anyhow::Result<u64> {
        let address = self.address()?;
        let log = http::ask(address, "GET", "/_sandbox/calls", "")?;
        http::ask(address, "DELETE", "/_sandbox/calls", "")?;
        log["total"].as_u64().context("the sandbox does not say how many calls it had")
    }

    /// How many of the calls that the sandbox has had since this was asked last, or [`Self::new_calls`], assumed a role.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) fn new_assumed(&self) -> anyhow::Result<usize> {
        let address = self.address()?;
        let log = http::ask(address, "GET", "/_sandbox/calls", "")?;
        http::ask(address, "DELETE", "/_sandbox/calls", "")?;
        let calls = log["calls"].as_array().context("the sandbox does not say which calls it had")?;
        Ok(calls.iter().filter(|call| call["action"].as_str().is_some_and(|it| it.starts_with("AssumeRole"))).count())
    }

    /// Has the sandbox's identity provider make a token for a subject.
    ///
    /// # Errors
    /// When it refuses.
    pub(super) fn token(&self, subject: &str) -> anyhow::Result<String> {
        http::text(self.address()?, "POST", "/_sandbox/tokens", &json!({"sub": subject}).to_string(), &[])
    }

    /// The URL of the sandbox.
    pub(super) fn endpoint(&self) -> &str {
        let endpoint = self.variables.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL");
        endpoint.map(|(_, url)| url.as_str()).unwrap_or_default()
    }

    /// Where the sandbox listens: host and port.
    fn address(&self) -> anyhow::Result<&str> {
        self.endpoint().strip_prefix("http://").context("the sandbox did not say where it is")
    }
}

impl Running {
    /// One that was started already.
    pub(super) fn of(child: Child) -> Self {
        Self(child)
    }

    /// Its number.
    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it failed.
    pub(super) fn ended(mut self) -> anyhow::Result<()> {
        let status = self.0.wait()?;
        if !status.success() {
            bail!("rolecall: {status}");
        }
        Ok(())
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    ///
    /// # Errors
    /// When it failed.
    pub(super) fn stopped(self) -> anyhow::Result<()> {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::TERM)?;
        self.ended()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing to do about a failure: it has ended then.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The variables that the sandbox prints as `export NAME=value NAME=value`.
fn exports(sandbox: &mut Child) -> anyhow::Result<Vec<(String, String)>> {
    let mut variables = Vec::new();
    for line in BufReader::new(sandbox.stdout.take().context("stdout is piped")?).lines() {
        let line = line?;
        let words = line.strip_prefix("export ").unwrap_or_default().split_whitespace();
        let pairs = words.filter_map(|word| word.split_once('='));
        variables.extend(pairs.map(|(name, value)| (name.to_owned(), value.trim_matches(['\'', '"']).to_owned())));
        if variables.iter().any(|(name, _)| name == "AWS_SECRET_ACCESS_KEY") {
            return Ok(variables);
        }
    }
    bail!("the sandbox ended before it said where it is")
}
