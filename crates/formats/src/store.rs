//! The two files of the state directory that any AWS program can be pointed at: `credentials`, the store, with every
//! role that a session is held for (`AWS_SHARED_CREDENTIALS_FILE`), and `config` with every role's Region
//! (`AWS_CONFIG_FILE`).
//!
//! Both are ours from the first line to the last, and the first line says the version of the format.

use rolecall_core::{Alias, Role};
use zeroize::Zeroizing;

use crate::ini;
use crate::profile::{self, Held, ValueError};
use crate::time::utc_seconds;

/// The version that is written.
pub const VERSION: u32 = 1;

/// When the session was received, in UTC, to the second. A store of an earlier rolecall lacks it.
pub const ISSUED: &str = "x_rolecall_issued";
/// The seconds that STS was asked for. Where [`ISSUED`] is not, it is not either.
pub const ASKED_FOR: &str = "x_rolecall_asked_for_seconds";
/// The key of the role, the last of a section: where it is, the section is whole.
pub const KEY: &str = "x_rolecall_key";

/// What the first line of each of the two starts with; the version follows.
const CREDENTIALS: &str = "# rolecall store ";
const CONFIG: &str = "# rolecall config ";

/// The whole text of the store. In each section `x_rolecall_issued` and `x_rolecall_asked_for_seconds` say how long the
/// session lives in all, and `x_rolecall_key`, which stands last, which definition it belongs to.
///
/// The role that `default` names also gets a `[default]` section.
///
/// # Errors
/// The first session with a value that a credentials file cannot hold.
pub fn credentials(held: &[Held<'_>], default: Option<&Alias>) -> Result<Zeroizing<String>, ValueError> {
    let mut text = ini::room_for(held.iter().map(|h| h.session));
    text.push_str(&heading(CREDENTIALS));
    for (header, held) in profile::sections(held, default, |h| &h.role.alias) {
        ini::header(&mut text, header.unwrap_or(held.role.alias.as_str()));
        ini::session(&mut text, &held.role.alias, held.session)?;
        ini::key(&mut text, ISSUED, &utc_seconds(held.session.issued_at));
        ini::key(&mut text, ASKED_FOR, &held.session.asked_for.as_secs().to_string());
        ini::key(&mut text, KEY, &held.role.key().to_string());
    }
    Ok(text)
}

/// The whole text of the config that goes with the store: the Region of each role, held or not.
///
/// The role that `default` names also gets a `[default]` section.
#[must_use]
pub fn config(roles: &[&Role], default: Option<&Alias>) -> String {
    format!("{}{}", heading(CONFIG), profile::region_config(roles, default))
}

/// Whether a text is one of these two files, of whatever version and state directory.
#[must_use]
pub fn is_ours(text: &str) -> bool {
    [CREDENTIALS, CONFIG].iter().any(|head| text.starts_with(head))
}

/// The version of a store; none when the text is no store or does not say.
#[must_use]
pub fn version(text: &str) -> Option<u32> {
    let digits = text.strip_prefix(CREDENTIALS)?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

fn heading(head: &str) -> String {
    format!("{head}{VERSION}, written by rolecall, edits in here are lost\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_say_whose_they_are_and_the_store_its_version() {
        let (store, config) = (credentials(&[], None).unwrap(), config(&[], None));
        assert!(is_ours(&store) && is_ours(&config));
        assert_eq!((version(&store), version(&config)), (Some(VERSION), None));
        for (text, found) in [
            ("# rolecall store 2, written by", Some(2)),
            ("# rolecall store 17\n[a]\n", Some(17)),
            ("# rolecall store 3", Some(3)),
            ("# rolecall store x", None),
            ("\n# rolecall store 1", None),
            ("[a]\n", None),
            ("", None),
        ] {
            assert_eq!(version(text), found, "{text:?}");
        }
    }
}
