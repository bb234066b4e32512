//! Asks the agent for new sessions.

use std::time::Duration;

use rolecall_agent::serve::wire::RefreshRequest;
use zeroize::Zeroizing;

use super::{AskError, post};
use crate::state_dir::StateDir;

/// What the agent is asked for.
pub(crate) const TARGET: &str = "/v1/refresh";
/// How long the agent is given to take a request whose answer is not waited for.
const BRIEFLY: Duration = Duration::from_millis(200);

/// Has the agent ask STS for these roles, or for all when there are none, and waits at most `limit` for what comes of it.
///
/// # Errors
/// As [`post`].
pub(crate) fn ask(state_dir: &StateDir, aliases: &[String], limit: Duration) -> Result<Zeroizing<Vec<u8>>, AskError> {
    // Strings only: there is nothing that JSON could not hold.
    let body = serde_json::to_string(&RefreshRequest { aliases: aliases.to_vec() }).unwrap_or_default();
    post(state_dir, TARGET, &body, limit)
}

/// Has the agent ask STS for these roles, and does not wait for what comes of it. Whether the agent could be asked; why not
/// is met at the next look.
pub(crate) fn ask_and_leave(state_dir: &StateDir, aliases: &[String]) -> bool {
    matches!(ask(state_dir, aliases, BRIEFLY), Ok(_) | Err(AskError::Late { .. }))
}
