//! The local daemon: roles from the environment become profiles, a store and a socket.
//!
//! | To find | Look in |
//! |---|---|
//! | how `AWS_ROLE_1` and its siblings are read | [`env_roles`], [`problem`] |
//! | what an agent must be told, and the defaults | [`settings`], [`paths`] |
//! | the agent's own directory | [`state_dir`] |
//! | what commands know and do when no agent runs | [`definitions`], [`absent`], [`clean`] |
//! | how files are written beside other programs | [`files`] |
//! | how locks are waited for | `lock_file` |
//! | what is written into the user's files, and the store | `profiles`, `json_files`, `store`, `holdings`, `file_sink` |
//! | what is asked and answered over the socket | [`wire`], `documents`, `socket` |
//! | whether it is ready, for whoever started it | `health`, [`summary`] |
//! | how it is all joined | [`run`] |

pub mod absent;
mod board;
pub mod clean;
pub mod definitions;
mod documents;
pub mod env_roles;
mod file_sink;
pub mod files;
mod health;
mod holdings;
mod json_files;
#[cfg(test)]
mod landed;
mod lock_file;
pub mod paths;
pub mod problem;
mod profiles;
pub mod run;
pub mod settings;
mod socket;
pub mod state_dir;
mod store;
pub mod summary;
#[cfg(test)]
mod testing;
pub mod wire;

/// For the fuzz targets alone.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::store::read_back;
}

pub use run::{Agent, Outcome, StartError};
pub use settings::AgentSettings;
