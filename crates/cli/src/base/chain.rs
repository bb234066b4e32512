//! How far the default AWS chain gets in the user's profiles, without asking anybody, and whether it gets to us.
//!
//! Follows the AWS SDK for Rust, which goes on along `source_profile` as
//! [all SDKs do](https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html). Whether a profile
//! is asked at all, and what to do about what is found, is left to others.

use std::path::PathBuf;

use rolecall_formats::config::{self, File, FileFault, Profiles};
use rolecall_formats::shell;

/// Settings of a profile that the SDK prefers to its `credential_process`.
const BEFORE_A_PROCESS: [&str; 8] = [
    "credential_source",
    "web_identity_token_file",
    "sso_account_id",
    "sso_region",
    "sso_role_name",
    "sso_session",
    "sso_start_url",
    "login_session",
];

/// The `credential_process` that the chain would run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// The profile that has it.
    pub(super) profile: String,
    /// The command line.
    pub(super) line: String,
}

/// What `rolecall credentials` is asked for on a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// What stands behind `--state-dir`.
    pub(super) state_dir: Option<PathBuf>,
    /// All other words, the alias among them.
    pub(super) words: Vec<String>,
}

/// The profiles of both files; a profile may stand in either or be split over them.
pub(super) struct Both {
    config: Result<Profiles, FileFault>,
    credentials: Result<Profiles, FileFault>,
}

impl Both {
    pub(super) fn of(config: &str, credentials: &str) -> Self {
        Self { config: config::read(config, File::Config), credentials: config::read(credentials, File::Credentials) }
    }

    /// Why a file has no profiles here: most AWS programs refuse it, though not all.
    pub(super) fn problem(&self, file: File) -> Option<&FileFault> {
        match file {
            File::Config => self.config.as_ref().err(),
            File::Credentials => self.credentials.as_ref().err(),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.files().any(|file| file.get(name).is_some())
    }

    /// The process from which the profile `start` has its credentials, if it has them from one.
    pub(super) fn process(&self, start: &str) -> Option<Process> {
        let mut seen: Vec<String> = vec![];
        let mut name = start.to_owned();
        loop {
            let value = |key| self.value(&name, key);
            // Keys of a profile that is a source count before everything else it has.
            if !seen.is_empty() && value("aws_access_key_id").and(value("aws_secret_access_key")).is_some() {
                return None;
            }
            let is_role = value("role_arn").is_some() && value("web_identity_token_file").is_none();
            match value("source_profile").filter(|_| is_role) {
                // The SDK refuses a role with two sources, and a ring; a profile may be its own source.
                Some(_) if value("credential_source").is_some() => return None,
                Some(source) if seen.iter().any(|name| name == source) => return None,
                Some(source) if source != name => {
                    let source = source.to_owned();
                    seen.push(std::mem::replace(&mut name, source));
                }
                // Nor does it take a role without a source.
                None if is_role => return None,
                _ if BEFORE_A_PROCESS.iter().any(|key| value(key).is_some()) => return None,
                _ => {
                    let line = value("credential_process")?.to_owned();
                    return Some(Process { profile: name, line });
                }
            }
        }
    }

    fn value(&self, profile: &str, key: &str) -> Option<&str> {
        self.files().find_map(|file| file.get(profile)?.get(key))
    }

    /// The files, that whose values win first.
    fn files(&self) -> impl Iterator<Item = &Profiles> {
        [&self.credentials, &self.config].into_iter().flatten()
    }
}

/// Whether a command line starts `rolecall credentials`, by whatever path and however wrapped.
pub(super) fn is_rolecall(line: &str) -> bool {
    let words: Vec<&str> = line.split([' ', '\t', '"', '\'', '=']).filter(|word| !word.is_empty()).collect();
    words.iter().any(|word| is_our_name(word)) && words.contains(&"credentials")
}

/// Whether a text that cannot be read as a whole has a process that is us.
pub(super) fn mentions_us(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("credential_process") && is_rolecall(line))
}

/// What a command line that is nothing but `rolecall credentials` asks for; none for a wrapped one.
pub(super) fn asked(line: &str) -> Option<Asked> {
    let mut words = shell::split(line)?.into_iter();
    if !is_our_name(&words.next()?) || words.next()? != "credentials" {
        return None;
    }
    let mut asked = Asked { state_dir: None, words: vec![] };
    while let Some(word) = words.next() {
        match word.strip_prefix("--state-dir") {
            Some("") => asked.state_dir = words.next().map(PathBuf::from),
            Some(path) => asked.state_dir = path.strip_prefix('=').map(PathBuf::from),
            None => asked.words.push(word),
        }
    }
    Some(asked)
}

fn is_our_name(word: &str) -> bool {
    word.rsplit('/').next() == Some("rolecall")
}

#[cfg(test)]
mod tests;
