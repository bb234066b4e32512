//! The user's AWS config and credentials files as an input: their profiles, merged as botocore merges them, and which
//! of them assume a role.
//!
//! The grammar is that of [`config`](crate::config). What differs is who counts as a profile: there, for editing,
//! whatever any AWS SDK sees, so that nothing of the user's is overwritten; here what botocore sees and nothing else,
//! because its answer is the one we give. Where the SDKs differ, a [`Note`] names the line. Texts come in as values;
//! the profiles of both files may hold secrets, and nothing here shows a value of a key that may be one.
//!
//! Sources: botocore's `configloader`, `Session.full_config` and `AssumeRoleProvider` in release 1.43.

use std::collections::HashMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::config::{File, FileFault, parse};
use crate::shell;

mod assumed;
mod notes;
mod walk;

pub use assumed::{Assumed, AssumedProfile, LeftOut, ProfileSource, Why};
pub use notes::{Difference, Note};

/// One of the two files cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the AWS {file} file cannot be read: {fault}; the AWS CLI and boto3 refuse all of it, too: {}",
    .fault.problem.remedy()
)]
pub struct ConfigError {
    /// Which of the two.
    pub file: File,
    /// The line, and what is wrong with it.
    pub fault: FileFault,
}

/// A line of one of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: File,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the AWS {} file", self.line, self.file)
    }
}

/// The profiles of both files.
#[derive(Clone, Debug, Default)]
pub struct AwsConfig {
    profiles: Vec<Profile>,
    by_name: HashMap<String, usize>,
    notes: Vec<Note>,
}

/// A profile with what both files say of it.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The name, without `profile` and quotes.
    pub name: String,
    /// Its header; that of the config file if both have one.
    pub at: Place,
    /// Its keys: those of the config file, then those that only the credentials file has.
    pub keys: Vec<Key>,
}

/// A key of a profile.
#[derive(Clone)]
pub struct Key {
    /// The name, in lower case.
    pub name: String,
    /// Where it stands.
    pub at: Place,
    value: Zeroizing<String>,
}

/// Reads the contents of both files; that of a file which does not exist is empty.
///
/// Of two sections for one profile in the config file (`[profile x]` and `[profile "x"]`) the last counts alone. The
/// keys of the credentials file go over those of the config file.
///
/// # Errors
/// The first line for which botocore refuses one of the files.
pub fn read(config: &str, credentials: &str) -> Result<AwsConfig, ConfigError> {
    let mut read = AwsConfig::default();
    for (file, text) in [(File::Config, config), (File::Credentials, credentials)] {
        let sections = parse::sections(text).map_err(|fault| ConfigError { file, fault })?;
        read.notes.extend(notes::of_text(&sections, text, file));
        read.add(sections, file);
    }
    let of_profiles: Vec<Note> = read.profiles.iter().flat_map(notes::of_profile).collect();
    read.notes.extend(of_profiles);
    read.notes.sort_by_key(|note| note.at);
    // Every profile has the keys of `[DEFAULT]`.
    read.notes.dedup();
    Ok(read)
}

impl AwsConfig {
    /// All profiles: those of the config file, then those that only the credentials file has.
    #[must_use]
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// The profile `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.by_name.get(name).and_then(|&at| self.profiles.get(at))
    }

    /// Where the AWS SDKs would read something else, in the order of the lines.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn add(&mut self, parsed: parse::Sections, file: File) {
        for section in parsed.sections {
            let Some(name) = profile_name(&section.header, file) else { continue };
            let mut own: HashMap<String, Key> = HashMap::new();
            let mut order = Vec::new();
            for key in section.keys.into_iter().chain(parsed.defaults.iter().cloned()) {
                let key = Key { name: key.name, at: Place { file, line: key.line }, value: key.value };
                // A section's own key comes before that of `[DEFAULT]`.
                if !own.contains_key(&key.name) {
                    order.push(key.name.clone());
                    own.insert(key.name.clone(), key);
                }
            }
            let keys: Vec<Key> = order.iter().filter_map(|name| own.remove(name)).collect();
            let profile = Profile { name: name.clone(), at: Place { file, line: section.line }, keys };
            match self.by_name.get(&name).and_then(|&at| self.profiles.get_mut(at)) {
                Some(before) if file == File::Credentials => before.overlay(profile.keys),
                Some(before) => *before = profile,
                None => {
                    self.by_name.insert(name, self.profiles.len());
                    self.profiles.push(profile);
                }
            }
        }
    }
}

/// The profile that botocore makes of a section.
fn profile_name(header: &str, file: File) -> Option<String> {
    match file {
        File::Credentials => Some(header.into()),
        File::Config if header == "default" => Some(header.into()),
        File::Config if header.starts_with("profile") => match shell::split(header)?.as_slice() {
            [_, name] => Some(name.clone()),
            _ => None,
        },
        File::Config => None,
    }
}

impl Profile {
    /// The key `name`, which is in lower case.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Whether it has the key `name`, with whatever value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.key(name).is_some()
    }

    fn overlay(&mut self, keys: Vec<Key>) {
        let mut at: HashMap<String, usize> = HashMap::new();
        at.extend(self.keys.iter().enumerate().map(|(at, key)| (key.name.clone(), at)));
        for key in keys {
            match at.get(&key.name) {
                Some(&at) => self.keys[at] = key,
                None => self.keys.push(key),
            }
        }
    }
}

impl Key {
    /// The value, whose lines are divided by `\n`; None when keys are nested in it. May be a secret.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        (!self.value.starts_with('\n')).then_some(&self.value)
    }

    /// The keys and values that are nested in it, in order; of a key that stands there twice the last counts. Names are
    /// as they stand, upper case too. None when the value is a text.
    pub fn nested(&self) -> Option<impl Iterator<Item = (&str, &str)>> {
        self.text().is_none().then(|| {
            let pairs = parse::nested_lines(&self.value).filter_map(|line| line.split_once('='));
            pairs.map(|(name, value)| (name.trim_matches(parse::is_space), value.trim_matches(parse::is_space)))
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, at, value: _ } = self;
        write!(f, "{name} ({at})")
    }
}

#[cfg(test)]
mod tests;
