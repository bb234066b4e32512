//! Where files are by default, worked out from an environment that comes in as a lookup.
//!
//! An empty variable counts as unset, as it does for the AWS programs and in the
//! [XDG base directories](https://specifications.freedesktop.org/basedir-spec/latest/). Nothing here looks at a disk.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::settings::SettingsError;

/// The state directory: `$XDG_STATE_HOME/rolecall`, else `~/.local/state/rolecall`. A relative `XDG_STATE_HOME` is
/// ignored, as its specification says.
///
/// # Errors
/// When neither it nor `HOME` is set.
pub fn default_state_dir(lookup: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, SettingsError> {
    if let Some(base) = set(&lookup, "XDG_STATE_HOME").filter(|base| base.is_absolute()) {
        return Ok(base.join("rolecall"));
    }
    let no_home = SettingsError::NoHome { what: "the state directory", instead: "ROLECALL_STATE_DIR" };
    Ok(set(&lookup, "HOME").ok_or(no_home)?.join(".local/state/rolecall"))
}

/// The settings file that is read if it is there: `$XDG_CONFIG_HOME/rolecall/rolecall.toml`, else
/// `~/.config/rolecall/rolecall.toml`. None when neither variable says a place. A relative `XDG_CONFIG_HOME` is ignored.
pub fn settings_file(lookup: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let base = set(&lookup, "XDG_CONFIG_HOME").filter(|base| base.is_absolute());
    let base = base.or_else(|| Some(set(&lookup, "HOME")?.join(".config")))?;
    Some(base.join("rolecall/rolecall.toml"))
}

/// The user's AWS config file: `AWS_CONFIG_FILE`, else `~/.aws/config`.
///
/// # Errors
/// When neither it nor `HOME` is set.
pub fn config_file(lookup: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, SettingsError> {
    user_file(&lookup, "the AWS config file", "AWS_CONFIG_FILE", ".aws/config")
}

/// The user's AWS credentials file: `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`.
///
/// # Errors
/// When neither it nor `HOME` is set.
pub fn credentials_file(lookup: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, SettingsError> {
    user_file(&lookup, "the AWS credentials file", "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")
}

fn user_file(
    lookup: &impl Fn(&str) -> Option<OsString>,
    what: &'static str,
    variable: &'static str,
    below_home: &str,
) -> Result<PathBuf, SettingsError> {
    let home = || set(lookup, "HOME").ok_or(SettingsError::NoHome { what, instead: variable });
    match set(lookup, variable) {
        // The AWS programs expand a leading `~` here, since no shell does it in an env file.
        Some(path) if path.starts_with("~") => Ok(home()?.join(path.strip_prefix("~").unwrap_or(Path::new("")))),
        Some(path) => Ok(path),
        None => Ok(home()?.join(below_home)),
    }
}

fn set(lookup: &impl Fn(&str) -> Option<OsString>, name: &str) -> Option<PathBuf> {
    lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(variables: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
    }

    #[test]
    fn the_state_directory_follows_xdg() {
        for (variables, path) in [
            (&[("XDG_STATE_HOME", "/x"), ("HOME", "/h")][..], "/x/rolecall"),
            (&[("XDG_STATE_HOME", "x"), ("HOME", "/h")], "/h/.local/state/rolecall"),
            (&[("XDG_STATE_HOME", ""), ("HOME", "/h")], "/h/.local/state/rolecall"),
        ] {
            assert_eq!(default_state_dir(env(variables)).unwrap(), Path::new(path), "{variables:?}");
        }
        let error = default_state_dir(env(&[("HOME", "")])).unwrap_err().to_string();
        assert!(error.contains("ROLECALL_STATE_DIR"), "{error}");
    }

    #[test]
    fn the_settings_file_follows_xdg() {
        for (variables, path) in [
            (&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")][..], Some("/x/rolecall/rolecall.toml")),
            (&[("XDG_CONFIG_HOME", "x"), ("HOME", "/h")], Some("/h/.config/rolecall/rolecall.toml")),
            (&[("XDG_CONFIG_HOME", "/x")], Some("/x/rolecall/rolecall.toml")),
            (&[("XDG_CONFIG_HOME", ""), ("HOME", "")], None),
        ] {
            assert_eq!(settings_file(env(variables)).as_deref(), path.map(Path::new), "{variables:?}");
        }
    }

    #[test]
    fn the_files_of_the_user_are_those_of_the_aws_programs() {
        assert_eq!(config_file(env(&[("HOME", "/h")])).unwrap(), Path::new("/h/.aws/config"));
        assert_eq!(credentials_file(env(&[("HOME", "/h")])).unwrap(), Path::new("/h/.aws/credentials"));
        let own = [("HOME", "/h"), ("AWS_CONFIG_FILE", "~/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/k")];
        assert_eq!(config_file(env(&own)).unwrap(), Path::new("/h/c"));
        assert_eq!(credentials_file(env(&own)).unwrap(), Path::new("/k"));
        assert!(config_file(env(&[])).unwrap_err().to_string().contains("AWS_CONFIG_FILE"));
    }
}
