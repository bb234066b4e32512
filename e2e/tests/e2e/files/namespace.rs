//! Commands in a mount namespace of their own, so that a test can have read-only directories and full disks.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{Agent, Home, binary};

/// A command that runs `script` in the home; `$@` is `rolecall` with these arguments.
pub(super) fn command(home: &Home, script: &str, args: &[&str]) -> Command {
    let mut command = home.command("unshare");
    command.arg("--mount").args(if is_root() { None } else { Some("--map-root-user") });
    command.args(["sh", "-c", script, "sh"]).arg(binary()).args(args);
    command
}

/// A command that runs `script` in the home, where the agent is.
pub(super) fn shell(home: &Home, agent: &Agent<'_>, script: &str) -> Command {
    let mut command = home.command("nsenter");
    command.args(["--mount", "--target", &agent.id().to_string()]);
    command.args(if is_root() { &[][..] } else { &["--user", "--preserve-credentials"] });
    // The directory of this process is that of the other namespace.
    command.args(["sh", "-e", "-c", &format!("cd \"$HOME\"; {script}")]);
    command
}

/// A path as the agent sees it.
pub(super) fn inside(agent: &Agent<'_>, path: &Path) -> PathBuf {
    let relative = path.strip_prefix("/").unwrap_or(path);
    PathBuf::from(format!("/proc/{}/root", agent.id())).join(relative)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
