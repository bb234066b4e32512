//! Reads the settings anew while the agent runs: at SIGHUP, and when a file that they come from is another one.
//!
//! Promises that settings which are wrong change nothing and are told. The variables and the command line are those that the
//! agent was started with.

mod watch;

use std::convert::Infallible;
use std::sync::Arc;

use rolecall_agent::Agent;
use rolecall_agent::settings::problem::Problem;
use rolecall_core::{Alias, Fault, FaultKind};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use super::Args;
use super::readiness::Readiness;
use super::ready_file::ReadyFile;
use super::settings::{Machine, Made, settings};
use crate::args::Sourced;
use crate::base::UserFiles;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, NO_ROOM};
use crate::settings_file::{SettingsFile, Unusable};
pub(super) use watch::Watch;

/// Everything that settings are made of, and those that count.
pub(super) struct Reload<'a> {
    pub(super) args: &'a Sourced<Args>,
    pub(super) environment: &'a Environment,
    pub(super) machine: Machine,
    pub(super) file: Option<SettingsFile>,
    /// The files as they were when they were read.
    pub(super) watch: Watch,
    pub(super) made: Made,
    pub(super) base: Arc<UserFiles>,
}

/// SIGHUP, caught from now on.
///
/// # Errors
/// What the system said.
pub(super) fn hangups() -> Result<Signal, Failure> {
    signal(SignalKind::hangup()).map_err(|error| Failure::new(ExitCode::Bug, format!("catch SIGHUP: {error}"), NO_ROOM))
}

impl Reload<'_> {
    /// Reads the settings anew whenever somebody wants it. Never returns.
    pub(super) async fn whenever_asked(
        mut self,
        mut hangups: Signal,
        agent: &Agent,
        readiness: &Readiness,
    ) -> Infallible {
        self.expect_what_was_read();
        loop {
            let why = tokio::select! {
                _ = hangups.recv() => "SIGHUP",
                path = self.watch.changed(self.made.from_aws_config) => &format!("{} has changed", path.display()),
            };
            info!("{why}: reading the settings");
            readiness.reloading();
            if let Err(problems) = self.reload(agent, readiness).await {
                agent.refuse(problems);
            }
            readiness.reloaded(agent.summary().await);
        }
    }

    /// One that has gone does not take roles away: it may be about to come back.
    fn expect_what_was_read(&mut self) {
        if let (Some(file), Some(_)) = (&mut self.file, &self.made.agent.file) {
            file.expect();
        }
    }

    async fn reload(&mut self, agent: &Agent, readiness: &Readiness) -> Result<(), Vec<Problem>> {
        let place = self.file.as_ref().map_or_else(|| "settings".to_owned(), |file| file.path().display().to_string());
        let wrong = |failure: Failure| vec![problem(&place, failure)];
        // Before it is read: what is written meanwhile is seen then.
        self.watch = Watch::begin(self.file.as_ref(), self.environment);
        let before = &self.made.agent;
        let made = settings(self.args, self.environment, &self.machine, self.file.as_ref(), &before.roles);
        let made = made.map_err(|unusable| match unusable {
            Unusable::Places(problems) => problems,
            Unusable::Whole(failure) => wrong(failure),
        })?;
        let (made, later) = made.after(&self.made);
        let file = if made.ready_file == self.made.ready_file { None } else { Some(made.ready_file.as_deref()) };
        let file = file.map(|path| path.map(ReadyFile::at).transpose()).transpose().map_err(wrong)?;

        let aliases = |made: &Made| -> Vec<Alias> { made.agent.roles.iter().map(|role| role.alias.clone()).collect() };
        self.base.follow(aliases(&made)).map_err(|error| wrong(Fault::from(error).into()))?;
        if let Err(error) = agent.reload(made.agent.clone()).await {
            // Nothing was wrong with the base of before.
            let _ = self.base.follow(aliases(&self.made));
            return Err(wrong(error.into()));
        }
        if let Some(file) = file {
            readiness.follow(file);
        }
        for key in later {
            warn!("{key} counts from the next start of the agent on");
        }
        self.made = made;
        self.expect_what_was_read();
        Ok(())
    }
}

/// What is wrong with the settings as a whole, as `status` shows it.
fn problem(origin: &str, failure: Failure) -> Problem {
    // Some messages say what to do themselves.
    let action = if failure.action.is_empty() { "correct the settings file".into() } else { failure.action };
    let fault = Fault::new(FaultKind::Misconfigured, failure.message, action);
    Problem { origin: origin.into(), column: None, value: None, fault }
}
