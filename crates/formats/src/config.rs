//! Which profiles a text of the AWS config or credentials grammar holds, and whether botocore takes it at all.
//!
//! The AWS CLI and boto3 refuse a whole file for one wrong line, so botocore is the judge of what is legal: this reads
//! as its `configparser` does. A profile counts as there when any AWS SDK sees it: a header with blanks inside the
//! brackets is none for botocore, but one for others. Errors name lines, never what stands on them: it may be a secret.

use std::collections::{HashMap, HashSet};
use std::fmt;

use zeroize::Zeroizing;

use crate::shell;

pub(crate) mod parse;
mod without;

pub use without::without;

/// Which of the two files a text is. Sections are spelt differently in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum File {
    /// `~/.aws/config`: `[default]`, `[profile x]`.
    Config,
    /// `~/.aws/credentials`: `[x]`.
    Credentials,
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Config => "config",
            Self::Credentials => "credentials",
        })
    }
}

/// Why botocore refuses the whole file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct FileFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: FileProblem,
}

/// The ways in which a line can make botocore refuse a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// The file starts with the mark that some Windows editors write.
    #[error("the file starts with a byte order mark, which the AWS CLI takes for text before the first section")]
    ByteOrderMark,
    /// Text before the first header.
    #[error("text stands before the first section")]
    NoSection,
    /// Neither `[section]`, nor `key = value`, nor indented under a key.
    #[error("neither a section, nor `key = value`, nor the continuation of a value")]
    NotAKey,
    /// `= value`.
    #[error("a value without a key")]
    NoKey,
    /// The same header again.
    #[error("the section of line {first} again")]
    SectionTwice {
        /// Where it stands first.
        first: usize,
    },
    /// The same key again in its section.
    #[error("the key of line {first} again in the same section")]
    KeyTwice {
        /// Where it stands first.
        first: usize,
    },
    /// Under a key with an empty value, a line that is not `key = value` itself.
    #[error("under a key without a value every line must be `key = value`")]
    NotANestedKey,
}

impl FileProblem {
    /// What the owner of the file can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::ByteOrderMark => "save the file as UTF-8 without a byte order mark",
            Self::NoSection => "put the line under a `[section]`, or make it a comment with `#`",
            Self::NotAKey => "write `key = value`, or make the line a comment with `#`",
            Self::NoKey => "write the key before the `=`",
            Self::SectionTwice { .. } => "make one section of the two",
            Self::KeyTwice { .. } => "take one of the two out",
            Self::NotANestedKey => "write `key = value` there, or begin the value in the line of its key",
        }
    }
}

/// The profiles of a file.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    all: Vec<Profile>,
    by_name: HashMap<String, usize>,
}

/// A profile as one file has it.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The name, without `profile` and quotes.
    pub name: String,
    /// The line of its header, from 1.
    pub line: usize,
    /// Its keys, in order; those of a `[DEFAULT]` section, which botocore adds to every profile, at the end.
    pub keys: Vec<Key>,
}

/// A key of a profile. Nested keys are part of its value.
#[derive(Clone)]
pub struct Key {
    /// The name, in lower case.
    pub name: String,
    /// The value; lines of a longer one are joined by `\n`. May be a secret.
    pub value: Zeroizing<String>,
    /// Its line, from 1.
    pub line: usize,
}

/// Reads `text`, which is the content of a `file`, in time that grows with its length alone.
///
/// # Errors
/// The first line for which botocore refuses the whole file.
pub fn read(text: &str, file: File) -> Result<Profiles, FileFault> {
    let parse::Sections { sections, defaults, headers: _ } = parse::sections(text)?;
    let named = sections.into_iter().filter_map(|section| Some((profile_name(&section.header, file)?, section)));
    let named: Vec<_> = named.collect();
    // The last of several sections for one profile wins.
    let last: HashMap<&str, usize> = named.iter().map(|(name, section)| (name.as_str(), section.line)).collect();
    let wins: Vec<bool> = named.iter().map(|(name, section)| last[name.as_str()] == section.line).collect();
    let mut profiles = Profiles::default();
    for ((name, section), _) in named.into_iter().zip(wins).filter(|(_, wins)| *wins) {
        let mut keys = section.keys;
        if !defaults.is_empty() {
            let own: HashSet<&str> = keys.iter().map(|key| key.name.as_str()).collect();
            let inherited: Vec<Key> = defaults.iter().filter(|key| !own.contains(&*key.name)).cloned().collect();
            keys.extend(inherited);
        }
        profiles.by_name.insert(name.clone(), profiles.all.len());
        profiles.all.push(Profile { name, line: section.line, keys });
    }
    Ok(profiles)
}

/// The profile that a section is, if it is one.
fn profile_name(header: &str, file: File) -> Option<String> {
    match file {
        File::Credentials => Some(header.trim().into()),
        File::Config if header.trim() == "default" => Some("default".into()),
        File::Config if header.trim_start().starts_with("profile") => match shell::split(header)?.as_slice() {
            [_, name] => Some(name.clone()),
            _ => None,
        },
        File::Config => None,
    }
}

impl Profiles {
    /// The profile `name`; `default` for the one that programs use when nobody names one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.by_name.get(name).and_then(|&at| self.all.get(at))
    }

    /// All profiles.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.all.iter()
    }
}

impl Profile {
    /// The value of the key `name`, which is in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.keys.iter().find(|key| key.name == name).map(|key| key.value.as_str())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value: _, line } = self;
        write!(f, "{name} (line {line})")
    }
}

#[cfg(test)]
mod tests;
