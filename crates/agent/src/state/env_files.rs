//! `env/<alias>.config` and `env/<alias>.credentials` in the state directory: what a program reads in the place of the user's
//! AWS files when it shall have one role only and ask the endpoint for it.
//!
//! A profile in the user's files would win over the endpoint. These hold a Region and nothing else, under `default` and
//! under the alias, so that a program that names the profile finds it, too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rolecall_core::{Alias, Role};
use rolecall_formats::profile::region_config;

use crate::publish::files::{Access, FileError};
use crate::state::owned_dir;

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
    alias.is_some_and(|alias| alias.parse::<Alias>().is_ok())
}

/// Whether the text of a file there is ours.
pub(crate) fn is_ours(text: &str) -> bool {
    text.starts_with(MARK)
}

/// Sees to it that each role has its files, and nobody else. Blocks.
///
/// # Errors
/// When the directory takes no file.
pub(crate) fn keep<'a>(
    state_dir: &Path,
    roles: impl Iterator<Item = &'a Role> + Clone,
    access: Access,
) -> Result<(), FileError> {
    let files = roles.clone().map(|role| EnvFiles::of(state_dir, &role.alias));
    let wanted: BTreeSet<PathBuf> = files.flat_map(|files| [files.config, files.credentials]).collect();
    let directory = state_dir.join(DIRECTORY);
    owned_dir::tidy(&directory, |name| wanted.contains(&directory.join(name)), is_ours, access)?;
    for role in roles {
        let files = EnvFiles::of(state_dir, &role.alias);
        owned_dir::write(&files.config, &config(role), access)?;
        owned_dir::write(&files.credentials, &credentials(), access)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::role;

    #[test]
    fn a_role_has_a_region_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let (a, b) = (role("a"), role("b"));
        keep(home.path(), [&a, &b].into_iter(), Access::default()).unwrap();
        let EnvFiles { config, credentials } = EnvFiles::of(home.path(), &a.alias);
        let text = fs::read_to_string(&config).unwrap();
        assert_eq!(text, format!("{MARK}[default]\nregion = eu-central-1\n[profile a]\nregion = eu-central-1\n"));
        assert_eq!(fs::read_to_string(&credentials).unwrap(), MARK);

        fs::write(home.path().join("env/mine.config"), "[default]\n").unwrap();
        keep(home.path(), [&b].into_iter(), Access::default()).unwrap();
        assert!(!config.exists() && !credentials.exists());
        assert!(EnvFiles::of(home.path(), &b.alias).config.exists() && home.path().join("env/mine.config").exists());
    }
}
