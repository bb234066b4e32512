//! The local daemon: roles from the environment become profiles, a store and a socket.
//!
//! | To find | Look in |
//! |---|---|
//! | what an agent must be told; how `AWS_ROLE_1` and its siblings are read | [`settings`] |
//! | the agent's own directory, and what is done with it while no agent runs | [`state`] |
//! | what sessions are written to, beside other programs | [`publish`] |
//! | what is asked and answered | [`serve`] |
//! | how it is all joined | [`run`]; for one command without an agent, [`alone`] |

pub mod alone;
#[cfg(test)]
mod landed;
pub mod publish;
pub mod run;
pub mod serve;
pub mod settings;
pub mod state;
#[cfg(test)]
mod testing;

/// For the fuzz targets alone.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::publish::store::read_back;
}

pub use run::{Agent, Outcome, StartError};
pub use settings::AgentSettings;
