//! Other settings for an agent that runs.
//!
//! Promises that settings count as a whole or not at all, and that a role which STS would answer the same keeps its session.
//! What cannot change in the life of an agent (where its files and the user's are) is taken from the settings that it was
//! started with.

use std::sync::Arc;

use rolecall_core::Role;
use tracing::{info, warn};

use super::servers::{Needs, Servers};
use super::{
    Agent, StartError, blocking, count, define_for_commands, form, last_address, store, tell_form, tell_problems,
    two_files, warn_of_missing_region, warn_of_readers,
};
use crate::serve::shown::Shown;
use crate::settings::AgentSettings;
use crate::settings::problem::Problem;

/// What can be changed while the agent runs.
pub(super) struct Current {
    pub(super) settings: AgentSettings,
    pub(super) servers: Servers,
}

impl Agent {
    /// Has other settings count from now on: roles, their default, the form of the profiles, the store, how early and how
    /// fast, the addresses of the endpoint, probes and metrics. What has to be written is written beside everything else;
    /// programs that ask are answered by the new settings at once.
    ///
    /// # Errors
    /// When they cannot count. Then nothing has changed.
    pub async fn reload(&self, settings: AgentSettings) -> Result<(), StartError> {
        let mut current = self.current.lock().await;
        let Current { settings: before, servers } = &mut *current;
        let settings = AgentSettings {
            state_dir: before.state_dir.clone(),
            config_file: before.config_file.clone(),
            credentials_file: before.credentials_file.clone(),
            socket_group: before.socket_group,
            ..settings
        };
        two_files(&settings)?;
        let form = form(&settings, &self.state_dir)?;
        // The last things that may fail.
        let needs = Needs { view: &self.view, keyring: &self.keyring, clock: &self.clock };
        let next = servers.prepare(&settings, last_address(self.state_dir.path()), &needs).await?;
        let endpoint = servers.endpoint(&next);
        if let Err(error) = super::endpoint::keep(&settings, self.state_dir.path(), endpoint, &self.keyring).await {
            servers.abandon(next, &needs).await;
            return Err(error);
        }
        servers.commit(next, &needs).await;

        let now = self.clock.now().wall;
        let roles: Vec<Arc<Role>> = settings.roles.iter().cloned().map(Arc::new).collect();
        self.store.follow(roles.clone(), |_| store(&settings, &self.state_dir));
        self.profiles.follow(roles, |before| {
            let profiles = before.renewed(form, &settings, now);
            warn_of_readers(&profiles, &settings);
            profiles
        });
        self.view.shown.set(Shown::of(&settings, endpoint, now));
        count(&self.writes, self.rotator.set_all(settings.policy, settings.roles.clone()));
        self.keyring.follow(&self.rotator, &settings.roles);
        tell(before, &settings);
        *before = settings.clone();
        let place = self.state_dir.path().to_owned();
        if let Err(error) = blocking(move || define_for_commands(&settings, &place)).await {
            warn!("{error}; commands will know the roles of before while no agent runs");
        }
        Ok(())
    }

    /// Leaves the settings as they are and says why: in the log, and in `status` until others count.
    pub fn refuse(&self, mut why: Vec<Problem>) {
        warn!("the settings stay as they were, since the new ones cannot be used");
        tell_problems(&why);
        for problem in &mut why {
            problem.fault.message.push_str(" (the settings of before count until it is mended)");
        }
        self.view.shown.refuse(why);
    }
}

/// Logs what has changed.
fn tell(before: &AgentSettings, now: &AgentSettings) {
    let find = |roles: &[Role], role: &Role| roles.iter().find(|other| other.alias == role.alias).map(Role::key);
    let added = now.roles.iter().filter(|role| find(&before.roles, role).is_none()).count();
    let removed = before.roles.iter().filter(|role| find(&now.roles, role).is_none()).count();
    let is_changed = |role: &&Role| find(&before.roles, role).is_some_and(|key| key != role.key());
    let changed = now.roles.iter().filter(is_changed).count();
    let (roles, publish) = (now.roles.len(), now.publish);
    info!(roles, %publish, "settings read: {added} roles added, {changed} changed, {removed} removed");
    tell_problems(&now.problems);
    for note in now.notes.iter().filter(|note| !before.notes.contains(note)) {
        info!("{note}");
    }
    if before.publish != publish || before.store != now.store {
        tell_form(now);
    }
    warn_of_missing_region(now);
}
