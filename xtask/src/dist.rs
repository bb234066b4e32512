//! `cargo xtask dist`: the binary that ships.
//!
//! Profile `dist`, and on glibc systems everything linked in: no loader, no library to map, and an image needs nothing
//! else (`docs/decisions/0006-the-shipped-binary-is-static.md`).

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::workspace::{cargo, root, target};

/// Builds it and says where it is.
///
/// # Errors
/// When it does not build.
pub(crate) fn run() -> anyhow::Result<()> {
    let binary = build(Profile::Dist)?;
    println!("{}", binary.strip_prefix(root()).unwrap_or(&binary).display());
    Ok(())
}

/// How much the compiler does for the binary.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// All that it can: what ships.
    Dist,
    /// As little as it can, for tests: linked in the same way.
    Dev,
}

/// Builds it and returns its path.
///
/// # Errors
/// When it does not build.
pub(crate) fn build(profile: Profile) -> anyhow::Result<PathBuf> {
    let host = host()?;
    let (profile, folder) = match profile {
        Profile::Dist => ("dist", "dist"),
        Profile::Dev => ("dev", "debug"),
    };
    let mut command = cargo(&["build", "--locked", "--profile", profile, "--package", "rolecall-cli"]);
    // With `--target`, so that the flag is not for build scripts and procedural macros.
    command.args(["--target", &host]);
    if host.ends_with("-linux-gnu") {
        command.env("RUSTFLAGS", "-C target-feature=+crt-static");
    }
    if !command.status().context("cannot run cargo")?.success() {
        bail!("the build failed");
    }
    Ok(target(&host).join(folder).join("rolecall"))
}

/// The target that this machine is.
pub(crate) fn host() -> anyhow::Result<String> {
    let output = cargo(&["-vV"]).output().context("cannot run cargo")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("cargo does not say what machine this is")
}
