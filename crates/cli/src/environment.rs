//! The environment of this process as a value. The only place where it is read; everybody else is handed this.

use std::ffi::OsString;

use rolecall_agent::settings::env_roles::PREFIX;

/// The variables of this process as they were when it started.
pub(crate) struct Environment(Vec<(OsString, OsString)>);

impl Environment {
    /// The environment of this process.
    #[expect(clippy::disallowed_methods, reason = "here the environment becomes a value")]
    pub(crate) fn of_this_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// All variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        self.0.iter().cloned()
    }

    /// The value of a variable; the first one if somebody set it twice.
    pub(crate) fn get(&self, name: &str) -> Option<OsString> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// The value of a variable that is set, not empty, and text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.into_string().ok().filter(|value| !value.is_empty())
    }

    /// The same without the roles of an agent.
    pub(crate) fn without_roles(&self) -> Self {
        Self(self.variables().filter(|(name, _)| !name.to_string_lossy().starts_with(PREFIX)).collect())
    }

    /// The same with another value of a variable, or without it.
    #[must_use]
    pub(crate) fn with(&self, name: &str, value: Option<OsString>) -> Self {
        let others = self.variables().filter(|(key, _)| key != name);
        Self(others.chain(value.map(|value| (name.into(), value))).collect())
    }
}

#[cfg(test)]
impl From<&[(&str, &str)]> for Environment {
    fn from(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self::from(variables.as_slice())
    }
}
