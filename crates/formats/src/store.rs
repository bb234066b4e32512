//! The two files of the state directory that any AWS program can be pointed at: `credentials`, the store, with every
//! role that a session is held for (`AWS_SHARED_CREDENTIALS_FILE`), and `config` with every role's Region
//! (`AWS_CONFIG_FILE`).
//!
//! Both are ours from the first line to the last, and the first line says the version of the format.

use rolecall_core::{Alias, Role};
use zeroize::Zeroizing;

use crate::ini;
use crate::profile::{self, Held, ValueError};

/// The first line of the store.
const CREDENTIALS_HEAD: &str = "# rolecall store 1, written by rolecall, edits in here are lost\n";

/// The first line of the config.
const CONFIG_HEAD: &str = "# rolecall config 1, written by rolecall, edits in here are lost\n";

/// The whole text of the store. `x_rolecall_key` in each section says which definition the session belongs to.
///
/// The role that `default` names also gets a `[default]` section.
///
/// # Errors
/// The first session with a value that a credentials file cannot hold.
pub fn credentials(held: &[Held<'_>], default: Option<&Alias>) -> Result<Zeroizing<String>, ValueError> {
    let mut text = ini::room_for(held.iter().map(|h| h.session));
    text.push_str(CREDENTIALS_HEAD);
    for (header, held) in profile::sections(held, default, |h| &h.role.alias) {
        ini::header(&mut text, header.unwrap_or(held.role.alias.as_str()));
        ini::session(&mut text, &held.role.alias, held.session)?;
        ini::key(&mut text, "x_rolecall_key", &held.role.key().to_string());
    }
    Ok(text)
}

/// The whole text of the config that goes with the store: the Region of each role, held or not.
///
/// The role that `default` names also gets a `[default]` section.
#[must_use]
pub fn config(roles: &[&Role], default: Option<&Alias>) -> String {
    format!("{CONFIG_HEAD}{}", profile::region_config(roles, default))
}

/// Whether a text is one of these two files, of whatever version and state directory.
#[must_use]
pub fn is_ours(text: &str) -> bool {
    ["# rolecall store ", "# rolecall config "].iter().any(|head| text.starts_with(head))
}
