//! A home directory of a test's own, and commands that see nothing but it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::binary;

/// The roles that the product was asked for with, as they stand.
pub const SEED_ROLES: [(&str, &str); 2] = [
    ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/MyFirstRole:MyFirstAccount"),
    ("AWS_ROLE_2", "arn:aws:iam::123456789013:role/MySecondRole:MySecondAccount"),
];

/// The Region that every test sets.
pub const REGION: &str = "eu-central-1";

/// What a user sets for an agent: where AWS is and the base credentials, the Region, the seed's roles.
#[must_use]
pub fn seed_environment(of_aws: Vec<(String, String)>) -> Vec<(String, String)> {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    of_aws.into_iter().chain([own(("AWS_REGION", REGION))]).chain(SEED_ROLES.map(own)).collect()
}

/// A temporary home directory, gone when dropped.
pub struct Home {
    dir: TempDir,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// An empty one.
    ///
    /// # Panics
    /// When there is no room for it.
    #[must_use]
    pub fn new() -> Self {
        Self { dir: TempDir::with_prefix("e2e-").expect("a temporary directory") }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The path of something in it.
    #[must_use]
    pub fn at(&self, relative: &str) -> PathBuf {
        self.path().join(relative)
    }

    /// The state directory that the agent chooses by itself.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.at(".local/state/rolecall")
    }

    /// Writes a file, with the folders that it needs.
    ///
    /// # Panics
    /// When that fails.
    pub fn write(&self, relative: &str, text: &str) {
        let path = self.at(relative);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder in the home");
        fs::write(path, text).expect("a file in the home");
    }

    /// Reads a file; empty when there is none.
    ///
    /// # Panics
    /// When it is there and cannot be read.
    #[must_use]
    pub fn read(&self, relative: &str) -> String {
        let path = self.at(relative);
        if path.exists() { fs::read_to_string(path).expect("a file in the home") } else { String::new() }
    }

    /// The permission bits of a file or folder.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn mode(&self, relative: &str) -> u32 {
        let path = self.at(relative);
        let metadata = fs::metadata(&path).unwrap_or_else(|error| unreachable!("{}: {error}", path.display()));
        metadata.permissions().mode() & 0o7777
    }

    /// Every file and folder in it, relative, in order.
    ///
    /// # Panics
    /// When one cannot be listed.
    #[must_use]
    pub fn everything(&self) -> Vec<String> {
        fn list(root: &Path, folder: &Path, into: &mut Vec<String>) {
            for entry in fs::read_dir(folder).expect("a folder in the home") {
                let path = entry.expect("an entry of the home").path();
                into.push(path.strip_prefix(root).expect("below the home").to_string_lossy().into_owned());
                if path.is_dir() && !path.is_symlink() {
                    list(root, &path, into);
                }
            }
        }
        let mut found = Vec::new();
        list(self.path(), self.path(), &mut found);
        found.sort();
        found
    }

    /// A command with nothing of the environment of the tests: this home, a plain `PATH`, no instance metadata.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear();
        command.env("HOME", self.path()).env("PATH", "/usr/bin:/bin").env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// The `rolecall` command in this home.
    #[must_use]
    pub fn rolecall(&self, args: &[&str]) -> Command {
        let mut command = self.command(binary());
        command.args(args);
        command
    }
}
