//! `cargo xtask check`: everything but the tests that has to hold before a change lands.

use crate::step::{Steps, quietly};
use crate::workspace::{cargo, root, target};
use crate::{arch, files};

/// The release of cargo-deny that `deny.toml` is written for.
const CARGO_DENY: &str = "0.20.2";

/// # Errors
/// When a step failed; what it said is printed by then.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut steps = Steps::default();
    steps.run("files", || files::check(&root()));
    steps.run("fmt", || quietly(&mut cargo(&["fmt", "--all", "--check"])));
    steps.run("fmt fuzz", || quietly(&mut cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])));
    steps.run("check-arch", arch::check);
    steps.run("clippy", || {
        quietly(&mut cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    for alone in arch::PURE {
        steps.run(&format!("check-alone {alone}"), || {
            quietly(&mut cargo(&["check", "--locked", "--package", &format!("rolecall-{alone}")]))
        });
    }
    steps.run("doc", || {
        let args = ["doc", "--locked", "--workspace", "--no-deps", "--document-private-items"];
        quietly(cargo(&args).env("RUSTDOCFLAGS", "-D warnings"))
    });
    steps.run("deny", deny);
    steps.finish()
}

/// Licenses, banned crates and sources. Advisories need a database from outside, so they are left to whoever has one.
fn deny() -> anyhow::Result<()> {
    let tools = target("tools");
    let binary = tools.join("bin/cargo-deny");
    if !binary.exists() {
        let root = tools.to_string_lossy();
        let args = ["install", "--quiet", "--locked", "cargo-deny", "--version", CARGO_DENY, "--root", &root];
        // Its own build profile would take three times as long; it runs for two seconds.
        quietly(cargo(&args).env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"))?;
    }
    let mut command = std::process::Command::new(binary);
    command.current_dir(root()).args(["--locked", "check", "licenses", "bans", "sources"]);
    quietly(&mut command)
}
