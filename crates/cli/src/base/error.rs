//! Why the base cannot be loaded from the user's files, and what to do about it.

use std::path::PathBuf;

use rolecall_agent::publish::files::FileError;
use rolecall_core::{Fault, FaultKind};
use rolecall_formats::block;

/// Why the base cannot be loaded from the user's files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BaseError {
    /// A file is there, but cannot be read.
    #[error("load the base credentials: {0}")]
    Read(#[from] FileError),
    /// Our block in a file cannot be told from what is the user's.
    #[error("load the base credentials: {path}: {source}", path = path.display())]
    Block {
        /// The file.
        path: PathBuf,
        /// What is wrong with the markers.
        source: block::BlockError,
    },
    /// The environment chooses one of our own profiles as base.
    #[error(
        "{variable}={profile} names a profile that rolecall makes: a role cannot be the base that it is assumed from"
    )]
    OwnProfile {
        /// The variable.
        variable: &'static str,
        /// The profile.
        profile: String,
    },
    /// A profile of the user's gets its credentials from rolecall.
    #[error(
        "the profile {profile:?} gets its credentials from `rolecall credentials`, so it cannot be the base that \
         rolecall assumes roles from"
    )]
    OwnProcess {
        /// The profile.
        profile: String,
        /// Whether it is sure to ask this very agent.
        certain: bool,
    },
}

impl BaseError {
    /// Whether the agent must not even start: the base would be ourselves, which only the user can change.
    pub(crate) fn is_recursion(&self) -> bool {
        matches!(self, Self::OwnProfile { .. } | Self::OwnProcess { certain: true, .. })
    }
}

impl From<BaseError> for Fault {
    fn from(error: BaseError) -> Self {
        let message = error.to_string();
        let action = match error {
            BaseError::Read(_) => "make it a text file that this user can read".into(),
            BaseError::Block { path, .. } => format!("mend {}", path.display()),
            BaseError::OwnProfile { variable, .. } => {
                format!(
                    "start the agent without it: `env -u {variable} rolecall agent`, or set it to a profile of your own"
                )
            }
            BaseError::OwnProcess { .. } => {
                "set AWS_PROFILE to a profile with credentials of its own, or give that profile other credentials"
                    .into()
            }
        };
        Self::new(FaultKind::Misconfigured, message, action)
    }
}
