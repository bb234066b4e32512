//! The private files of one run: what stands in for the user's AWS files, and the token.
//!
//! Promises a directory of their own that only this user may enter, files that only this user may read, modes given at
//! creation, and that all are gone with the value.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rolecall_agent::state::env_files::{self, EnvFiles};
use rolecall_agent::state::tokens::Token;
use rolecall_core::Role;
use tempfile::TempDir;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The files, and the directory that they are in.
#[derive(Debug)]
pub(crate) struct PrivateFiles {
    _directory: TempDir,
    pub(crate) files: EnvFiles,
    pub(crate) token: PathBuf,
}

impl PrivateFiles {
    /// Writes them below the system's directory for temporary files. A program that is handed keys has no `token`.
    ///
    /// # Errors
    /// When there is no room for them.
    pub(crate) fn write(role: &Role, token: Option<&str>) -> Result<Self, Failure> {
        Self::try_write(role, token).map_err(|error| {
            let message = format!("write the files that {} is handed over with: {error}", role.alias);
            Failure::new(
                ExitCode::NotStarted,
                message,
                "set TMPDIR to a directory that has room and that only you may write, or to one like /tmp",
            )
        })
    }

    fn try_write(role: &Role, token: Option<&str>) -> io::Result<Self> {
        check(&std::env::temp_dir())?;
        let private = Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new().prefix("rolecall-exec-").permissions(private).tempdir()?;
        // Programs start elsewhere, too.
        let path = fs::canonicalize(directory.path())?;
        let at = |name: &str| path.join(name);
        let files = EnvFiles { config: at("config"), credentials: at("credentials") };
        create(&files.config, &env_files::config(role))?;
        create(&files.credentials, &env_files::credentials())?;
        let token_file = at("token");
        if let Some(token) = token {
            // Without a line end, which no SDK takes.
            create(&token_file, token)?;
        }
        Ok(Self { _directory: directory, files, token: token_file })
    }
}

/// Puts another token into the place of the one that is there: a program reads the one or the other.
///
/// # Errors
/// When there is no room for it.
pub(super) fn replace_token(path: &Path, token: &Token) -> io::Result<()> {
    let new = path.with_file_name("token.new");
    // What a call that failed left.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    create(&new, token.as_str())?;
    fs::rename(new, path)
}

/// Refuses a directory in which somebody else could put another one in the place of ours.
fn check(directory: &Path) -> io::Result<()> {
    let meta = fs::metadata(directory)?;
    let is_trusted = meta.uid() == 0 || meta.uid() == rustix::process::geteuid().as_raw();
    let is_sticky = meta.mode() & 0o1000 != 0;
    if is_trusted && (is_sticky || meta.mode() & 0o002 == 0) {
        return Ok(());
    }
    let what = format!("other users may replace what is in {}", directory.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, what))
}

fn create(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role() -> Role {
        Role::new("a".parse().unwrap(), "arn:aws:iam::123456789012:role/R".parse().unwrap(), "host")
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn they_are_private_and_gone_with_the_value() {
        let role = Role { region: Some("eu-central-1".parse().unwrap()), ..role() };
        let private = PrivateFiles::write(&role, Some("token")).unwrap();
        let PrivateFiles { files, token, .. } = &private;
        for (path, text) in [
            (&files.config, env_files::config(&role)),
            (&files.credentials, env_files::credentials()),
            (token, "token".into()),
        ] {
            assert_eq!((fs::read_to_string(path).unwrap(), mode(path)), (text, 0o600), "{}", path.display());
        }
        let directory = token.parent().unwrap().to_owned();
        assert_eq!(mode(&directory), 0o700);
        drop(private);
        assert!(!directory.exists());
    }

    #[test]
    fn a_token_is_replaced_whole() {
        let private = PrivateFiles::write(&role(), Some("token")).unwrap();
        for _ in 0..2 {
            let token = Token::new().unwrap();
            replace_token(&private.token, &token).unwrap();
            assert_eq!(
                (fs::read_to_string(&private.token).unwrap().as_str(), mode(&private.token)),
                (token.as_str(), 0o600)
            );
        }
    }

    #[test]
    fn a_place_that_others_may_rearrange_is_refused() {
        let home = tempfile::tempdir().unwrap();
        for (bits, is_good) in [(0o700, true), (0o755, true), (0o1777, true), (0o777, false), (0o702, false)] {
            fs::set_permissions(home.path(), Permissions::from_mode(bits)).unwrap();
            assert_eq!(check(home.path()).is_ok(), is_good, "{bits:o}");
        }
    }

    #[test]
    fn keys_need_no_token() {
        let private = PrivateFiles::write(&role(), None).unwrap();
        assert!(!private.token.exists());
    }
}
