//! The agent as a whole: joins state directory, writers, rotator and socket, and takes them apart again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rolecall_core::AssumeRole;
use rolecall_core::port::Clock;
use rolecall_core::{Fault, Role, Sink};
use rolecall_formats::command::{Command, CommandError};
use rolecall_rotator::{Rotator, State};
use tracing::{debug, info, warn};

use crate::board::Board;
use crate::documents::View;
use crate::holdings::Holdings;
use crate::profiles::{Form, Profiles};
use crate::settings::{AgentSettings, Publish};
use crate::socket::{Api, Server, SocketError};
use crate::state_dir::{StateDir, StateDirError};
use crate::store::{Store, read_back};
use crate::wire::{ProfilesDocument, StatusDocument};

/// How long the writers may take to finish when the agent ends. What they write appears whole or not at all.
const STOP_TIME: Duration = Duration::from_millis(700);

/// A running agent.
pub struct Agent {
    rotator: Rotator,
    view: Arc<View>,
    server: Server,
    /// Holds the lock: dropped last.
    state_dir: StateDir,
}

/// Why an agent could not start. A role or a file of the user's is never a reason.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state directory cannot be used, or another agent uses it.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// The path is no text, so no `credential_process` line can hold it.
    #[error("write a profile: the path {path:?} is not UTF-8; use another one")]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// No `credential_process` line can hold the paths.
    #[error("write a profile: {0}")]
    Command(#[from] CommandError),
    /// The socket cannot be opened.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// A task of our own did not come back.
    #[error("start the agent: {0}")]
    Task(Fault),
}

/// What one round came to. A setting that could not be used counts as a role that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Roles whose session is held and written.
    pub ok: usize,
    /// All others.
    pub failed: usize,
}

impl Agent {
    /// Starts an agent on the current tokio runtime: takes the state directory, publishes what needs no session, begins
    /// to assume roles, and opens the socket last.
    ///
    /// # Errors
    /// When the state directory or the socket cannot be had, or no profile could be written for want of a usable path.
    pub async fn start(
        settings: AgentSettings,
        sts: Arc<dyn AssumeRole>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let directory = settings.state_dir.clone();
        let state_dir = blocking(move || StateDir::open(&directory)).await??;
        let form = form(&settings, &state_dir)?;
        tell(&settings, &state_dir);

        let started_at = clock.now().wall;
        let roles: Vec<Arc<Role>> = settings.roles.iter().cloned().map(Arc::new).collect();
        let (directory, wanted) = (state_dir.path().to_owned(), roles.clone());
        let left = blocking(move || read_back(&directory, &wanted, started_at)).await?;
        let holdings = Holdings::new(roles, &left);

        let board = Arc::new(Board::default());
        let store = Store::new(
            state_dir.path().to_owned(),
            settings.default.clone(),
            Arc::clone(&clock),
            Arc::clone(&board),
            holdings.clone(),
        );
        let profiles = Profiles::new(form, &settings, state_dir.id(), Arc::clone(&clock), Arc::clone(&board), holdings);
        if profiles.is_readable_by_others() {
            let path = settings.credentials_file.display();
            warn!("other users may read {path}, and keys are written there; run `chmod 600` on it");
        }
        // What cannot be written now is tried again with the first session.
        for (writer, written) in [(store.name(), store.write().await), (profiles.name(), profiles.write().await)] {
            match written {
                Ok(()) => debug!(sink = writer, "written"),
                Err(fault) => {
                    warn!(sink = writer, fault = %fault.kind, "cannot write: {}; {}", fault.message, fault.action);
                }
            }
        }

        let mut sinks: Vec<Arc<dyn Sink>> = vec![Arc::new(store)];
        if settings.publish != Publish::None {
            sinks.push(Arc::new(profiles));
        }
        let rotator = rolecall_rotator::spawn(settings.policy, Arc::clone(&clock), sts, sinks);
        for role in settings.roles {
            rotator.define(role);
        }
        let view = Arc::new(View {
            rotator: rotator.clone(),
            board,
            default: settings.default,
            problems: settings.problems,
            publish: settings.publish,
            state_dir: state_dir.path().display().to_string(),
            started_at,
        });
        let api = Api { view: Arc::clone(&view), clock };
        match Server::start(state_dir.socket(), api) {
            Ok(server) => {
                info!(config = %settings.config_file.display(), "profiles are published as {}", settings.publish);
                Ok(Self { rotator, view, server, state_dir })
            }
            Err(error) => {
                rotator.stop().await;
                Err(error.into())
            }
        }
    }

    /// Waits until every role was assumed or failed to be, and what is held is written; then stops.
    pub async fn once(self) -> Outcome {
        self.rotator.settled().await;
        let report = self.rotator.report().await;
        let unwritten = !self.view.board.failed().is_empty();
        let mut outcome = Outcome { ok: 0, failed: self.view.problems.len() };
        for role in report.iter().flat_map(|report| &report.roles) {
            let held = matches!(role.state, State::Fresh | State::Stale);
            if held && !unwritten && self.view.board.fault(&role.role.alias).is_none() {
                outcome.ok += 1;
            } else {
                outcome.failed += 1;
            }
        }
        self.stop().await;
        outcome
    }

    /// Ends the agent in under a second. Profiles and store stay as they are.
    pub async fn stop(self) {
        let Self { rotator, view: _, server, state_dir } = self;
        server.stop().await;
        if tokio::time::timeout(STOP_TIME, rotator.stop()).await.is_err() {
            warn!("a file that was being written is left as it was");
        }
        info!("stopped");
        drop(state_dir);
    }

    /// Everything, for people.
    pub async fn status(&self) -> StatusDocument {
        self.view.status().await
    }

    /// All profiles, for programs.
    pub async fn profiles(&self) -> ProfilesDocument {
        self.view.profiles().await
    }
}

/// The form of the profiles with what it needs.
fn form(settings: &AgentSettings, state_dir: &StateDir) -> Result<Form, StartError> {
    let text = |path: &std::path::Path| {
        path.to_str().map(str::to_owned).ok_or_else(|| StartError::Path { path: path.to_owned() })
    };
    Ok(match settings.publish {
        Publish::Process => Form::Process(Command::new(&text(&settings.command)?, &text(state_dir.path())?)?),
        Publish::File => Form::File,
        Publish::None => Form::None,
    })
}

/// Logs what the agent is about to do, and with what it cannot.
fn tell(settings: &AgentSettings, state_dir: &StateDir) {
    let (roles, publish) = (settings.roles.len(), settings.publish);
    info!(roles, %publish, state_dir = %state_dir.path().display(), "agent {} started", env!("CARGO_PKG_VERSION"));
    for problem in &settings.problems {
        let fault = &problem.fault;
        warn!(
            origin = problem.origin,
            column = problem.column,
            "{}: {}; {}",
            problem.origin,
            fault.message,
            fault.action
        );
    }
    for note in &settings.notes {
        info!("{note}");
    }
    if settings.roles.iter().any(|role| role.region.is_none()) {
        warn!("no Region is set, so the profiles have none; set AWS_REGION");
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StartError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StartError::Task(crate::store::ended_badly(&error)))
}

#[cfg(test)]
mod tests;
