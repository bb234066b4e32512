//! What the loopback endpoint needs in the state directory, brought up to date: tokens, the files for `rolecall env`, and
//! where it listens.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rolecall_core::{Alias, Role};

use super::{StartError, blocking};
use crate::publish::files::Access;
use crate::serve::keyring::Keyring;
use crate::settings::AgentSettings;
use crate::state::endpoint_file::EndpointFile;
use crate::state::{env_files, tokens};

/// Sees to it that the roles of these settings, and no others, can be asked for at `address`. Without an endpoint nothing
/// of it stays in the state directory but the address, which the next one tries first.
///
/// # Errors
/// When the state directory takes no file.
pub(super) async fn keep(
    settings: &AgentSettings,
    state_dir: &Path,
    address: Option<SocketAddr>,
    keyring: &Arc<Keyring>,
) -> Result<(), StartError> {
    let access = Access::of(settings.socket_group);
    let roles: Vec<Role> = if address.is_some() { settings.roles.clone() } else { Vec::new() };
    let (place, keyring) = (state_dir.to_owned(), Arc::clone(keyring));
    blocking(move || {
        let aliases: Vec<Alias> = roles.iter().map(|role| role.alias.clone()).collect();
        env_files::keep(&place, roles.iter(), access)?;
        keyring.set_lasting(tokens::keep(&place, &aliases, access)?);
        if let Some(address) = address {
            EndpointFile::here(address).write(&place, access)?;
        }
        Ok(())
    })
    .await?
}
