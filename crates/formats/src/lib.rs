//! What AWS programs read, as pure functions from parsed types to text, and what of it we read back.
//!
//! No files, clock or environment: texts and times come in as values. Whatever is rendered here parses for every AWS
//! SDK: no alias, Region or session value can open a second section or line.
//!
//! | To find | Look in |
//! |---|---|
//! | which profiles a user's file holds, and whether botocore takes it at all | [`config`] |
//! | the profiles of both files as botocore merges them, and which of them assume a role | [`aws_config`] |
//! | our marked part of a user's file: put in, taken out | [`block`] |
//! | what stands in that part | [`profile`], [`command`] |
//! | the credentials and config files of the state directory | [`store`] |
//! | profiles with which the SDKs assume the roles themselves, and a ConfigMap of them | [`chained`], [`config_map`] |
//! | the answers to `credential_process` and to the container endpoint | [`process`], [`container`] |
//! | how a word is quoted for a shell, and how a shell sets a variable | [`shell`], [`export`] |
//! | how a time is spelt in all of them | [`time`] |

pub mod aws_config;
pub mod block;
pub mod chained;
pub mod command;
pub mod config;
pub mod config_map;
pub mod container;
pub mod export;
mod ini;
mod json;
pub mod process;
pub mod profile;
pub mod shell;
pub mod store;
pub mod time;
