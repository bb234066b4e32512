//! Tells whoever started the agent that it is ready, how it stands, and that it ends.

use std::time::Duration;

use rolecall_agent::Agent;
use rolecall_agent::serve::summary::Summary;

use super::notify::{self, Notify};
use super::ready_file::ReadyFile;
use crate::environment::Environment;
use crate::failure::Failure;

/// How often the service manager is told how the roles stand, if that changed.
const PERIOD: Duration = Duration::from_secs(30);

/// Everybody who is to be told.
pub(super) struct Readiness {
    manager: Notify,
    file: Option<ReadyFile>,
}

impl Readiness {
    /// What the command line and the service manager ask for.
    ///
    /// # Errors
    /// When the ready file cannot be one.
    pub(super) fn new(file: Option<&std::path::Path>, environment: &Environment) -> Result<Self, Failure> {
        let file = file.map(ReadyFile::at).transpose()?;
        Ok(Self { manager: Notify::to(environment.get(notify::VARIABLE)), file })
    }

    /// The state directory is ours, so an agent that left a ready file is gone.
    pub(super) fn prepare(&self) {
        if let Some(file) = &self.file {
            file.remove();
        }
    }

    /// The first round is over.
    pub(super) fn ready(&self, summary: Summary) {
        if let Some(file) = &self.file {
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

    /// The agent is about to end.
    pub(super) fn stopping(&self) {
        if let Some(file) = &self.file {
            file.remove();
        }
        self.manager.tell("STOPPING=1\nSTATUS=stopping");
    }
}
