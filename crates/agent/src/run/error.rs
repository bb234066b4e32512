//! Why an agent cannot start, or cannot follow other settings.

use std::path::PathBuf;

use rolecall_core::Fault;
use rolecall_formats::command::CommandError;

use crate::publish::files::FileError;
use crate::serve::endpoint::EndpointError;
use crate::serve::listener::ListenError;
use crate::serve::socket::SocketError;
use crate::state::state_dir::StateDirError;
use crate::state::tokens::NoRandomness;

/// Why an agent could not start. A role or a file of the user's is never a reason.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state directory cannot be used, or another agent uses it.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// The path is no text, so no `credential_process` line can hold it.
    #[error("write a profile: the path {path:?} is not UTF-8; use another one")]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// One file in the place of both of the user's: what is put in for the one would be taken out for the other.
    #[error(
        "publish profiles: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE lead to one file, {path}; name two files, or \
         use `--publish none`",
        path = path.display()
    )]
    OneFile {
        /// The file.
        path: PathBuf,
    },
    /// No `credential_process` line can hold the paths.
    #[error("write a profile: {0}")]
    Command(#[from] CommandError),
    /// The socket cannot be opened.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// The address for probes or metrics cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The address of the endpoint cannot be had.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// No token for the endpoint can be made.
    #[error(transparent)]
    Token(#[from] NoRandomness),
    /// The state directory takes no file.
    #[error("keep the files of the endpoint: {0}")]
    File(#[from] FileError),
    /// A task of our own did not come back.
    #[error("start the agent: {0}")]
    Task(Fault),
}
