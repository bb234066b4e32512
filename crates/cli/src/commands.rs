//! One file per command.

pub(crate) mod agent;
pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod credentials;
pub(crate) mod demo;
pub(crate) mod env;
pub(crate) mod exec;
pub(crate) mod explain;
pub(crate) mod man;
pub(crate) mod profiles;
pub(crate) mod refresh;
pub(crate) mod render;
pub(crate) mod revoke;
pub(crate) mod sandbox;
pub(crate) mod status;
pub(crate) mod validate;
pub(crate) mod wait;
