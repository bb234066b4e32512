//! Finds and reads the settings file. What it says is decided by `rolecall_agent::settings::file`.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rolecall_agent::settings::SettingsError;
use rolecall_agent::settings::file::FileSettings;
use rolecall_agent::settings::paths;
use rolecall_agent::settings::problem::Problem;
use rustix::fs::OFlags;

use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The most bytes of the file: thousands of roles, read in a moment.
const SIZE_MAX: u64 = 1 << 20;

/// The variable that names it.
pub(crate) const VARIABLE: &str = "ROLECALL_CONFIG";

/// The place of the settings file.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    /// Whether it is to be there: somebody named it, or it was read.
    expected: bool,
}

/// Why there are no settings.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// Places in the file.
    Places(Vec<Problem>),
    /// Anything else.
    Whole(Failure),
}

impl SettingsFile {
    /// The file that is named, else the one of this user; none when there is no place for one.
    pub(crate) fn find(named: Option<&Path>, environment: &Environment) -> Option<Self> {
        let path =
            named.map_or_else(|| paths::settings_file(|name| environment.get(name)), |path| Some(path.into()))?;
        // One that cannot be made absolute stays as it is.
        let path = std::path::absolute(&path).unwrap_or(path);
        Some(Self { path, expected: named.is_some() })
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// From now on it is a mistake that it is not there.
    pub(crate) fn expect(&mut self) {
        self.expected = true;
    }

    /// The text of a policy file that it names: relative to its own directory.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn policy(&self, named: &Path) -> Result<String, String> {
        let path = self.path.parent().unwrap_or(Path::new("/")).join(named);
        read(&path).map_err(|error| error.to_string())
    }

    /// What it says; none when it is not there and need not be.
    ///
    /// # Errors
    /// When it cannot be read, or something in it is wrong.
    pub(crate) fn read(&self) -> Result<Option<FileSettings>, Unusable> {
        let name = self.path.display().to_string();
        match read(&self.path) {
            Ok(text) => FileSettings::read(&name, &text).map(Some).map_err(Unusable::Places),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.expected => Ok(None),
            Err(error) => {
                let message = format!("read the settings file {name}: {error}");
                let action = "make it a readable file of UTF-8 text, or name another one with --config";
                Err(Unusable::Whole(Failure::new(ExitCode::Usage, message, action)))
            }
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    // A pipe would be waited for, and could not be read a second time.
    let open = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    if !open.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    open.take(SIZE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > SIZE_MAX {
        return Err(io::Error::other(format!("it has over {} KiB", SIZE_MAX / 1024)));
    }
    Ok(text)
}

impl From<Failure> for Unusable {
    fn from(failure: Failure) -> Self {
        Self::Whole(failure)
    }
}

impl From<SettingsError> for Unusable {
    fn from(error: SettingsError) -> Self {
        Self::Whole(error.into())
    }
}

impl From<Unusable> for Failure {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Whole(failure) => failure,
            Unusable::Places(problems) => listed("the settings file cannot be used", &problems),
        }
    }
}

/// Wrong settings, each with its place.
pub(crate) fn listed(what: &str, problems: &[Problem]) -> Failure {
    let problems: String = problems.iter().map(|problem| format!("\n\n{problem}")).collect();
    Failure::new(ExitCode::Usage, format!("{what}{problems}"), "")
}
