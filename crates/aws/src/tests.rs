//! The crate against an AWS that the tests script: everything from profile text to wire and back, without a network.

mod base;
mod calls;
mod endpoints;
mod faults;
mod log;
mod process;
mod settings;
mod sources;
mod support;
mod wire;
