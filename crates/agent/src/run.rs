//! The agent as a whole: joins state directory, writers, rotator and socket, and takes them apart again.

pub(crate) mod endpoint;
mod error;
mod reload;
mod servers;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::port::Clock;
use rolecall_core::{Alias, AssumeRole, Role, Session, Sink};
use rolecall_formats::command::Command;
use rolecall_rotator::{Rotator, State};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tracing::{debug, info, warn};

use crate::publish::board::Board;
use crate::publish::file_sink::{FileSink, Writer, ended_badly};
use crate::publish::files::{self, Access};
use crate::publish::holdings::Holdings;
use crate::publish::json_files::JsonFiles;
use crate::publish::profiles::{Form, Profiles};
use crate::publish::store::{Store, read_back};
use crate::serve::documents::View;
use crate::serve::keyring::Keyring;
use crate::serve::shown::{Newest, Shown};
use crate::serve::socket::{Api, Server, Socket};
use crate::serve::summary::Summary;
use crate::serve::wire::{ProfilesDocument, StatusDocument};
use crate::settings::problem::Problem;
use crate::settings::{AgentSettings, Publish};
use crate::state::definitions::{self, Definitions};
use crate::state::endpoint_file::EndpointFile;
use crate::state::state_dir::{StateDir, UsersFile};
pub use error::StartError;
use reload::Current;
use servers::{Bound, Servers};

/// How long the writers may take to finish when the agent ends. What they write appears whole or not at all.
const STOP_TIME: Duration = Duration::from_millis(700);

/// A running agent.
pub struct Agent {
    rotator: Rotator,
    view: Arc<View>,
    server: Server,
    /// Announces the end of the first round.
    announcer: JoinHandle<()>,
    store: FileSink<Store>,
    profiles: FileSink<Profiles>,
    /// Counts the writes that the view waits for.
    writes: watch::Sender<usize>,
    clock: Arc<dyn Clock>,
    keyring: Arc<Keyring>,
    /// What can be changed while it runs; held as long as it is being changed.
    current: Mutex<Current>,
    /// Holds the lock: dropped last.
    state_dir: StateDir,
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
                let kept = settings.store.then(|| read_back(state_dir.path(), &roles, started_at));
                Ok::<_, StartError>((state_dir, kept.unwrap_or_default()))
            })
            .await??
        };
        let form = form(&settings, &state_dir)?;
        let bound = Bound::at(&settings, last_address(state_dir.path())).await?;
        let keyring = Arc::new(Keyring::default());
        let socket = Socket::open(state_dir.socket(), Access::of(settings.socket_group))?;
        endpoint::keep(&settings, state_dir.path(), bound.endpoint(), &keyring).await?;
        // An agent that cannot start leaves the definitions of the one before.
        let (told, place) = (settings.clone(), state_dir.path().to_owned());
        blocking(move || define_for_commands(&told, &place)).await?;
        tell(&settings, &state_dir);

        let board = Arc::new(Board::default());
        let holdings = Holdings::new(roles, left.clone());
        let (store, profiles) = sinks(form, &settings, &state_dir, (&clock, started_at), &board, holdings);
        let sinks: [Arc<dyn Sink>; 2] = [Arc::new(store.clone()), Arc::new(profiles.clone())];
        let rotator = rolecall_rotator::spawn(settings.policy, Arc::clone(&clock), sts, sinks.to_vec());
        define(&rotator, settings.roles.clone(), if settings.adopt { left } else { BTreeMap::new() });
        let (announce, ready) = watch::channel(false);
        let (writes, unwritten) = watch::channel(0);
        count(&writes, first_write(sinks));
        let view = Arc::new(View {
            rotator: rotator.clone(),
            endpoint_requests: Default::default(),
            board,
            writes: unwritten,
            ready,
            shown: Newest::new(Shown::of(&settings, bound.endpoint(), started_at)),
            state_dir: state_dir.path().display().to_string(),
            started_at,
        });
        let api = Api { view: Arc::clone(&view), clock: Arc::clone(&clock), keyring: Arc::clone(&keyring) };
        let server = socket.serve(api);
        let announcer = tokio::spawn(announce_ready(Arc::clone(&view), announce));
        let servers =
            Servers::start(bound, &settings, &servers::Needs { view: &view, keyring: &keyring, clock: &clock });
        let current = Mutex::new(Current { settings, servers });
        Ok(Self { rotator, view, server, announcer, store, profiles, writes, clock, keyring, current, state_dir })
    }

    /// Waits until every role was assumed or failed to be, and what is held is written: one round, behind which the agent
    /// is ready, and may be stopped.
    pub async fn ready(&self) -> Outcome {
        // An error means that nobody will announce it any more.
        let _ = self.view.ready.clone().wait_for(|ready| *ready).await;
        let report = self.rotator.report().await;
        let shown = self.view.shown.get();
        // Where nothing is published, what cannot be taken out of the user's files hurts no role.
        let is_needed = |writer| writer != <Profiles as Writer>::NAME || shown.publish != Publish::None;
        let failed = self.view.board.failed();
        let unwritten = failed.iter().any(|(writer, _)| is_needed(*writer));
        let elsewhere = failed.iter().filter(|(writer, _)| !is_needed(*writer)).count();
        let mut outcome = Outcome { ok: 0, failed: shown.problems.len() + elsewhere };
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
        let Self { rotator, view, server, announcer, current, state_dir, .. } = self;
        announcer.abort();
        drop(current);
        server.stop().await;
        let writers = async { tokio::join!(rotator.stop(), view.written()) };
        if tokio::time::timeout(STOP_TIME, writers).await.is_err() {
            warn!("a file that was being written is left as it was");
        }
        info!("stopped");
        drop(state_dir);
    }

    /// How the roles stand, in numbers.
    pub async fn summary(&self) -> Summary {
        self.rotator.report().await.as_ref().map(Summary::of).unwrap_or_default()
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

/// Where the last endpoint of a state directory was.
fn last_address(state_dir: &Path) -> Option<SocketAddr> {
    EndpointFile::read(state_dir).and_then(|file| file.address())
}

/// Takes the state directory, once it is clear that no file has two masters.
fn open(settings: &AgentSettings) -> Result<StateDir, StartError> {
    two_files(settings)?;
    let AgentSettings { config_file, credentials_file, .. } = settings;
    let users = [
        UsersFile { path: config_file, variable: "AWS_CONFIG_FILE" },
        UsersFile { path: credentials_file, variable: "AWS_SHARED_CREDENTIALS_FILE" },
    ];
    Ok(StateDir::open(&settings.state_dir, &users, Access::of(settings.socket_group))?)
}

/// Makes sure that what is published goes into two files.
fn two_files(settings: &AgentSettings) -> Result<(), StartError> {
    let AgentSettings { config_file, credentials_file, publish, .. } = settings;
    // The null device is nobody's: what cannot be written into it is told with the other faults of files.
    let is_device = config_file.metadata().is_ok_and(|meta| !meta.is_file());
    if *publish != Publish::None && !is_device && files::is_same(config_file, credentials_file) {
        return Err(StartError::OneFile { path: config_file.clone() });
    }
    Ok(())
}

/// Leaves what was defined for the commands that run without an agent. Those of an earlier agent would mislead them.
fn define_for_commands(settings: &AgentSettings, state_dir: &Path) {
    let Err(error) = Definitions::of(settings).write(state_dir) else { return };
    warn!("{error}; commands will know no role while no agent runs");
    // Gone, or as unwritable as before.
    let _ = std::fs::remove_file(state_dir.join(definitions::FILE));
}

/// The writers of the store and of the profiles.
fn sinks(
    form: Form,
    settings: &AgentSettings,
    state_dir: &StateDir,
    (clock, started_at): (&Arc<dyn Clock>, Timestamp),
    board: &Arc<Board>,
    holdings: Holdings,
) -> (FileSink<Store>, FileSink<Profiles>) {
    let store = store(settings, state_dir);
    let profiles = Profiles::new(form, settings, json_files(settings, state_dir), state_dir.id(), started_at);
    warn_of_readers(&profiles, settings);
    let store = FileSink::new(store, Arc::clone(clock), Arc::clone(board), holdings.clone());
    let profiles = FileSink::new(profiles, Arc::clone(clock), Arc::clone(board), holdings);
    (store, profiles)
}

fn store(settings: &AgentSettings, state_dir: &StateDir) -> Store {
    let (directory, default) = (state_dir.path().to_owned(), settings.default.clone());
    Store { directory, default, kept: settings.store, access: Access::of(settings.socket_group) }
}

fn json_files(settings: &AgentSettings, state_dir: &StateDir) -> JsonFiles {
    JsonFiles::new(state_dir.path()).with_access(Access::of(settings.socket_group))
}

fn warn_of_readers(profiles: &Profiles, settings: &AgentSettings) {
    if profiles.is_readable_by_others() {
        let path = settings.credentials_file.display();
        warn!("other users may read {path}, and keys are written there; run `chmod 600` on it");
    }
}

/// Has every role kept assumed, beginning with what an earlier agent left for it.
fn define(rotator: &Rotator, roles: Vec<Role>, left: BTreeMap<Alias, Arc<Session>>) {
    let with_left = |role: Role| {
        let adopted = left.get(&role.alias).map(|session| Session::clone(session));
        (role, adopted)
    };
    rotator.define_all(roles.into_iter().map(with_left).collect());
}

/// Writes what needs no session, beside everything else: a lock that somebody holds must keep neither the socket nor a
/// role waiting. What cannot be written is tried again with the first session.
async fn first_write(sinks: [Arc<dyn Sink>; 2]) {
    for sink in sinks {
        match sink.deliver(&[]).await {
            Ok(()) => debug!(sink = sink.name(), "written"),
            // The board has told it.
            Err(fault) => debug!(sink = sink.name(), fault = %fault.kind, "not written"),
        }
    }
}

/// Has something written beside everything else, and counts it as long as that takes.
fn count(writes: &watch::Sender<usize>, write: impl Future<Output = ()> + Send + 'static) {
    writes.send_modify(|writes| *writes += 1);
    let writes = writes.clone();
    tokio::spawn(async move {
        write.await;
        writes.send_modify(|writes| *writes -= 1);
    });
}

/// Says once that the first round is over.
async fn announce_ready(view: Arc<View>, announce: watch::Sender<bool>) {
    view.rotator.settled().await;
    view.written().await;
    let Some(report) = view.rotator.report().await else { return };
    info!("first round over: {}", Summary::of(&report));
    announce.send_replace(true);
}

/// The form of the profiles with what it needs.
fn form(settings: &AgentSettings, state_dir: &StateDir) -> Result<Form, StartError> {
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or_else(|| StartError::Path { path: path.to_owned() });
    Ok(match settings.publish {
        Publish::Process => Form::Process(Command::new(&text(&settings.command)?, &text(state_dir.path())?)?),
        Publish::Cat => Form::Cat(Command::cat(&text(JsonFiles::new(state_dir.path()).path())?)?),
        Publish::File => Form::File,
        Publish::None => Form::None,
    })
}

/// Logs what the agent is about to do, and with what it cannot.
fn tell(settings: &AgentSettings, state_dir: &StateDir) {
    let (roles, publish) = (settings.roles.len(), settings.publish);
    info!(roles, %publish, state_dir = %state_dir.path().display(), "agent {} started", env!("CARGO_PKG_VERSION"));
    tell_problems(&settings.problems);
    for note in &settings.notes {
        info!("{note}");
    }
    tell_form(settings);
    warn_of_missing_region(settings);
}

fn tell_problems(problems: &[Problem]) {
    for Problem { origin, column, fault, .. } in problems {
        warn!(origin, column, "{origin}: {}; {}", fault.message, fault.action);
    }
}

/// Logs where programs find what.
fn tell_form(settings: &AgentSettings) {
    let (config, keys) = (settings.config_file.display(), settings.credentials_file.display());
    match settings.publish {
        Publish::Process => info!("profiles: commands in {config} that ask this agent"),
        Publish::Cat => info!("profiles: commands in {config} that print files of the state directory"),
        Publish::File => info!("profiles: keys in {keys}"),
        Publish::None if settings.store => {
            info!("no profiles are written; programs can use the state directory's files")
        }
        Publish::None => info!("no profiles and no store are written; programs can ask this agent"),
    }
}

fn warn_of_missing_region(settings: &AgentSettings) {
    if settings.roles.iter().any(|role| role.region.is_none()) {
        warn!("no Region is set, so the profiles have none; set AWS_REGION");
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StartError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StartError::Task(ended_badly(&error)))
}

#[cfg(test)]
mod tests;
