//! The long-running programs of `clients/`, one an AWS SDK: each calls STS twice a second with one client, which finds its
//! credentials as any service's does, says who signed and who it was, and ends at the first call that fails.

use std::process::Command;
use std::time::Duration;

use crate::setup::sdk;
use crate::{Home, Running, boto3};

/// More calls than any test waits for, so that none goes on for long when the tests were killed.
const CALLS: &str = "600";
/// How long a program may take for anything, with short sessions.
const LIMIT: Duration = Duration::from_secs(90);

/// An AWS SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// For Python.
    Boto3,
    /// For Go, version 2.
    Go,
    /// For Java, version 2.
    Java,
    /// For JavaScript, version 3.
    JavaScript,
    /// For Rust.
    Rust,
}

impl Sdk {
    /// The program on it, in a home, told where STS is and nothing else.
    ///
    /// # Panics
    /// When it was not built.
    #[must_use]
    pub fn program(self, home: &Home, endpoint: &str) -> Command {
        let name = match self {
            Self::Boto3 => return boto3(home, endpoint, "caller.py", &[CALLS]),
            Self::Go => "go",
            Self::Java => "java",
            Self::JavaScript => "javascript",
            Self::Rust => "rust",
        };
        let mut command = home.command(sdk(name));
        command.env("AWS_ENDPOINT_URL", endpoint).arg(CALLS);
        command
    }
}

/// Such a program under way.
pub struct Caller(Running);

impl Caller {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(program: &mut Command) -> Self {
        Self(Running::start(program))
    }

    /// Waits until it has signed with this many keys, and returns them in the order of their first use.
    ///
    /// # Panics
    /// When a call fails, or it takes too long.
    #[track_caller]
    pub fn wait_for_keys(&mut self, count: usize) -> Vec<String> {
        self.0.wait_longer_for(LIMIT, &format!("{count} access keys"), |output| {
            let keys = keys(output);
            (keys.len() >= count).then_some(keys)
        })
    }

    /// Waits until it has signed with a key that passes.
    ///
    /// # Panics
    /// When a call fails, or it takes too long.
    #[track_caller]
    pub fn wait_for_key(&mut self, what: &str, passes: impl Fn(&str) -> bool) -> String {
        self.0.wait_longer_for(LIMIT, what, |output| keys(output).into_iter().find(|key| passes(key)))
    }

    /// Who its calls were made as, each once.
    ///
    /// # Panics
    /// When it has written something else than its lines.
    #[must_use]
    pub fn identities(&self) -> Vec<String> {
        let mut found: Vec<_> = calls(&self.0.stdout()).map(|(_, arn)| arn.to_owned()).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// The keys in what a program has written, in the order of their first use.
fn keys(output: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for (key, _) in calls(output) {
        if !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    keys
}

/// The key and the identity of each call, by the lines that are whole.
fn calls(output: &str) -> impl Iterator<Item = (&str, &str)> {
    let whole = output.rsplit_once('\n').map_or("", |(lines, _)| lines);
    whole.lines().filter_map(|line| line.split_once(' ')).filter(|(_, arn)| arn.starts_with("arn:"))
}
