//! The promises of the `rolecall` binary, each tested from outside. Run one with
//! `cargo xtask test --only e2e NAME`.
//!
//! `clients` holds every test that needs the Python environment, `sdks` those on one AWS SDK each, and nothing else does.

#![expect(clippy::unwrap_used, reason = "tests, and functions that only tests call")]

mod aws_config;
mod base;
mod cat;
mod chains;
mod clients;
mod commands;
mod demo;
mod endpoint;
mod faults;
mod files;
mod once;
mod packaging;
mod readiness;
mod reload;
mod restart;
mod roles;
mod sdks;
mod secrets;
mod settings;
mod shutdown;
mod sources;
mod user_files;
