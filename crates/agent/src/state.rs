//! The state directory: who holds it, what is left in it, and what is done with it while no agent runs.
//!
//! The store in it is written with the profiles, by [`crate::publish`].

pub mod absent;
pub mod clean;
pub mod definitions;
pub mod endpoint_file;
pub mod env_files;
pub(crate) mod lock_file;
pub(crate) mod owned_dir;
pub mod state_dir;
pub mod tokens;
