//! Everything that sessions are written to: profiles in the user's files, their documents for `cat`, and the store.
//!
//! Each is a writer that knows what to write; when, and what came of it, is the same for all (`file_sink`, `board`).
//! How a file is replaced beside other programs is in [`files`].

pub(crate) mod board;
pub(crate) mod file_sink;
pub mod files;
pub(crate) mod holdings;
pub(crate) mod json_files;
pub(crate) mod profiles;
pub(crate) mod store;
