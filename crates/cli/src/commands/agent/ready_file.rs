//! A file that is there while the agent is ready: for whoever can wait for a file and nothing else.
//!
//! Promises that the one of an agent that was killed is gone before anything else happens, and that a file of somebody
//! else's is never replaced or removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// What is in it, so that it is known again.
const CONTENT: &str = "rolecall agent: ready\n";

/// The place of the file.
pub(super) struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Makes sure that nothing is there and that something could be.
    ///
    /// # Errors
    /// When another file is there, or the directory is missing.
    pub(super) fn prepare(path: &Path) -> Result<Self, Failure> {
        let usage = |what: String, action: &str| Failure::new(ExitCode::Usage, format!("--ready-file: {what}"), action);
        let shown = path.display();
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !directory.is_dir() {
            return Err(usage(format!("{} is not a directory", directory.display()), "make it, or name another one"));
        }
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(meta) if meta.is_file() && fs::read(path).is_ok_and(|text| text == CONTENT.as_bytes()) => {
                fs::remove_file(path).map_err(|error| usage(format!("remove {shown}: {error}"), "remove it"))?;
            }
            Ok(_) => return Err(usage(format!("{shown} is there and is not ours"), "remove it, or name another file")),
            Err(error) => return Err(usage(format!("look at {shown}: {error}"), "name another file")),
        }
        Ok(Self(path.into()))
    }

    /// Puts it there.
    pub(super) fn create(&self) {
        if let Err(error) = fs::write(&self.0, CONTENT) {
            warn!("write the ready file {}: {error}; whoever waits for it waits in vain", self.0.display());
        }
    }

    /// Takes it away.
    pub(super) fn remove(&self) {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                warn!("remove the ready file {}: {error}", self.0.display());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_and_goes_and_a_left_one_goes_first() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("ready");
        let file = ReadyFile::prepare(&path).unwrap();
        assert!(!path.exists());
        file.create();
        assert!(path.exists());
        let file = ReadyFile::prepare(&path).unwrap();
        assert!(!path.exists(), "the agent that wrote it was killed");
        file.create();
        file.remove();
        file.remove();
        assert!(!path.exists());
    }

    #[test]
    fn a_file_of_somebody_elses_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("precious");
        fs::write(&path, "mine").unwrap();
        std::os::unix::fs::symlink(&path, home.path().join("link")).unwrap();
        for name in ["precious", "link", "."] {
            let failure = ReadyFile::prepare(&home.path().join(name)).err().unwrap();
            assert_eq!(failure.code, ExitCode::Usage);
            assert!(failure.message.contains("not ours"), "{failure:?}");
        }
        let failure = ReadyFile::prepare(&home.path().join("missing/ready")).err().unwrap();
        assert!(failure.message.contains("missing is not a directory"), "{failure:?}");
        assert_eq!(fs::read_to_string(path).unwrap(), "mine");
    }
}
