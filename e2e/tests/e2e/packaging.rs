//! Where it runs: what `packaging` holds, as far as one machine can tell, and what each place needs of the agent.
//!
//! `sidecar` and `image` take root; `image` and `systemd` take programs of Debian that `cargo xtask test` installs.

mod image;
mod name_server;
mod pod;
mod sidecar;
mod systemd;

/// A file of `packaging`.
fn packaging(path: &str) -> String {
    let path = format!("{}/../packaging/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| unreachable!("{path}: {error}"))
}
