//! What the base credentials may see of the user's AWS files: everything but ourselves.
//!
//! Base credentials come from the default AWS chain, and that chain reads the very files in which our profiles stand.
//! Promises that the base is never one of the roles that are assumed from it: our blocks are cut out, our store counts
//! as empty, and a profile that leads back to us is refused by name. The files are read anew at each load of the base.

use std::path::{Path, PathBuf};

use rolecall_agent::files::{self, FileError};
use rolecall_agent::paths;
use rolecall_agent::settings::SettingsError;
use rolecall_aws::{ProfileFiles, ProfileTexts};
use rolecall_core::{Alias, Fault, FaultKind};
use rolecall_formats::config::{self, File, Profiles};
use rolecall_formats::{block, store};

use crate::environment::Environment;

/// The variable by which the chain chooses a profile.
const OF_THE_CHAIN: &str = "AWS_PROFILE";

/// All variables that choose a profile. The second is Python's: the chain does not read it, but whoever set it to one of
/// our profiles for all programs should know that this one cannot use it.
const SELECTORS: [&str; 2] = [OF_THE_CHAIN, "AWS_DEFAULT_PROFILE"];

/// The user's two AWS files, the profile that the chain would take from them, and our own aliases.
#[derive(Clone, Debug)]
pub(crate) struct UserFiles {
    config: PathBuf,
    credentials: PathBuf,
    /// The variables that choose a profile, each with the profile.
    selected: Vec<(&'static str, String)>,
    aliases: Vec<Alias>,
}

/// Why the base cannot be loaded from the user's files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BaseError {
    /// A file is there, but cannot be read.
    #[error("load the base credentials: {0}")]
    Read(#[from] FileError),
    /// Our block in a file cannot be told from what is the user's.
    #[error("load the base credentials: {path}: {source}", path = path.display())]
    Block {
        /// The file.
        path: PathBuf,
        /// What is wrong with the markers.
        source: block::BlockError,
    },
    /// The environment chooses one of our own profiles as base.
    #[error(
        "{variable}={profile} names a profile that rolecall makes: a role cannot be the base that it is assumed from"
    )]
    OwnProfile {
        /// The variable.
        variable: &'static str,
        /// The profile.
        profile: String,
    },
    /// A profile of the user's gets its credentials from us.
    #[error(
        "the profile {profile:?} gets its credentials from `rolecall credentials`, so it cannot be the base that \
         rolecall assumes roles from"
    )]
    OwnProcess {
        /// The profile.
        profile: String,
    },
}

impl UserFiles {
    /// The files that this environment names.
    ///
    /// # Errors
    /// When there is no home directory to find them in.
    pub(crate) fn new(environment: &Environment, aliases: Vec<Alias>) -> Result<Self, SettingsError> {
        let selected = SELECTORS.into_iter().filter_map(|name| Some((name, environment.text(name)?))).collect();
        Ok(Self {
            config: paths::config_file(|name| environment.get(name))?,
            credentials: paths::credentials_file(|name| environment.get(name))?,
            selected,
            aliases,
        })
    }

    /// Reads both files and leaves out what is ours.
    ///
    /// # Errors
    /// When a file cannot be read, or what is left leads back to us.
    pub(crate) fn texts(&self) -> Result<ProfileTexts, BaseError> {
        let (config, credentials) = (files::read(&self.config)?, files::read(&self.credentials)?);
        let all = Both::of(&config, &credentials);
        let (config, credentials) = (cut(&self.config, config)?, cut(&self.credentials, credentials)?);
        let foreign = Both::of(&config, &credentials);
        for (variable, profile) in &self.selected {
            // What stands in the whole file and not in the rest stands in our part.
            let ours = self.aliases.iter().any(|alias| alias.as_str() == profile) || all.has(profile);
            if ours && !foreign.has(profile) {
                return Err(BaseError::OwnProfile { variable, profile: profile.clone() });
            }
        }
        let start = self.selected.iter().find(|(variable, _)| *variable == OF_THE_CHAIN);
        match foreign.leads_back(start.map_or("default", |(_, profile)| profile)) {
            Some(profile) => Err(BaseError::OwnProcess { profile }),
            None => Ok(ProfileTexts { config, credentials }),
        }
    }
}

impl ProfileFiles for UserFiles {
    fn read(&self) -> Result<ProfileTexts, Fault> {
        self.texts().map_err(Fault::from)
    }
}

impl BaseError {
    /// Whether the agent must not even start: the base would be ourselves, which only the user can change.
    pub(crate) fn is_recursion(&self) -> bool {
        matches!(self, Self::OwnProfile { .. } | Self::OwnProcess { .. })
    }
}

impl From<BaseError> for Fault {
    fn from(error: BaseError) -> Self {
        let message = error.to_string();
        let action = match error {
            BaseError::Read(_) => "make it a text file that this user can read".into(),
            BaseError::Block { path, .. } => format!("mend {}", path.display()),
            BaseError::OwnProfile { variable, .. } => {
                format!(
                    "start the agent without it: `env -u {variable} rolecall agent`, or set it to a profile of your own"
                )
            }
            BaseError::OwnProcess { .. } => {
                "set AWS_PROFILE to a profile with credentials of its own, or give that profile other credentials"
                    .into()
            }
        };
        Self::new(FaultKind::Misconfigured, message, action)
    }
}

/// The profiles of both files; a profile may stand in either or be split over them.
struct Both {
    config: Profiles,
    credentials: Profiles,
}

impl Both {
    fn of(config: &str, credentials: &str) -> Self {
        // A text that no AWS program would take has no profiles; the SDK will say so itself.
        let profiles = |text, file| config::read(text, file).unwrap_or_default();
        Self { config: profiles(config, File::Config), credentials: profiles(credentials, File::Credentials) }
    }

    fn has(&self, name: &str) -> bool {
        self.config.get(name).is_some() || self.credentials.get(name).is_some()
    }

    /// The profile, from `start` along `source_profile`, that gets its credentials from us.
    fn leads_back(&self, start: &str) -> Option<String> {
        let mut seen = vec![];
        let mut next = Some(start.to_owned());
        while let Some(name) = next.take().filter(|name| !seen.contains(name)) {
            if self.value(&name, "credential_process").is_some_and(is_rolecall) {
                return Some(name);
            }
            next = self.value(&name, "source_profile").map(str::to_owned);
            seen.push(name);
        }
        None
    }

    fn value(&self, profile: &str, key: &str) -> Option<&str> {
        [&self.credentials, &self.config].into_iter().find_map(|file| file.get(profile)?.get(key))
    }
}

/// Whether a `credential_process` line starts `rolecall credentials`, by whatever path.
fn is_rolecall(line: &str) -> bool {
    let words: Vec<&str> = line.split([' ', '\t', '"', '\'']).filter(|word| !word.is_empty()).collect();
    let ours = |word: &str| word.rsplit('/').next() == Some("rolecall");
    words.iter().any(|word| ours(word)) && words.contains(&"credentials")
}

/// The text of a file without what is ours.
fn cut(path: &Path, text: String) -> Result<String, BaseError> {
    if store::is_ours(&text) {
        return Ok(String::new());
    }
    block::cut(&text).map_err(|source| BaseError::Block { path: path.into(), source })
}

#[cfg(test)]
mod tests;
