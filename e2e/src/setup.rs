//! What `cargo xtask test` hands to the tests. What it did not hand over is a failure that says so, never a skipped test.

use std::path::PathBuf;

/// The `rolecall` binary under test.
///
/// # Panics
/// When the tests were not started by `cargo xtask test`.
#[must_use]
pub fn binary() -> PathBuf {
    handed_over("ROLECALL_E2E_BINARY")
}

/// A program of the Python environment, such as `aws`.
///
/// # Panics
/// When the tests were not started by `cargo xtask test`, or with `--without python`.
#[must_use]
pub fn python(program: &str) -> PathBuf {
    handed_over("ROLECALL_E2E_PYTHON").join(program)
}

/// The image: an OCI layout with the binary linked as the one that ships, and the tag in it, as umoci names the two.
///
/// # Panics
/// When the tests were not started by `cargo xtask test`, or with `--without packaging`.
#[must_use]
pub fn image() -> String {
    format!("{}:test", handed_over("ROLECALL_E2E_IMAGE").display())
}

/// The `ministack` server.
///
/// # Panics
/// When the tests were not started by `cargo xtask test`, or with `--without python`.
pub(crate) fn ministack() -> PathBuf {
    handed_over("ROLECALL_E2E_MINISTACK").join("ministack")
}

/// The program on an AWS SDK, such as `go`, for any but boto3.
///
/// # Panics
/// When the tests were not started by `cargo xtask test`.
pub(crate) fn sdk(name: &str) -> PathBuf {
    handed_over("ROLECALL_E2E_SDKS").join(name)
}

#[expect(clippy::disallowed_methods, reason = "the seam between the test command and the tests")]
fn handed_over(name: &str) -> PathBuf {
    let value = std::env::var_os(name);
    assert!(value.is_some(), "{name} is not set: run these tests with `cargo xtask test --only e2e [NAME…]`");
    value.map(PathBuf::from).unwrap_or_default()
}
