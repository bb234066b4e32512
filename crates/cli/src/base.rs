//! What the base credentials may see of the user's AWS files: everything but ourselves.
//!
//! Base credentials come from the default AWS chain, and that chain reads the very files in which our profiles stand.
//! Promises that the base is never one of the roles that are assumed from it: our blocks are cut out, our store counts
//! as empty, and a profile that leads back to us is refused by name; keys in the environment come before every profile, so
//! none is refused then. A file that cannot be read is in the way only where the base may be in it. The files are read anew
//! at each load of the base.

mod command_line;
mod error;

use std::path::{Path, PathBuf};
use std::sync::{Once, PoisonError, RwLock};

use rolecall_agent::publish::files;
use rolecall_agent::settings::SettingsError;
use rolecall_agent::settings::paths;
use rolecall_aws::{CredentialProcess, ProfileFiles, ProfileTexts, credential_process};
use rolecall_core::{Alias, Fault};
use rolecall_formats::config::{self, File, Profiles};
use rolecall_formats::{block, store};
use zeroize::Zeroizing;

use crate::args::StateDirArg;
use crate::environment::Environment;
pub(crate) use error::BaseError;

/// The variable by which the chain chooses a profile.
const OF_THE_CHAIN: &str = "AWS_PROFILE";

/// All variables that choose a profile. The second is Python's: the chain does not read it, but whoever set it to one of
/// our profiles for all programs should know that this one cannot use it.
pub(crate) const SELECTORS: [&str; 2] = [OF_THE_CHAIN, "AWS_DEFAULT_PROFILE"];

/// The user's two AWS files, what the chain would take from them, and what would be us.
#[derive(Debug)]
pub(crate) struct UserFiles {
    config: PathBuf,
    credentials: PathBuf,
    /// The variables that choose a profile, each with the profile.
    selected: Vec<(&'static str, String)>,
    /// Whether the chain finds keys before it looks at a profile.
    has_keys: bool,
    /// Whether the chain finds a base elsewhere when there is no profile.
    can_do_without: bool,
    ours: RwLock<Ours>,
    told: Once,
}

/// By what a command line is known to ask this very agent.
#[derive(Clone, Debug)]
struct Ours {
    aliases: Vec<Alias>,
    state_dir: PathBuf,
    /// The state directory of a command that names none, started from here.
    inherited: Option<PathBuf>,
}

/// A file as it is and without what is ours.
#[derive(Default)]
struct Text {
    all: Zeroizing<String>,
    foreign: String,
}

impl UserFiles {
    /// The files that this environment names, for an agent with these roles and this state directory.
    ///
    /// # Errors
    /// When there is no home directory to find them in.
    pub(crate) fn new(
        environment: &Environment,
        aliases: Vec<Alias>,
        state_dir: PathBuf,
    ) -> Result<Self, SettingsError> {
        let variables = rolecall_aws::Environment::new(environment.variables());
        let selected = SELECTORS.into_iter().filter_map(|name| Some((name, environment.text(name)?))).collect();
        Ok(Self {
            config: paths::config_file(|name| environment.get(name))?,
            credentials: paths::credentials_file(|name| environment.get(name))?,
            selected,
            has_keys: variables.has_keys(),
            can_do_without: variables.can_do_without_profiles(),
            ours: RwLock::new(Ours { aliases, state_dir, inherited: StateDirArg::inherited(environment) }),
            told: Once::new(),
        })
    }

    /// The same for an agent that has other roles from now on.
    ///
    /// # Errors
    /// When the base would be one of them; then it has not.
    pub(crate) fn follow(&self, aliases: Vec<Alias>) -> Result<(), BaseError> {
        let ours = Ours { aliases, ..self.ours() };
        match self.texts_beside(&ours) {
            Err(error) if error.is_recursion() => return Err(error),
            // Whatever else is wrong with the base is told by each role.
            _ => *self.ours.write().unwrap_or_else(PoisonError::into_inner) = ours,
        }
        Ok(())
    }

    /// Reads both files and leaves out what is ours.
    ///
    /// # Errors
    /// When a file cannot be read though the base depends on it, or what is left leads back to us.
    pub(crate) fn texts(&self) -> Result<ProfileTexts, BaseError> {
        self.texts_beside(&self.ours())
    }

    /// Whether the user has a profile of this name, apart from what we wrote.
    pub(crate) fn has(&self, profile: &str) -> bool {
        let files = self.text(&self.config).and_then(|config| Ok([config, self.text(&self.credentials)?]));
        let Ok([config, credentials]) = files else { return false };
        profiles(&config.foreign, &credentials.foreign).iter().any(|file| file.get(profile).is_some())
    }

    fn ours(&self) -> Ours {
        self.ours.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn texts_beside(&self, own: &Ours) -> Result<ProfileTexts, BaseError> {
        let (config, credentials) = (self.text(&self.config)?, self.text(&self.credentials)?);
        let all = profiles(&config.all, &credentials.all);
        let foreign = profiles(&config.foreign, &credentials.foreign);
        for (variable, profile) in &self.selected {
            let has = |profiles: &[Profiles]| profiles.iter().any(|file| file.get(profile).is_some());
            // What stands in the whole file and not in the rest stands in our part.
            let ours = own.aliases.iter().any(|alias| alias.as_str() == profile) || has(&all);
            if ours && !has(&foreign) {
                return Err(BaseError::OwnProfile { variable, profile: profile.clone() });
            }
        }
        let texts = ProfileTexts { config: config.foreign, credentials: credentials.foreign };
        if !self.has_keys {
            self.check_process(&texts, own)?;
        }
        Ok(texts)
    }

    /// Refuses a `credential_process` that is us.
    fn check_process(&self, texts: &ProfileTexts, ours: &Ours) -> Result<(), BaseError> {
        let selected = self.selected.iter().find(|(variable, _)| *variable == OF_THE_CHAIN);
        match credential_process(texts, selected.map(|(_, profile)| profile.as_str())) {
            Some(CredentialProcess { profile, command }) if command_line::is_rolecall(&command) => {
                Err(BaseError::OwnProcess { profile, certain: ours.are_asked_by(&command) })
            }
            _ => Ok(()),
        }
    }

    /// A file. One that cannot be read, or not told from ours, is no file where no profile is needed.
    fn text(&self, path: &Path) -> Result<Text, BaseError> {
        read(path).or_else(|error| {
            if !self.can_do_without {
                return Err(error);
            }
            let Fault { message, action, .. } = Fault::from(error);
            self.told.call_once(|| {
                tracing::warn!("{message}; {action}; it is left out until then, since the environment has a base");
            });
            Ok(Text::default())
        })
    }
}

impl ProfileFiles for UserFiles {
    fn read(&self) -> Result<ProfileTexts, Fault> {
        self.texts().map_err(Fault::from)
    }
}

impl Ours {
    /// Whether this command line, which starts rolecall, is sure to ask this agent for one of its own roles.
    fn are_asked_by(&self, line: &str) -> bool {
        let Some(command_line::Asked { state_dir, words }) = command_line::asked(line) else { return false };
        let state_dir = state_dir.as_deref().or(self.inherited.as_deref());
        state_dir == Some(&self.state_dir)
            && self.aliases.iter().any(|alias| words.iter().any(|word| word == alias.as_str()))
    }
}

/// The profiles of both files; none of a file that AWS programs refuse.
fn profiles(config: &str, credentials: &str) -> Vec<Profiles> {
    let files = [config::read(config, File::Config), config::read(credentials, File::Credentials)];
    files.into_iter().flatten().collect()
}

fn read(path: &Path) -> Result<Text, BaseError> {
    // How a user says that there shall be no file.
    if path == Path::new("/dev/null") {
        return Ok(Text::default());
    }
    let all = files::read(path)?;
    if store::is_ours(&all) {
        return Ok(Text { all, foreign: String::new() });
    }
    let foreign = block::cut(&all).map_err(|source| BaseError::Block { path: path.into(), source })?;
    Ok(Text { all, foreign })
}

#[cfg(test)]
mod tests;
