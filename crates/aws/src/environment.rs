//! The environment as the default chain sees it: a value that the caller hands in.
//!
//! Promises that an empty variable counts as unset for everything that the SDK reads: docker-compose and CI systems pass
//! variables on whether they have a value or not, and the SDK takes an empty Region for a Region. A program that is run
//! for the base gets all of them as they came.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

use aws_types::os_shim_internal::Env;

/// The variables of a process. It holds secrets, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Environment {
    all: Vec<(OsString, OsString)>,
    with_value: HashMap<String, String>,
}

impl Environment {
    /// These variables; of two with the same name and a value the first counts.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let all: Vec<_> = variables.into_iter().collect();
        let mut with_value = HashMap::new();
        for (name, value) in &all {
            // Not dropped when it is no text: a key that cannot be used is another fault than none.
            let value = value.to_string_lossy();
            if !value.trim().is_empty() {
                with_value.entry(name.to_string_lossy().into_owned()).or_insert_with(|| value.into_owned());
            }
        }
        Self { all, with_value }
    }

    /// The value of a variable that has one.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.with_value.get(name).map(String::as_str)
    }

    /// The same without these variables.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        Self::new(self.all.iter().filter(|(name, _)| !names.iter().any(|out| name == out)).cloned())
    }

    /// The same with one more variable.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        Self::new(self.all.iter().cloned().chain([(name.into(), value.into())]))
    }

    /// All variables as they came, for another program; of two with the same name the first is the last.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.all.iter().rev().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The variable of the secret access key; the SDK for Rust knows two.
    pub(crate) fn secret_variable(&self) -> Option<&'static str> {
        ["AWS_SECRET_ACCESS_KEY", "SECRET_ACCESS_KEY"].into_iter().find(|name| self.get(name).is_some())
    }

    /// Whether it has keys, which the chain takes before everything else.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.get("AWS_ACCESS_KEY_ID").is_some() && self.secret_variable().is_some()
    }

    /// Whether the chain finds a base in here when no profile gives one, and no profile is asked for by name.
    #[must_use]
    pub fn can_do_without_profiles(&self) -> bool {
        let web_identity = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"].iter().all(|name| self.get(name).is_some());
        let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]
            .iter()
            .any(|name| self.get(name).is_some());
        self.has_keys() || (self.get("AWS_PROFILE").is_none() && (web_identity || container))
    }

    /// The same for the SDK.
    pub(crate) fn for_sdk(&self) -> Env {
        Env::from(self.with_value.clone())
    }
}
