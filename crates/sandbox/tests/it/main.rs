//! The sandbox over a socket, asked by a client whose signatures are made by AWS's own library.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod client;
mod control;
mod errors;
mod hostile;
mod iam;
mod policies;
mod sessions;
mod sources;
mod throttle;
mod trust;
mod web_identity;
