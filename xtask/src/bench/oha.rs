//! The load generator `oha`: so many requests a second, whether or not the answers come, so that a slow answer makes no
//! others wait that would have been counted as fast.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::step::quietly;
use crate::workspace::{cargo, target};

/// The release that is installed.
const VERSION: &str = "1.16.0";

/// Installs it where it is missing, and returns the program.
///
/// # Errors
/// When it cannot be installed.
pub(super) fn program() -> anyhow::Result<PathBuf> {
    let tools = target("tools");
    let binary = tools.join("bin/oha");
    if !binary.exists() {
        let root = tools.to_string_lossy();
        // With TLS, which nothing here speaks: it does not build without.
        let args = ["install", "--quiet", "--locked", "oha", "--version", VERSION, "--root", &root];
        quietly(&mut cargo(&args)).context("cannot install oha")?;
    }
    Ok(binary)
}

/// The time that 99 of 100 answers beat, in milliseconds.
///
/// # Errors
/// When it cannot be installed, or an answer is not 200.
pub(super) fn run(url: &str, token: &str, connections: u32, a_second: u32, seconds: u32) -> anyhow::Result<f64> {
    let mut command = Command::new(program()?);
    command.args(["--no-tui", "--output-format", "json", "--latency-correction", "--disable-compression"]);
    command.args(["-c", &connections.to_string(), "-q", &a_second.to_string(), "-z", &format!("{seconds}s")]);
    let output = command.args(["-H", &format!("Authorization: {token}"), url]).output()?;
    if !output.status.success() {
        bail!("oha: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    let told: Value = serde_json::from_slice(&output.stdout).context("oha prints no JSON")?;
    let statuses = told["statusCodeDistribution"].as_object().context("oha counts no answers")?;
    if statuses.keys().any(|status| status != "200") {
        bail!("not all answers are 200: {statuses:?}");
    }
    let p99 = told["latencyPercentiles"]["p99"].as_f64().context("oha tells no percentile")?;
    Ok(p99 * 1e3)
}
