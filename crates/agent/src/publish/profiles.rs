//! Profiles in the user's own AWS files, in the form that the settings name.
//!
//! Promises that a profile is never both keys and a command, never a Region alone (programs would then use whatever
//! other credentials they find), and never in the place of one that is not ours, unless the user said so. They stay when
//! the agent ends: a program that starts while the agent restarts must find them.

mod free;
mod take_over;
mod user_file;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use rolecall_core::{Alias, Fault, Role};
use rolecall_formats::block::Id;
use rolecall_formats::command::Command;
use rolecall_formats::config::File;
use rolecall_formats::profile::{self, Held};

use crate::publish::board::Findings;
use crate::publish::file_sink::Writer;
use crate::publish::holdings::{Holdings, render};
use crate::publish::json_files::JsonFiles;
use crate::settings::AgentSettings;
use free::Free;
use take_over::TakeOver;
use user_file::UserFile;

/// What a profile is made of.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// A command that prints credentials, from the start.
    Process(Command),
    /// A command that prints a document of ours, as long as a session is held.
    Cat(Command),
    /// Keys, as long as a session is held.
    File,
    /// Nothing; what an earlier agent published is taken out.
    None,
}

/// Writes profiles. In the process form, whose profiles do not change with a session, too, at each delivery: a program that rewrote the file from an older copy may
/// have lost our block.
pub(crate) struct Profiles {
    form: Form,
    config: UserFile,
    credentials: UserFile,
    json: JsonFiles,
    take_over: TakeOver,
    default: Option<Alias>,
    /// Whether everything of ours is out, in the form that publishes nothing: once is enough.
    cleared: AtomicBool,
}

impl Profiles {
    /// The writer of one state directory, with the time at which its agent started.
    pub(crate) fn new(form: Form, settings: &AgentSettings, json: JsonFiles, id: Id, started_at: Timestamp) -> Self {
        Self {
            form,
            config: UserFile::new(settings.config_file.clone(), File::Config, id),
            credentials: UserFile::new(settings.credentials_file.clone(), File::Credentials, id),
            json,
            take_over: TakeOver::new(&settings.take_over, started_at),
            default: settings.default.clone(),
            cleared: AtomicBool::new(false),
        }
    }

    /// The writer for other settings of the same agent.
    pub(crate) fn renewed(&self, form: Form, settings: &AgentSettings, now: Timestamp) -> Self {
        Self {
            form,
            config: self.config.clone(),
            credentials: self.credentials.clone(),
            json: self.json.clone(),
            take_over: self.take_over.renewed(&settings.take_over, now),
            default: settings.default.clone(),
            cleared: AtomicBool::new(false),
        }
    }

    /// Whether keys go into a file of the user's that others may read. It keeps its mode, since it is the user's.
    pub(crate) fn is_readable_by_others(&self) -> bool {
        let readable = |meta: std::fs::Metadata| meta.is_file() && meta.mode() & 0o077 != 0;
        matches!(self.form, Form::File) && self.credentials.path().metadata().is_ok_and(readable)
    }
}

impl Writer for Profiles {
    const NAME: &'static str = "profiles";

    /// Brings the files up to what is held; roles that are gone lose their profiles.
    fn write(&self, holdings: &Holdings, findings: &mut Findings) -> Result<(), Fault> {
        if !matches!(self.form, Form::None) {
            self.take_over.perform([&self.config, &self.credentials])?;
        }
        let written = match &self.form {
            Form::Process(command) => self.write_command(holdings.roles(), command, findings),
            Form::Cat(command) => {
                let held = holdings.held();
                let roles = held.iter().map(|held| held.role).collect();
                // A document comes before its profile.
                self.json.write(&held).and_then(|()| self.write_command(roles, command, findings))
            }
            Form::File => self.write_keys(holdings, findings),
            Form::None if self.cleared.load(Ordering::Relaxed) => return Ok(()),
            Form::None => self.config.clear().and_then(|_| self.credentials.clear()).map(drop),
        };
        // And goes behind it; but what has ended goes also where the profile cannot be taken away.
        let written = written.and(self.json.keep(&self.printed(holdings)));
        self.cleared.store(written.is_ok(), Ordering::Relaxed);
        written
    }
}

impl Profiles {
    /// The aliases whose documents the form prints.
    fn printed<'a>(&self, holdings: &'a Holdings) -> BTreeSet<&'a Alias> {
        match &self.form {
            Form::Cat(_) => holdings.held().iter().map(|held| &held.role.alias).collect(),
            Form::Process(_) | Form::File | Form::None => BTreeSet::new(),
        }
    }

    fn write_command(&self, roles: Vec<&Role>, command: &Command, findings: &mut Findings) -> Result<(), Fault> {
        let keys = self.credentials.content()?.others;
        let mut free = Free::default();
        self.config.put(|content| {
            let others = [(self.config.path(), &content.others), (self.credentials.path(), &keys)];
            free = Free::look(&roles, self.default.as_ref(), others);
            let free_ones: Vec<_> = roles.iter().filter(|role| free.allows(&role.alias)).copied().collect();
            Some(profile::process_config(&free_ones, free.default.as_ref(), command))
        })?;
        (findings.faults, findings.notes) = (free.taken, free.notes);
        // Last: until now keys of the file form, good ones, had won over the command.
        self.credentials.clear().map(drop)
    }

    /// Keys go before their profile's Region comes, and come before it goes.
    fn write_keys(&self, holdings: &Holdings, findings: &mut Findings) -> Result<(), Fault> {
        let roles = holdings.roles();
        let (_, refused) = render(holdings.held(), |held| profile::credentials(held, None));
        let mut held = holdings.held();
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
