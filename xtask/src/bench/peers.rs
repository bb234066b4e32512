//! What a user would pick instead: found, built or installed.
//!
//! The programs that people use cannot all be had here, so stand-ins do: a program on the AWS SDK for Go, which does what
//! every such tool written in Go has to do and nothing more, and boto3 alone. Each reads a profile of `~/.aws/config`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use super::rig::Rig;
use super::world;
use crate::step::quietly;
use crate::workspace::{root, target};
use crate::{debian, python};

/// The configuration file, in the home of the rig.
const CONFIG: &str = "peers.config";

/// A configuration file for them: profile `role` assumes the first role, profile `ready` runs `cat` on a file.
///
/// # Errors
/// When it cannot be written.
pub(super) fn profiles(rig: &Rig, ready: &Path) -> anyhow::Result<()> {
    let (id, key) = world::KEY;
    let text = format!(
        "[profile base]\naws_access_key_id = {id}\naws_secret_access_key = {key}\n\n\
         [profile role]\nrole_arn = {}\nsource_profile = base\n\n\
         [profile ready]\ncredential_process = /bin/cat {}\n",
        world::arn(1),
        ready.display()
    );
    Ok(fs::write(rig.path(CONFIG), text)?)
}

/// Has a command read that file, and nothing else: a key in the environment would win over a profile.
pub(super) fn with_profile(rig: &Rig, command: Command, profile: &str) -> Command {
    let mut command = with_config(rig, command, &rig.path(CONFIG));
    command.env("AWS_PROFILE", profile);
    command
}

/// Has a command read this configuration file, and nothing else.
pub(super) fn with_config(rig: &Rig, command: Command, config: &Path) -> Command {
    let mut command = rig.equip(command);
    command.env("AWS_CONFIG_FILE", config);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    // The Go SDK makes its STS client for `role_arn` before it has read AWS_ENDPOINT_URL.
    command.env("AWS_ENDPOINT_URL_STS", rig.endpoint());
    // Nobody is there: whoever misses the sandbox must not find AWS.
    command.env("HTTPS_PROXY", "http://127.0.0.1:1");
    command
}

/// Whether a program printed the credentials of a session, and not those that it should have assumed a role with.
///
/// # Errors
/// When it did not.
pub(super) fn check_session(printed: &[u8]) -> anyhow::Result<()> {
    let answer: Value = serde_json::from_slice(printed).context("a program prints something else than JSON")?;
    let token = answer["SessionToken"].as_str().unwrap_or_default();
    if token.is_empty() { Err(anyhow!("a program prints no session")) } else { Ok(()) }
}

/// Builds the Go program of `xtask/peers/go`, static and stripped: the fastest that Go makes it.
///
/// # Errors
/// When there is no Go, or it cannot get the modules.
pub(super) fn go() -> anyhow::Result<PathBuf> {
    build_go("go", "peer-go")
}

/// Builds the bare handler of `xtask/peers/endpoint` in the same way.
///
/// # Errors
/// As [`go`].
pub(super) fn go_endpoint() -> anyhow::Result<PathBuf> {
    build_go("endpoint", "peer-endpoint")
}

/// Builds the program of `xtask/peers/profiles`, which gets the credentials of many profiles, in the same way.
///
/// # Errors
/// As [`go`].
pub(super) fn go_profiles() -> anyhow::Result<PathBuf> {
    build_go("profiles", "peer-profiles")
}

fn build_go(folder: &str, name: &str) -> anyhow::Result<PathBuf> {
    let program = target("bench").join(name);
    let mut build = Command::new("go");
    build.current_dir(root().join("xtask/peers").join(folder)).env("CGO_ENABLED", "0");
    build.args(["build", "-trimpath", "-ldflags=-s -w", "-o"]).arg(&program).arg(".");
    quietly(&mut build).with_context(|| format!("cannot build {name}; install Go (https://go.dev/dl)"))?;
    Ok(program)
}

/// The Python of the tests' environment, and a script of `xtask/peers`.
///
/// # Errors
/// When the environment cannot be made.
pub(super) fn python(script: &str) -> anyhow::Result<(PathBuf, PathBuf)> {
    Ok((python::environment()?.join("python"), root().join("xtask/peers").join(script)))
}

/// The load generator `wrk`; on Debian, as root, it is installed when it is missing.
///
/// # Errors
/// When there is none.
pub(super) fn wrk() -> anyhow::Result<Command> {
    if Command::new("wrk").arg("--version").output().is_err() {
        debian::install(&["wrk"]).context("the load generator wrk is missing")?;
    }
    Ok(Command::new("wrk"))
}
