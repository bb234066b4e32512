//! The name of this machine, which the names of sessions tell by default.

/// What uname(2) calls the node name.
pub(crate) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
