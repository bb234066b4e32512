//! The directory that a demo lives in.
//!
//! Private to this user, and removed with everything in it: at the end, at a panic, and at each signal by which a person
//! or a system asks a program to end (Ctrl-C, Ctrl-\, `kill`, a closed terminal). What is left is only left by SIGKILL,
//! by a fault of the machine, and by signals that are for other things, such as SIGUSR1.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::panic;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::live;

/// A temporary directory with the places of all files.
pub(super) struct Home(TempDir);

impl Home {
    /// Makes it in `TMPDIR`, or in `/tmp` when that is empty or not set.
    ///
    /// # Errors
    /// When the directory for temporary files takes none.
    pub(super) fn new(environment: &Environment) -> Result<Self, Failure> {
        let named = environment.get("TMPDIR").filter(|path| !path.is_empty());
        let temporary = named.map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let made = tempfile::Builder::new()
            .prefix("rolecall-demo-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&temporary)
            .map_err(|error| {
                let message = format!("create a directory in {}: {error}", temporary.display());
                Failure::new(ExitCode::Usage, message, "set TMPDIR to a directory that you can write to")
            })?;
        Ok(Self(made))
    }

    /// Sees to it that a panic, wherever it is, ends the demo and removes the directory.
    pub(super) fn remove_at_panic(&self) {
        let path = self.path().to_owned();
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // A panicking process can do no more about what fails here.
            let _ = live::restore();
            report(info);
            let _ = fs::remove_dir_all(&path);
            std::process::exit(ExitCode::Bug as i32);
        }));
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The AWS config file of this home.
    pub(super) fn config_file(&self) -> PathBuf {
        self.path().join("config")
    }

    /// The AWS credentials file of this home.
    pub(super) fn credentials_file(&self) -> PathBuf {
        self.path().join("credentials")
    }

    /// The state directory of the agent.
    pub(super) fn state_dir(&self) -> PathBuf {
        self.path().join("state")
    }

    /// Removes it, and tells when something is left. Dropping removes it, too.
    ///
    /// # Errors
    /// What is left.
    pub(super) fn remove(self) -> Result<(), Failure> {
        let path = self.path().to_owned();
        self.0.close().map_err(|error| {
            let message = format!("remove {}: {error}", path.display());
            Failure::new(ExitCode::Bug, message, "remove it yourself; it holds nothing of value")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_where_temporary_files_are() {
        let temporary = tempfile::tempdir().unwrap();
        for (named, parent) in [(temporary.path().to_str(), temporary.path()), (Some(""), Path::new("/tmp"))] {
            let home = Home::new(&Environment::from([("TMPDIR", named.unwrap())])).unwrap();
            assert_eq!(home.path().parent(), Some(parent));
        }
    }

    #[test]
    fn a_home_is_private_and_goes_with_everything_in_it() {
        let home = Home::new(&Environment::from([])).unwrap();
        let path = home.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        fs::create_dir(home.state_dir()).unwrap();
        fs::write(home.config_file(), "x").unwrap();
        home.remove().unwrap();
        assert!(!path.exists());
    }
}
