//! Tells whoever started the agent that it is ready, how it stands, and that it ends.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rolecall_agent::Agent;
use rolecall_agent::serve::summary::Summary;
use rolecall_rotator::SystemClock;

use super::notify::{self, Notify};
use super::ready_file::ReadyFile;
use crate::environment::Environment;
use crate::failure::Failure;

/// How often the service manager is told how the roles stand, if that changed.
const PERIOD: Duration = Duration::from_secs(30);

/// Everybody who is to be told.
pub(super) struct Readiness {
    manager: Notify,
    state: Mutex<State>,
}

struct State {
    file: Option<ReadyFile>,
    is_ready: bool,
}

impl Readiness {
    /// What the command line and the service manager ask for.
    ///
    /// # Errors
    /// When the ready file cannot be one.
    pub(super) fn new(file: Option<&std::path::Path>, environment: &Environment) -> Result<Self, Failure> {
        let state = Mutex::new(State { file: file.map(ReadyFile::at).transpose()?, is_ready: false });
        Ok(Self { manager: Notify::to(environment.get(notify::VARIABLE)), state })
    }

    /// The state directory is ours, so an agent that left a ready file is gone.
    pub(super) fn prepare(&self) {
        if let Some(file) = &self.state().file {
            file.remove();
        }
    }

    /// The first round is over.
    pub(super) fn ready(&self, summary: Summary) {
        let mut state = self.state();
        state.is_ready = true;
        if let Some(file) = &state.file {
            file.create();
        }
        self.manager.tell(&format!("READY=1\nSTATUS={summary}"));
    }

    /// Goes on to tell how the roles stand. Never returns.
    pub(super) async fn keep_telling(&self, agent: &Agent, mut told: Summary) {
        if !self.manager.is_heard() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(PERIOD).await;
            let summary = agent.summary().await;
            if summary != told {
                self.manager.tell(&format!("STATUS={summary}"));
                told = summary;
            }
        }
    }

    /// Tells it by another file from now on.
    pub(super) fn follow(&self, file: Option<ReadyFile>) {
        let mut state = self.state();
        if let Some(file) = &state.file {
            file.remove();
        }
        if let (Some(file), true) = (&file, state.is_ready) {
            file.create();
        }
        state.file = file;
    }

    /// The settings are about to be read anew. Before the agent is ready its manager waits for something else.
    pub(super) fn reloading(&self) {
        if self.state().is_ready {
            let now = SystemClock.monotonic().as_micros();
            self.manager.tell(&format!("RELOADING=1\nMONOTONIC_USEC={now}"));
        }
    }

    /// They were, well or not.
    pub(super) fn reloaded(&self, summary: Summary) {
        if self.state().is_ready {
            self.manager.tell(&format!("READY=1\nSTATUS={summary}"));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The agent is about to end.
    pub(super) fn stopping(&self) {
        if let Some(file) = &self.state().file {
            file.remove();
        }
        self.manager.tell("STOPPING=1\nSTATUS=stopping");
    }
}
