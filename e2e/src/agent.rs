//! `rolecall agent` as a child process, and what it says of its roles.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::{Finished, Home, Running, finish, until};

/// How long an agent may take for anything that it does by itself, with short sessions and short backoffs.
const LIMIT: Duration = Duration::from_secs(90);

/// An agent under way in a home.
pub struct Agent<'home> {
    home: &'home Home,
    process: Running,
}

impl<'home> Agent<'home> {
    /// Starts one that sees these variables and no others, and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    #[track_caller]
    pub fn start<N, V>(home: &'home Home, variables: impl IntoIterator<Item = (N, V)>, args: &[&str]) -> Self
    where
        N: AsRef<std::ffi::OsStr>,
        V: AsRef<std::ffi::OsStr>,
    {
        Self::start_with(home, Self::command(home, args).envs(variables))
    }

    /// Starts one by a command that ends up as it, and waits until it answers.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    #[track_caller]
    pub fn start_with(home: &'home Home, command: &mut Command) -> Self {
        let process = Running::start(command);
        let mut agent = Self { home, process };
        agent.process.wait_for("an agent that answers", |_| {
            finish(&mut home.rolecall(&["profiles", "--output", "json"])).stdout.starts_with('{').then_some(())
        });
        agent
    }

    /// The command that starts one.
    #[must_use]
    pub fn command(home: &Home, args: &[&str]) -> Command {
        let mut command = home.rolecall(&["agent"]);
        command.args(args);
        command
    }

    /// What `rolecall profiles` tells programs.
    #[track_caller]
    #[must_use]
    pub fn profiles(&self) -> Value {
        self.told("profiles")
    }

    /// What `rolecall status` tells programs.
    #[track_caller]
    #[must_use]
    pub fn status(&self) -> Value {
        self.told("status")
    }

    #[track_caller]
    fn told(&self, command: &str) -> Value {
        let told = finish(&mut self.home.rolecall(&[command, "--output", "json"]));
        serde_json::from_str(&told.stdout).unwrap_or_else(|error| unreachable!("{error}: {told:#?}"))
    }

    /// The entry of one alias in `rolecall profiles`; null when there is none.
    #[track_caller]
    #[must_use]
    pub fn profile(&self, alias: &str) -> Value {
        let profiles = self.profiles();
        let mut entries = profiles["profiles"].as_array().into_iter().flatten();
        entries.find(|profile| profile["alias"] == alias).cloned().unwrap_or(Value::Null)
    }

    /// Waits until a role is in this state, and returns its entry.
    ///
    /// # Panics
    /// When it takes too long.
    #[track_caller]
    pub fn wait_for_state(&self, alias: &str, state: &str) -> Value {
        until(&format!("{alias} in state {state}"), LIMIT, || {
            let profile = self.profile(alias);
            if profile["state"] == state { Ok(profile) } else { Err(format!("{profile:#}\n{}", self.output())) }
        })
    }

    /// Waits until a role shows a fault of this kind, and returns its entry.
    ///
    /// # Panics
    /// When it takes too long.
    #[track_caller]
    pub fn wait_for_fault(&self, alias: &str, kind: &str) -> Value {
        until(&format!("fault {kind} of {alias}"), LIMIT, || {
            let profile = self.profile(alias);
            if profile["fault"]["kind"] == kind { Ok(profile) } else { Err(format!("{profile:#}\n{}", self.output())) }
        })
    }

    /// The `credential_process` answer for a role.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn credentials(&self, alias: &str) -> Value {
        let answer = finish(&mut self.home.rolecall(&["credentials", alias])).ok();
        serde_json::from_str(&answer).expect("the answer is JSON")
    }

    /// Waits until a role has other keys than `before`, and returns the `credential_process` answer with them.
    ///
    /// # Panics
    /// When it takes too long.
    #[track_caller]
    pub fn wait_for_rotation(&self, alias: &str, before: &Value) -> Value {
        until(&format!("new keys of {alias}"), LIMIT, || {
            let now = self.credentials(alias);
            if now["AccessKeyId"] == before["AccessKeyId"] { Err("the same keys".to_owned()) } else { Ok(now) }
        })
    }

    /// Sends a signal that it outlives.
    ///
    /// # Panics
    /// When it is gone already.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Has it read its settings anew, and waits until it has, well or not.
    ///
    /// # Panics
    /// When it takes too long.
    #[track_caller]
    pub fn reload(&self) {
        let read = || {
            let output = self.output();
            output.matches("settings read: ").count() + output.matches("the settings stay as they were").count()
        };
        let before = read();
        self.signal(Signal::HUP);
        until("other settings", Duration::from_secs(20), || if read() > before { Ok(()) } else { Err(self.output()) });
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// Ends it with a signal and returns what it logged.
    ///
    /// # Panics
    /// When it does not end.
    #[track_caller]
    pub fn stop(self, signal: Signal) -> Finished {
        self.process.signal(signal);
        self.process.wait(Duration::from_secs(10))
    }
}
