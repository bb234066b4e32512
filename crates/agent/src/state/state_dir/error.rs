//! Why a directory cannot be the state directory, with what to do.

use std::io;
use std::path::PathBuf;

use super::SOCKET_PATH_MAX;
use crate::publish::files::FileError;
use crate::settings::group::Group;

/// Why a directory cannot be the state directory.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// It could not be made.
    #[error("create the state directory {path}: {source}", path = path.display())]
    Create {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is there, but cannot be looked at.
    #[error("look at the state directory {path}: {source}", path = path.display())]
    Inspect {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else has that name.
    #[error("the state directory {path} is not a directory; name another one", path = path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Somebody else owns it, so somebody else decides what is in it.
    #[error(
        "the state directory {path} belongs to user {owner}, but this is user {ours}; name a directory of your own, for \
         example one below it",
        path = path.display()
    )]
    Owner {
        /// The directory.
        path: PathBuf,
        /// The uid that owns it.
        owner: u32,
        /// The uid of this process.
        ours: u32,
    },
    /// Others may write into it.
    #[error(
        "others may write into the state directory {path} (mode {mode:03o}); run `chmod 700` on it or name another one",
        path = path.display()
    )]
    Writable {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The members of a group are to be let in, and this process may not give them anything.
    #[error(
        "let group {group} into the state directory {path}: this process is no member of it; start it as one, or as root",
        path = path.display()
    )]
    Group {
        /// The directory.
        path: PathBuf,
        /// The group.
        group: Group,
    },
    /// The socket would have a path that cannot be connected to.
    #[error(
        "the path of the socket {path} has {length} bytes, and sockets can have {SOCKET_PATH_MAX}; name a shorter state \
         directory",
        path = path.display()
    )]
    SocketPath {
        /// The path of the socket.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// The lock file could not be opened, locked or written.
    #[error("lock {path}: {source}", path = path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another agent holds it.
    #[error(
        "another agent{holder} uses the state directory {path}; stop it or name another directory",
        path = path.display(),
        holder = pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process that holds it, as far as it has said so yet.
        pid: Option<u32>,
    },
    /// A file of a name that the agent writes is there, and cannot be looked at.
    #[error("look at what is in the state directory: {source}; make it readable or name another directory")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: FileError,
    },
    /// It is the root of the file system.
    #[error("the state directory is {path}, the root of the file system; name a directory of its own below it", path = path.display())]
    Root {
        /// The directory.
        path: PathBuf,
    },
    /// A file of a name that the agent writes is there, and no agent wrote it.
    #[error(
        "{path} is not rolecall's, and an agent with this state directory would overwrite it; name a directory of its \
         own, for example one below it",
        path = path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A file that the agent writes is one of the user's AWS files, too.
    #[error(
        "{users} is one of your AWS files and also {path} of the state directory, which the agent overwrites; name \
         another state directory, or have {variable} name another file: unset it for the agent if it names this one",
        users = users.display(),
        path = path.display()
    )]
    UsersFile {
        /// The file of the state directory.
        path: PathBuf,
        /// The user's file, as it was named.
        users: PathBuf,
        /// The variable that can name it.
        variable: &'static str,
    },
}
