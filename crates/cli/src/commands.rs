//! One file per command.

pub(crate) mod agent;
pub(crate) mod credentials;
pub(crate) mod demo;
pub(crate) mod profiles;
pub(crate) mod sandbox;
pub(crate) mod status;
