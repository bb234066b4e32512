//! Secrets that were issued in a test, and the search for them wherever they must not be.

use std::fs;

use serde_json::Value;

use crate::{Finished, Home};

/// The secret values seen so far.
#[derive(Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Remembers the secrets in a `credential_process` answer.
    ///
    /// # Panics
    /// When it has none.
    pub fn add(&mut self, credentials: &Value) {
        for key in ["SecretAccessKey", "SessionToken"] {
            let secret = credentials[key].as_str().expect("credentials have both");
            assert!(secret.len() >= 16, "{key} is too short to be searched for");
            if !self.0.iter().any(|known| known == secret) {
                self.0.push(secret.into());
            }
        }
    }

    /// How many values are searched for.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether one of them is in a text.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret))
    }

    /// Fails the test if one is in `text`, which is `what`.
    ///
    /// # Panics
    /// When it is, without repeating it.
    #[track_caller]
    pub fn assert_absent(&self, what: &str, text: &str) {
        assert!(!self.are_in(text), "a secret leaked into {what}");
    }

    /// Fails the test if one is in what a process printed.
    ///
    /// # Panics
    /// When it is, without repeating it.
    #[track_caller]
    pub fn assert_absent_from(&self, process: &Finished) {
        self.assert_absent(&process.command, &process.output());
    }

    /// The files of a home that hold one.
    ///
    /// # Panics
    /// When a file cannot be read.
    #[must_use]
    pub fn files_with_them(&self, home: &Home) -> Vec<String> {
        let mut files = home.everything();
        files.retain(|path| {
            let path = home.at(path);
            let regular = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
            regular && self.are_in(&String::from_utf8_lossy(&fs::read(path).expect("a file in the home")))
        });
        files
    }
}
