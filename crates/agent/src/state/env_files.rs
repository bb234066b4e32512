//! `env/<alias>.config` and `env/<alias>.credentials` in the state directory: what a program reads in the place of the user's
//! AWS files when it shall have one role only and ask the endpoint for it.
//!
//! A profile in the user's files would win over the endpoint. These hold a Region and nothing else, under `default` and
//! under the alias, so that a program that names the profile finds it, too.

use std::path::{Path, PathBuf};

use rolecall_core::{Alias, Role};
use rolecall_formats::profile::region_config;
use zeroize::Zeroizing;

/// The name of the directory.
pub(crate) const DIRECTORY: &str = "env";
/// How each file begins: tells ours from others.
const MARK: &str = "# written by rolecall: one role, from its endpoint\n";

/// The two files of one alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFiles {
    /// For `AWS_CONFIG_FILE`.
    pub config: PathBuf,
    /// For `AWS_SHARED_CREDENTIALS_FILE`.
    pub credentials: PathBuf,
}

impl EnvFiles {
    /// Those of an alias in a state directory.
    #[must_use]
    pub fn of(state_dir: &Path, alias: &Alias) -> Self {
        let path = |suffix| state_dir.join(DIRECTORY).join(format!("{alias}.{suffix}"));
        Self { config: path("config"), credentials: path("credentials") }
    }
}

/// The text of the config file for a role: its Region, under `default` and under its alias.
#[must_use]
pub fn config(role: &Role) -> String {
    format!("{MARK}{}", region_config(&[role], Some(&role.alias)))
}

/// The text of the credentials file, for every role: nothing.
#[must_use]
pub fn credentials() -> String {
    MARK.into()
}

/// Whether a file of this name there would be written by us.
pub(crate) fn is_named(name: &str) -> bool {
    let alias = name.strip_suffix(".config").or_else(|| name.strip_suffix(".credentials"));
    alias.is_some_and(|alias| Alias::of_profile(alias).is_ok())
}

/// Whether the text of a file there is ours.
pub(crate) fn is_ours(text: &str) -> bool {
    text.starts_with(MARK)
}

/// The files of these roles, each with its text.
pub(crate) fn files(state_dir: &Path, roles: &[Role]) -> Vec<(PathBuf, Zeroizing<String>)> {
    let of = |role: &Role| {
        let paths = EnvFiles::of(state_dir, &role.alias);
        [(paths.config, config(role).into()), (paths.credentials, credentials().into())]
    };
    roles.iter().flat_map(of).collect()
}
