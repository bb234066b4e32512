//! What stands in our block of the user's files: a profile per role, in one of the forms that a profile can take.
//!
//! In the config file a section is `[profile x]`, in the credentials file `[x]`, and `[default]` in both
//! ([AWS](https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html)). A profile is either a command or keys,
//! never both: keys would win and go stale. Which roles may be written, and whether `[default]` is free, is the
//! caller's to know. Aliases must differ from one another.

use rolecall_core::{Alias, Role, Session};
use zeroize::Zeroizing;

use crate::command::Command;
use crate::ini;
pub use crate::ini::ValueError;

/// The profile that AWS programs use when they are told of none.
const DEFAULT: &str = "default";

/// A role with the session to write for it.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The role.
    pub role: &'a Role,
    /// Its session; that it has not expired is the caller's to see to.
    pub session: &'a Session,
}

/// The process form, for the config file: every program asks `command` for credentials.
///
/// The role that `default` names also gets a `[default]` section.
#[must_use]
pub fn process_config(roles: &[&Role], default: Option<&Alias>, command: &Command) -> String {
    let mut text = String::new();
    for (header, role) in sections(roles, default, |r| &r.alias) {
        config_section(&mut text, header, role);
        ini::key(&mut text, "credential_process", &command.line(&role.alias));
    }
    text
}

/// The file form's part of the config file: the Region of each role, to go with [`credentials`].
///
/// The role that `default` names also gets a `[default]` section. A role without a Region has an empty section.
#[must_use]
pub fn region_config(roles: &[&Role], default: Option<&Alias>) -> String {
    let mut text = String::new();
    for (header, role) in sections(roles, default, |r| &r.alias) {
        config_section(&mut text, header, role);
    }
    text
}

/// The file form's part of the credentials file: the keys of each session and when they expire.
///
/// The role that `default` names also gets a `[default]` section.
///
/// # Errors
/// The first session with a value that a credentials file cannot hold.
pub fn credentials(held: &[Held<'_>], default: Option<&Alias>) -> Result<Zeroizing<String>, ValueError> {
    let mut text = ini::room_for(held.iter().map(|h| h.session));
    for (header, held) in sections(held, default, |h| &h.role.alias) {
        ini::header(&mut text, header.unwrap_or(held.role.alias.as_str()));
        ini::session(&mut text, &held.role.alias, held.session)?;
    }
    Ok(text)
}

/// The items in order, the default one twice: once under `default`, once under its own name (`None`). A role of the AWS
/// config may be named `default` itself.
pub(crate) fn sections<'a, T>(
    items: &'a [T],
    default: Option<&Alias>,
    alias: impl Fn(&T) -> &Alias,
) -> impl Iterator<Item = (Option<&'static str>, &'a T)> {
    let header = |item: &T| (alias(item).as_str() == DEFAULT).then_some(DEFAULT);
    let default = items.iter().find(|item| Some(alias(item)) == default && header(item).is_none());
    let own: Vec<_> = items.iter().map(|item| (header(item), item)).collect();
    default.map(|item| (Some(DEFAULT), item)).into_iter().chain(own)
}

fn config_section(text: &mut String, header: Option<&str>, role: &Role) {
    match header {
        Some(default) => ini::header(text, default),
        None => ini::header(text, &format!("profile {}", role.alias)),
    }
    if let Some(region) = &role.region {
        ini::key(text, "region", region.as_str());
    }
}

#[cfg(test)]
mod tests;
