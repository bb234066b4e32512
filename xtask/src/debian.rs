//! Programs from outside that are packages of Debian: installed where that is possible, else named.

use std::process::Command;

use anyhow::bail;

use crate::step::quietly;

/// Sees to it that each program is there; each comes with the name of its package.
///
/// # Errors
/// What to install, when it cannot be done here.
pub(crate) fn require(programs: &[(&str, &str)]) -> anyhow::Result<()> {
    let is_missing = |program: &str| Command::new(program).arg("--version").output().is_err();
    let missing: Vec<&str> =
        programs.iter().filter(|(program, _)| is_missing(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

/// Installs packages.
///
/// # Errors
/// When that takes root, or fails.
pub(crate) fn install(packages: &[&str]) -> anyhow::Result<()> {
    let names = packages.join(" ");
    if !rustix::process::geteuid().is_root() {
        bail!("install what is missing; on Debian: apt-get install {names}");
    }
    let apt = |args: &[&str]| quietly(Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}
