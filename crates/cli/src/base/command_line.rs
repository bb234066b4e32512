//! Whether a command line of the user's is `rolecall credentials`, and what it asks for: pure.

use std::path::PathBuf;

use rolecall_formats::shell;

/// What `rolecall credentials` is asked for on a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// What stands behind `--state-dir`.
    pub(super) state_dir: Option<PathBuf>,
    /// All other words, the alias among them.
    pub(super) words: Vec<String>,
}

/// Whether a command line starts `rolecall credentials`, by whatever path and however wrapped.
pub(super) fn is_rolecall(line: &str) -> bool {
    let words: Vec<&str> = line.split([' ', '\t', '"', '\'', '=']).filter(|word| !word.is_empty()).collect();
    words.iter().any(|word| is_our_name(word)) && words.contains(&"credentials")
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
