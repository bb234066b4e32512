//! Credentials with unmistakable values, and a search for them wherever they must not be.

use rolecall_core::SessionCredentials;

/// In every secret value that a test issues.
pub const MARK: &str = "canary7Qz";

/// The `n`th set of credentials; the secret key and the token hold [`MARK`], the access key id does not.
#[must_use]
pub fn credentials(n: u64) -> SessionCredentials {
    SessionCredentials::new(format!("ASIATEST{n:012}"), format!("{MARK}/secret+{n}"), format!("{MARK}/token=={n}"))
}

/// Fails the test if a secret is in `text`, which is `what`.
///
/// # Panics
/// When it is, without repeating it.
#[track_caller]
pub fn assert_absent(what: &str, text: &str) {
    assert!(!text.contains(MARK), "a secret leaked into {what}");
}
