//! What is missing on this machine, installed where that is possible: on Debian, as root.

use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::step::quietly;

/// Installs packages of Debian.
///
/// # Errors
/// What to install, when this is no Debian or not root; else what apt-get said.
pub(crate) fn install(packages: &[&str]) -> anyhow::Result<()> {
    let apt = |args: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    if !rustix::process::geteuid().is_root() || apt(&["--version"]).output().is_err() {
        bail!("install it (on Debian: apt-get install {})", packages.join(" "));
    }
    quietly(&mut apt(&["update"]))?;
    quietly(apt(&["install", "-y", "--no-install-recommends"]).args(packages))
}

/// The paths of programs, in their order; those packages are installed when one is missing.
///
/// # Errors
/// When one is still missing then, and what to install.
pub(crate) fn programs<const N: usize>(names: [&str; N], packages: &[&str]) -> anyhow::Result<[PathBuf; N]> {
    if names.iter().any(|name| path(name).is_err()) {
        install(packages)?;
    }
    let paths: Vec<PathBuf> = names.iter().map(|name| path(name)).collect::<anyhow::Result<_>>()?;
    Ok(std::array::from_fn(|index| paths[index].clone()))
}

/// Where a shell finds a program.
fn path(name: &str) -> anyhow::Result<PathBuf> {
    let found = Command::new("sh").args(["-c", "command -v \"$0\"", name]).output()?;
    let path = String::from_utf8_lossy(&found.stdout).trim_end().to_owned();
    if path.starts_with('/') { Ok(path.into()) } else { bail!("there is no program {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_a_shell_finds_it() {
        assert_eq!(programs(["sh"], &[]).unwrap(), [path("sh").unwrap()]);
        assert!(path("no-such-program").is_err());
        // A word of the shell itself is no program.
        assert!(path("cd").is_err());
    }
}
