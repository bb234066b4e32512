//! The world of a bench's sandbox: a user, and as many roles as are wanted.

use std::fmt::Write as _;

/// The account of all roles.
const ACCOUNT: &str = "123456789012";

/// The key of the user.
pub(super) const KEY: (&str, &str) = ("SANDBOXKEYOFBENCH", "not-a-secret/it+opens=the-sandbox-only");

/// The world as `rolecall sandbox --config` reads it.
pub(super) fn toml(roles: usize) -> String {
    let (id, key) = KEY;
    let mut text = format!(
        "version = 1\n\n[account.{ACCOUNT}.user.bench]\naccess_key_id = \"{id}\"\nsecret_access_key = \"{key}\"\n"
    );
    for number in 1..=roles {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n[account.{ACCOUNT}.role.{}]\n", name(number));
    }
    text
}

/// The variable of a role, as `rolecall agent` reads it.
pub(super) fn variable(number: usize) -> (String, String) {
    (format!("AWS_ROLE_{number}"), format!("{}:{}", arn(number), name(number)))
}

/// The ARN of a role.
pub(super) fn arn(number: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{}", name(number))
}

/// The name of a role, which is its alias too; from 1.
pub(super) fn name(number: usize) -> String {
    format!("Bench{number:04}")
}
