//! The agent as a whole: joins state directory, writers, rotator and socket, and takes them apart again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rolecall_core::port::Clock;
use rolecall_core::{Alias, AssumeRole, Fault, Role, Session, Sink};
use rolecall_formats::command::{Command, CommandError};
use rolecall_rotator::{Rotator, State};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::board::Board;
use crate::documents::View;
use crate::file_sink::{FileSink, ended_badly};
use crate::files;
use crate::holdings::Holdings;
use crate::profiles::{Form, Profiles};
use crate::settings::{AgentSettings, Publish};
use crate::socket::{Api, Server, Socket, SocketError};
use crate::state_dir::{StateDir, StateDirError, UsersFile};
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
    /// One file in the place of both of the user's: what is put in for the one would be taken out for the other.
    #[error(
        "publish profiles: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE lead to one file, {path}; name two files, or \
         use `--publish none`",
        path = path.display()
    )]
    OneFile {
        /// The file.
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
    /// Starts an agent on the current tokio runtime: takes the state directory, opens the socket, begins to assume roles
    /// and to write what needs no session.
    ///
    /// # Errors
    /// When the state directory or the socket cannot be had, or no profile could be written for want of usable paths.
    pub async fn start(
        settings: AgentSettings,
        sts: Arc<dyn AssumeRole>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let started_at = clock.now().wall;
        let roles: Vec<Arc<Role>> = settings.roles.iter().cloned().map(Arc::new).collect();
        let (state_dir, left) = {
            let (settings, roles) = (settings.clone(), roles.clone());
            blocking(move || {
                let state_dir = open(&settings)?;
                let left = read_back(state_dir.path(), &roles, started_at);
                Ok::<_, StartError>((state_dir, left))
            })
            .await??
        };
        let form = form(&settings, &state_dir)?;
        let socket = Socket::open(state_dir.socket())?;
        tell(&settings, &state_dir);

        let board = Arc::new(Board::default());
        let (store, profiles) = sinks(form, &settings, &state_dir, &clock, &board, Holdings::new(roles, left.clone()));
        let written = if settings.publish == Publish::None { vec![&store] } else { vec![&store, &profiles] };
        let written = written.into_iter().cloned().collect();
        let rotator = rolecall_rotator::spawn(settings.policy, Arc::clone(&clock), sts, written);
        define(&rotator, settings.roles, if settings.adopt { left } else { BTreeMap::new() });
        let view = Arc::new(View {
            rotator: rotator.clone(),
            board,
            first_write: first_write([store, profiles]),
            default: settings.default,
            problems: settings.problems,
            publish: settings.publish,
            state_dir: state_dir.path().display().to_string(),
            started_at,
        });
        let server = socket.serve(Api { view: Arc::clone(&view), clock });
        Ok(Self { rotator, view, server, state_dir })
    }

    /// Waits until every role was assumed or failed to be, and what is held is written: one round, behind which the agent
    /// may be stopped.
    pub async fn once(&self) -> Outcome {
        self.rotator.settled().await;
        self.view.written().await;
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
        outcome
    }

    /// Ends the agent in under a second. Profiles and store stay as they are.
    pub async fn stop(self) {
        let Self { rotator, view, server, state_dir } = self;
        server.stop().await;
        let writers = async { tokio::join!(rotator.stop(), view.written()) };
        if tokio::time::timeout(STOP_TIME, writers).await.is_err() {
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

/// Takes the state directory, once it is clear that no file has two masters.
fn open(settings: &AgentSettings) -> Result<StateDir, StartError> {
    let AgentSettings { config_file, credentials_file, publish, .. } = settings;
    // The null device is nobody's: what cannot be written into it is told with the other faults of files.
    let is_device = config_file.metadata().is_ok_and(|meta| !meta.is_file());
    if *publish != Publish::None && !is_device && files::is_same(config_file, credentials_file) {
        return Err(StartError::OneFile { path: config_file.clone() });
    }
    let users = [
        UsersFile { path: config_file, variable: "AWS_CONFIG_FILE" },
        UsersFile { path: credentials_file, variable: "AWS_SHARED_CREDENTIALS_FILE" },
    ];
    Ok(StateDir::open(&settings.state_dir, &users)?)
}

/// The writers of the store and of the profiles.
fn sinks(
    form: Form,
    settings: &AgentSettings,
    state_dir: &StateDir,
    clock: &Arc<dyn Clock>,
    board: &Arc<Board>,
    holdings: Holdings,
) -> (Arc<dyn Sink>, Arc<dyn Sink>) {
    let store = Store { directory: state_dir.path().to_owned(), default: settings.default.clone() };
    let profiles = Profiles::new(form, settings, state_dir.id());
    if profiles.is_readable_by_others() {
        let path = settings.credentials_file.display();
        warn!("other users may read {path}, and keys are written there; run `chmod 600` on it");
    }
    let store = FileSink::new(store, Arc::clone(clock), Arc::clone(board), holdings.clone());
    let profiles = FileSink::new(profiles, Arc::clone(clock), Arc::clone(board), holdings);
    (Arc::new(store), Arc::new(profiles))
}

/// Has every role kept assumed, beginning with what an earlier agent left for it.
fn define(rotator: &Rotator, roles: Vec<Role>, left: BTreeMap<Alias, Arc<Session>>) {
    for role in roles {
        let adopted = left.get(&role.alias).map(|session| Session::clone(session));
        rotator.define(role, adopted);
    }
}

/// Writes what needs no session, beside everything else: a lock that somebody holds must keep neither the socket nor a
/// role waiting. What cannot be written is tried again with the first session. True once it was tried.
fn first_write(sinks: [Arc<dyn Sink>; 2]) -> watch::Receiver<bool> {
    let (tell, tried) = watch::channel(false);
    tokio::spawn(async move {
        for sink in sinks {
            match sink.deliver(&[]).await {
                Ok(()) => debug!(sink = sink.name(), "written"),
                Err(fault) => {
                    warn!(sink = sink.name(), fault = %fault.kind, "cannot write: {}; {}", fault.message, fault.action);
                }
            }
        }
        tell.send_replace(true);
    });
    tried
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
    info!(config = %settings.config_file.display(), "profiles are published as {publish}");
    if settings.roles.iter().any(|role| role.region.is_none()) {
        warn!("no Region is set, so the profiles have none; set AWS_REGION");
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StartError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StartError::Task(ended_badly(&error)))
}

#[cfg(test)]
mod tests;
