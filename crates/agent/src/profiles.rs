//! Profiles in the user's own AWS files, in the form that the settings name.
//!
//! Promises that a profile is never both keys and a command, never a Region alone (programs would then use whatever
//! other credentials they find), and never in the place of one that is not ours. They stay when the agent ends: a
//! program that starts while the agent restarts must find them.

mod free;
mod user_file;

use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rolecall_core::port::Clock;
use rolecall_core::{Alias, Delivery, Fault, Sink};
use rolecall_formats::block::Id;
use rolecall_formats::command::Command;
use rolecall_formats::config::File;
use rolecall_formats::profile::{self, Held};

use crate::board::{Board, Findings};
use crate::holdings::{Holdings, render};
use crate::settings::AgentSettings;
use crate::store::ended_badly;
use free::Free;
use user_file::UserFile;

/// The name of this writer.
const NAME: &str = "profiles";

/// What a profile is made of.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// A command that prints credentials, from the start.
    Process(Command),
    /// Keys, as long as a session is held.
    File,
    /// Nothing; what an earlier agent published is taken out.
    None,
}

/// The sink that writes profiles.
pub(crate) struct Profiles(Arc<Inner>);

struct Inner {
    form: Form,
    config: UserFile,
    credentials: UserFile,
    default: Option<Alias>,
    clock: Arc<dyn Clock>,
    board: Arc<Board>,
    holdings: Mutex<Holdings>,
}

impl Profiles {
    pub(crate) fn new(
        form: Form,
        settings: &AgentSettings,
        id: Id,
        clock: Arc<dyn Clock>,
        board: Arc<Board>,
        holdings: Holdings,
    ) -> Self {
        Self(Arc::new(Inner {
            form,
            config: UserFile::new(settings.config_file.clone(), File::Config, id),
            credentials: UserFile::new(settings.credentials_file.clone(), File::Credentials, id),
            default: settings.default.clone(),
            clock,
            board,
            holdings: Mutex::new(holdings),
        }))
    }

    /// Brings the files up to what is held; roles that are gone lose their profiles.
    pub(crate) async fn write(&self) -> Result<(), Fault> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.write()).await.unwrap_or_else(|error| Err(ended_badly(&error)))
    }

    /// Whether keys go into a file of the user's that others may read. It keeps its mode, since it is the user's.
    pub(crate) fn is_readable_by_others(&self) -> bool {
        let path = self.0.credentials.path();
        matches!(self.0.form, Form::File) && path.metadata().is_ok_and(|meta| meta.mode() & 0o077 != 0)
    }
}

#[async_trait]
impl Sink for Profiles {
    fn name(&self) -> &'static str {
        NAME
    }

    /// In the process form, too: a program that rewrote the file from an older copy may have lost our block.
    async fn deliver(&self, changes: &[Delivery]) -> Result<(), Fault> {
        self.0.holdings.lock().unwrap_or_else(PoisonError::into_inner).apply(changes);
        self.write().await
    }
}

impl Inner {
    fn write(&self) -> Result<(), Fault> {
        let holdings = self.holdings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut findings = Findings::default();
        let written = match &self.form {
            Form::Process(command) => self.write_process(&holdings, command, &mut findings),
            Form::File => self.write_keys(&holdings, &mut findings),
            Form::None => self.config.clear().and_then(|_| self.credentials.clear()).map(drop),
        };
        findings.whole = written.as_ref().err().cloned();
        self.board.put(NAME, self.clock.now().wall, findings);
        written
    }

    fn write_process(&self, holdings: &Holdings, command: &Command, findings: &mut Findings) -> Result<(), Fault> {
        let keys = self.credentials.content()?.others;
        let mut free = Free::default();
        self.config.put(|content| {
            let mut roles = holdings.roles();
            let others = [(self.config.path(), &content.others), (self.credentials.path(), &keys)];
            free = Free::look(&roles, self.default.as_ref(), others);
            roles.retain(|role| free.allows(&role.alias));
            Some(profile::process_config(&roles, free.default.as_ref(), command))
        })?;
        (findings.faults, findings.notes) = (free.taken, free.notes);
        // Last: until now keys of the file form, good ones, had won over the command.
        self.credentials.clear().map(drop)
    }

    /// Keys go before their profile's Region comes, and come before it goes.
    fn write_keys(&self, holdings: &Holdings, findings: &mut Findings) -> Result<(), Fault> {
        let roles = holdings.roles();
        let now = self.clock.now().wall;
        let (_, refused) = render(holdings.held(now), |held| profile::credentials(held, None));
        let mut held = holdings.held(now);
        held.retain(|held| !refused.contains_key(&held.role.alias));
        let look = |config: &_, credentials: &_| {
            let others = [(self.config.path(), config), (self.credentials.path(), credentials)];
            Free::look(&roles, self.default.as_ref(), others)
        };
        let allowed = |free: &Free| -> Vec<Held<'_>> {
            held.iter().filter(|held| free.allows(&held.role.alias)).copied().collect()
        };

        let keys = self.credentials.content()?.others;
        self.config.put(|content| {
            let free = look(&content.others, &keys);
            let mut stay = allowed(&free);
            let goes = |name: &String| name != "default" && stay.iter().all(|held| held.role.alias.as_str() != name);
            if !content.ours.iter().any(goes) {
                return None;
            }
            stay.retain(|held| content.ours.contains(held.role.alias.as_str()));
            Some(regions(&stay, free.default.as_ref()))
        })?;
        let regions_of_others = self.config.content()?.others;
        self.credentials.put(|content| {
            let free = look(&regions_of_others, &content.others);
            // What it cannot hold was left out above.
            let (text, _) = render(allowed(&free), |held| profile::credentials(held, free.default.as_ref()));
            Some(text)
        })?;
        let keys = self.credentials.content()?;
        let mut free = Free::default();
        self.config.put(|content| {
            free = look(&content.others, &keys.others);
            let mut written = allowed(&free);
            written.retain(|held| keys.ours.contains(held.role.alias.as_str()));
            let default = free.default.as_ref().filter(|_| keys.ours.contains("default"));
            Some(regions(&written, default))
        })?;
        findings.faults = free.taken.into_iter().chain(refused).collect();
        findings.notes = free.notes;
        Ok(())
    }
}

/// The Regions of the roles that keys are written for.
fn regions(held: &[Held<'_>], default: Option<&Alias>) -> String {
    let roles: Vec<_> = held.iter().map(|held| held.role).collect();
    profile::region_config(&roles, default)
}

#[cfg(test)]
mod tests;
