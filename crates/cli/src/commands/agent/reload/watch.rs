//! Watches the files that settings come from.
//!
//! Promises to tell of a file once whoever writes it seems to be through. What a policy file says is read with the settings
//! and not watched.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rolecall_agent::settings::paths;

use crate::environment::Environment;
use crate::settings_file::SettingsFile;

/// How often a file is looked at, and how long one that is new has to stay as it is: whoever writes it may not be through.
const PERIOD: Duration = Duration::from_secs(2);
const QUIET: Duration = Duration::from_millis(300);

/// Files as they are before they are read, so that what is written meanwhile is seen.
pub(crate) struct Watch {
    settings: Vec<(PathBuf, Option<Stamp>)>,
    /// The user's AWS files: they count where roles are taken from them.
    aws: Vec<(PathBuf, Option<Stamp>)>,
}

impl Watch {
    /// The files as they are now.
    pub(crate) fn begin(file: Option<&SettingsFile>, environment: &Environment) -> Self {
        let stamped = |path: &Path| (path.to_owned(), Stamp::of(path));
        let lookup = |name: &str| environment.get(name);
        let aws = [paths::config_file(lookup), paths::credentials_file(lookup)];
        Self {
            settings: file.map(|file| stamped(file.path())).into_iter().collect(),
            aws: aws.iter().flatten().map(|path| stamped(path)).collect(),
        }
    }

    /// The first that is another one. Never returns without a file.
    pub(crate) async fn changed(&self, with_aws_config: bool) -> PathBuf {
        let aws = if with_aws_config { &self.aws[..] } else { &[] };
        changed(&[&self.settings[..], aws].concat()).await
    }
}

/// By what one content of a file is told from another without reading it. A file that takes the place of another one, or to
/// which a link leads from now on, has another inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// Of the file that is there now, if there is one.
    fn of(path: &Path) -> Option<Self> {
        let meta = fs::metadata(path).ok()?;
        let modified = (meta.mtime(), meta.mtime_nsec());
        Some(Self { device: meta.dev(), inode: meta.ino(), length: meta.len(), modified })
    }
}

async fn changed(files: &[(PathBuf, Option<Stamp>)]) -> PathBuf {
    if files.is_empty() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(PERIOD).await;
        for (path, seen) in files {
            let mut now = Stamp::of(path);
            while now != *seen {
                tokio::time::sleep(QUIET).await;
                let before = std::mem::replace(&mut now, Stamp::of(path));
                if before == now {
                    return path.clone();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_told_from_the_one_before() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("one"), "1").unwrap();
        fs::write(at("two"), "1").unwrap();
        std::os::unix::fs::symlink("one", at("link")).unwrap();
        let first = Stamp::of(&at("link"));
        assert!(first.is_some() && first == Stamp::of(&at("link")));
        // As Kubernetes replaces a config map.
        std::os::unix::fs::symlink("two", at("new")).unwrap();
        fs::rename(at("new"), at("link")).unwrap();
        let second = Stamp::of(&at("link"));
        assert_ne!(second, first);
        fs::write(at("two"), "12").unwrap();
        assert_ne!(Stamp::of(&at("link")), second);
        fs::remove_file(at("two")).unwrap();
        assert_eq!(Stamp::of(&at("link")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_once_it_is_complete() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("rolecall.toml");
        fs::write(&path, "version = 1").unwrap();
        let seen = Stamp::of(&path);
        let limit = PERIOD * 3;
        assert!(tokio::time::timeout(limit, changed(&[(path.clone(), seen)])).await.is_err(), "nothing has changed");
        assert!(tokio::time::timeout(limit, changed(&[])).await.is_err(), "there is no file");
        let write = async {
            for length in 0..20 {
                fs::write(&path, "x".repeat(length)).unwrap();
                tokio::time::sleep(QUIET / 2).await;
            }
            19
        };
        let watched = async {
            changed(&[(path.clone(), seen)]).await;
            fs::read_to_string(&path).unwrap().len()
        };
        let (written, found) = tokio::join!(write, watched);
        assert_eq!(found, written);
        fs::remove_file(&path).unwrap();
        tokio::time::timeout(limit, changed(&[(path.clone(), seen)])).await.expect("it is gone");
    }
}
