//! The shell round the engine, on tokio's paused clock: what a handle, a sink and the log see.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod chains;
mod life;
mod other_roles;
mod refresh;
mod rig;
mod vault;
