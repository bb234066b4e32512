//! Reads the settings anew while the agent runs: at SIGHUP, and when the settings file is another one.
//!
//! Promises that settings which are wrong change nothing and are told. The variables and the command line are those that the
//! agent was started with.

use std::convert::Infallible;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

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

/// How often the file is looked at, and how long one that is new has to stay as it is: whoever writes it may not be through.
const PERIOD: Duration = Duration::from_secs(2);
const QUIET: Duration = Duration::from_millis(300);

/// Everything that settings are made of, and those that count.
pub(super) struct Reload<'a> {
    pub(super) args: &'a Sourced<Args>,
    pub(super) environment: &'a Environment,
    pub(super) machine: Machine,
    pub(super) file: Option<SettingsFile>,
    /// The file as it was when it was read.
    pub(super) seen: Option<Stamp>,
    pub(super) made: Made,
    pub(super) base: Arc<UserFiles>,
}

/// By what one content of a file is told from another without reading it. A file that takes the place of another one, or to
/// which a link leads from now on, has another inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// Of the file that is there now, if there is one.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        let modified = (meta.mtime(), meta.mtime_nsec());
        Some(Self { device: meta.dev(), inode: meta.ino(), length: meta.len(), modified })
    }
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
                () = changed(self.file.as_ref().map(SettingsFile::path), self.seen) => "the settings file has changed",
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
        self.seen = self.file.as_ref().and_then(|file| Stamp::of(file.path()));
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

/// Returns once the file at `path` is another one than `seen`, and complete as far as can be told. Never without a file.
async fn changed(path: Option<&Path>, seen: Option<Stamp>) {
    let Some(path) = path else { return std::future::pending().await };
    loop {
        tokio::time::sleep(PERIOD).await;
        let mut now = Stamp::of(path);
        while now != seen {
            tokio::time::sleep(QUIET).await;
            let before = std::mem::replace(&mut now, Stamp::of(path));
            if before == now {
                return;
            }
        }
    }
}

/// What is wrong with the settings as a whole, as `status` shows it.
fn problem(origin: &str, failure: Failure) -> Problem {
    // Some messages say what to do themselves.
    let action = if failure.action.is_empty() { "correct the settings file".into() } else { failure.action };
    let fault = Fault::new(FaultKind::Misconfigured, failure.message, action);
    Problem { origin: origin.into(), column: None, value: None, fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_told_from_the_one_before() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("one"), "1").unwrap();
        fs::write(at("two"), "1").unwrap();
        std::os::unix::fs::symlink("one", at("link")).unwrap();
        let first = Stamp::of(&at("link"));
        assert!(first.is_some() && first == Stamp::of(&at("link")));
        // As Kubernetes replaces a config map.
        std::os::unix::fs::symlink("two", at("new")).unwrap();
        fs::rename(at("new"), at("link")).unwrap();
        let second = Stamp::of(&at("link"));
        assert_ne!(second, first);
        fs::write(at("two"), "12").unwrap();
        assert_ne!(Stamp::of(&at("link")), second);
        fs::remove_file(at("two")).unwrap();
        assert_eq!(Stamp::of(&at("link")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_once_it_is_complete() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("rolecall.toml");
        fs::write(&path, "version = 1").unwrap();
        let seen = Stamp::of(&path);
        let limit = PERIOD * 3;
        assert!(tokio::time::timeout(limit, changed(Some(&path), seen)).await.is_err(), "nothing has changed");
        assert!(tokio::time::timeout(limit, changed(None, None)).await.is_err(), "there is no file");
        let write = async {
            for length in 0..20 {
                fs::write(&path, "x".repeat(length)).unwrap();
                tokio::time::sleep(QUIET / 2).await;
            }
            19
        };
        let watched = async {
            changed(Some(&path), seen).await;
            fs::read_to_string(&path).unwrap().len()
        };
        let (written, found) = tokio::join!(write, watched);
        assert_eq!(found, written);
        fs::remove_file(&path).unwrap();
        tokio::time::timeout(limit, changed(Some(&path), seen)).await.expect("it is gone");
    }
}
