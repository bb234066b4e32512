//! A file that is there while the agent is ready: for whoever can wait for a file and nothing else.
//!
//! Promises that nothing changes before the agent has its state directory to itself, so that one that is refused takes
//! nothing from the one that runs; and that a file of somebody else's is never written into, replaced or removed.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tracing::warn;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// What is in it, so that it is known again.
const CONTENT: &str = "rolecall agent: ready\n";

/// The place of the file.
pub(super) struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Makes sure that nothing of anybody else's is there and that something could be. Changes nothing.
    ///
    /// # Errors
    /// When another file is there, or the directory is missing.
    pub(super) fn at(path: &Path) -> Result<Self, Failure> {
        let usage = |what: String, action: &str| Failure::new(ExitCode::Usage, format!("--ready-file: {what}"), action);
        let shown = path.display();
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !directory.is_dir() {
            return Err(usage(format!("{} is not a directory", directory.display()), "make it, or name another one"));
        }
        match is_ours(path) {
            Ok(true) => {}
            Ok(false) => {
                return Err(usage(format!("{shown} is there and is not ours"), "remove it, or name another file"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(usage(format!("look at {shown}: {error}"), "name another file")),
        }
        Ok(Self(path.into()))
    }

    /// Puts it there, unless something is.
    pub(super) fn create(&self) {
        let file = OpenOptions::new().write(true).create_new(true).open(&self.0);
        if let Err(error) = file.and_then(|mut file| file.write_all(CONTENT.as_bytes())) {
            warn!("write the ready file {}: {error}; whoever waits for it waits in vain", self.0.display());
        }
    }

    /// Takes it away, if it is ours.
    pub(super) fn remove(&self) {
        let shown = self.0.display();
        match is_ours(&self.0).and_then(|ours| if ours { fs::remove_file(&self.0) } else { Ok(()) }) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => warn!("remove the ready file {shown}: {error}"),
            _ => {}
        }
    }
}

/// Whether a file is one that an agent put there; a link to one is not.
fn is_ours(path: &Path) -> io::Result<bool> {
    let meta = fs::symlink_metadata(path)?;
    Ok(meta.is_file() && meta.len() == CONTENT.len() as u64 && fs::read(path)? == CONTENT.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_and_goes_and_a_left_one_goes_first() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("ready");
        let file = ReadyFile::at(&path).unwrap();
        assert!(!path.exists());
        file.create();
        assert!(path.exists());
        let file = ReadyFile::at(&path).unwrap();
        assert!(path.exists(), "the agent that wrote it may be running");
        file.remove();
        assert!(!path.exists(), "the agent that wrote it was killed");
        file.create();
        file.remove();
        file.remove();
        assert!(!path.exists());
    }

    #[test]
    fn what_somebody_puts_there_meanwhile_stays() {
        let home = tempfile::tempdir().unwrap();
        let (path, precious) = (home.path().join("ready"), home.path().join("precious"));
        let file = ReadyFile::at(&path).unwrap();
        fs::write(&precious, CONTENT).unwrap();
        std::os::unix::fs::symlink(&precious, &path).unwrap();
        file.create();
        file.remove();
        assert!(path.is_symlink());
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(home.path().join("missing"), &path).unwrap();
        file.create();
        assert!(!home.path().join("missing").exists());
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        file.create();
        file.remove();
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_file_of_somebody_elses_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("precious");
        fs::write(&path, "mine").unwrap();
        std::os::unix::fs::symlink(&path, home.path().join("link")).unwrap();
        for name in ["precious", "link", "."] {
            let failure = ReadyFile::at(&home.path().join(name)).err().unwrap();
            assert_eq!(failure.code, ExitCode::Usage);
            assert!(failure.message.contains("not ours"), "{failure:?}");
        }
        let failure = ReadyFile::at(&home.path().join("missing/ready")).err().unwrap();
        assert!(failure.message.contains("missing is not a directory"), "{failure:?}");
        assert_eq!(fs::read_to_string(path).unwrap(), "mine");
    }
}
