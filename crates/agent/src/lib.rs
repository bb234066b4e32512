//! The local daemon: roles from the environment become profiles, a store and a socket.
//!
//! | To find | Look in |
//! |---|---|
//! | how `AWS_ROLE_1` and its siblings are read | [`env_roles`], [`problem`] |
//! | what an agent must be told, and the defaults | [`settings`], [`paths`] |
//! | the agent's own directory | [`state_dir`] |
//! | how files are written beside other programs | [`files`] |
//! | what is written into the user's files, and the store | `profiles`, `store`, `holdings`, `file_sink` |
//! | what is asked and answered over the socket | [`wire`], `documents`, `socket` |
//! | how it is all joined | [`run`] |

mod board;
mod documents;
pub mod env_roles;
mod file_sink;
pub mod files;
mod holdings;
#[cfg(test)]
mod landed;
pub mod paths;
pub mod problem;
mod profiles;
pub mod run;
pub mod settings;
mod socket;
pub mod state_dir;
mod store;
#[cfg(test)]
mod testing;
pub mod wire;

pub use run::{Agent, Outcome, StartError};
pub use settings::AgentSettings;
