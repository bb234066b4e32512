//! What the loopback endpoint needs in the state directory, brought up to date: tokens, the files for `rolecall env`, and
//! where it listens.

use std::path::Path;
use std::sync::Arc;

use rolecall_core::{Alias, Role};

use super::{StartError, blocking};
use crate::publish::files::Access;
use crate::serve::endpoint::Endpoint;
use crate::serve::keyring::Keyring;
use crate::settings::AgentSettings;
use crate::state::endpoint_file::EndpointFile;
use crate::state::state_dir::StateDir;
use crate::state::{env_files, tokens};

/// Opens the endpoint that the settings ask for. Without one, nothing of it stays in the state directory but the port, which
/// the next one tries first.
///
/// # Errors
/// When its address cannot be had, or the state directory takes no file.
pub(super) async fn open(
    settings: &AgentSettings,
    state_dir: &StateDir,
    keyring: &Arc<Keyring>,
) -> Result<Option<Endpoint>, StartError> {
    let access = Access::of(settings.socket_group);
    let Some(address) = settings.endpoint else {
        keep(state_dir.path(), &[], access, keyring).await?;
        return Ok(None);
    };
    let before = EndpointFile::read(state_dir.path()).and_then(|file| file.address());
    let endpoint = Endpoint::open(address, before).await?;
    keep(state_dir.path(), &settings.roles, access, keyring).await?;
    EndpointFile::here(endpoint.address()).write(state_dir.path(), access)?;
    tracing::info!("endpoint: {}/v1/credentials/<alias>, with the token of the alias", endpoint.url());
    Ok(Some(endpoint))
}

/// Sees to it that these roles, and no others, can be asked for.
///
/// # Errors
/// When the state directory takes no file.
pub(super) async fn keep(
    state_dir: &Path,
    roles: &[Role],
    access: Access,
    keyring: &Arc<Keyring>,
) -> Result<(), StartError> {
    let (place, roles, keyring) = (state_dir.to_owned(), roles.to_vec(), Arc::clone(keyring));
    blocking(move || {
        let aliases: Vec<Alias> = roles.iter().map(|role| role.alias.clone()).collect();
        env_files::keep(&place, roles.iter(), access)?;
        keyring.set_lasting(tokens::keep(&place, &aliases, access)?);
        Ok(())
    })
    .await?
}
