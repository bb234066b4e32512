//! Where things are in this workspace, and the `cargo` to use on it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // As it runs, not as it was built: two clones may share a target directory.
    let xtask = variable("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    xtask.parent().map_or_else(|| xtask.clone(), Path::to_path_buf)
}

/// A path under the target directory.
pub(crate) fn target(path: &str) -> PathBuf {
    root().join(variable("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into())).join(path)
}

/// A variable that cargo sets or reads itself.
#[expect(clippy::disallowed_methods, reason = "cargo's own variables: what it says must be what it does")]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// A `cargo` command that runs in the workspace's folder.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    command
}
