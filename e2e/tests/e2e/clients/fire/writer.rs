//! A process that keeps a block of ours in a file, and is killed without warning.
//!
//! It is this test binary, started again with an order in its environment, so that a signal meets a real process in the
//! middle of the real writer.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use e2e::Running;
use rolecall_agent::publish::files::{EditError, FileError, edit};
use rolecall_formats::block::{BlockError, Id, replace};
use rolecall_formats::config::{self, File, FileFault, Profile};

/// What the order is called in the environment of the child.
const ORDER: &str = "ROLECALL_E2E_WRITER";
/// Every so many versions the block goes for one of them.
const GOES: u64 = 7;

/// What a child has to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// The file, of this kind.
    pub(super) path: String,
    pub(super) kind: File,
    /// The id of the block; each stands for a state directory.
    pub(super) id: String,
    /// The first version to write.
    pub(super) version: u64,
    /// How many to write.
    pub(super) count: u64,
}

/// What a child did before it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done {
    pub(super) written: u64,
    /// Edits that were given up for a reason that passes.
    pub(super) given_up: u64,
}

/// Why a text was not changed.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Block(#[from] BlockError),
    #[error(transparent)]
    Parse(#[from] FileFault),
}

/// Starts a child. `test` is the test that calls [`work`] first thing.
pub(super) fn start(order: &Order, test: &str) -> Running {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let kind = if order.kind == File::Config { "config" } else { "credentials" };
    let words = [order.path.as_str(), kind, &order.id, &order.version.to_string(), &order.count.to_string()].join("\n");
    command.env(ORDER, words).args(["--exact", test, "--nocapture"]);
    Running::start(&mut command)
}

/// The order, when this process is a child.
#[expect(clippy::disallowed_methods, reason = "how the test binary tells its child that it is one")]
pub(super) fn order() -> Option<Order> {
    let words = std::env::var(ORDER).ok()?;
    let words: Vec<&str> = words.lines().collect();
    let [path, kind, id, version, count] = words[..] else { unreachable!("{words:?}") };
    let kind = if kind == "config" { File::Config } else { File::Credentials };
    Some(Order {
        path: path.into(),
        kind,
        id: id.into(),
        version: version.parse().unwrap(),
        count: count.parse().unwrap(),
    })
}

/// Carries the order out, and says after each edit how it went.
#[expect(clippy::print_stdout, reason = "how it is told to the parent")]
pub(super) fn work(order: &Order) {
    for version in order.version..order.version.saturating_add(order.count) {
        match write(order, version) {
            Ok(()) => println!("written"),
            Err(EditError::File(FileError::Restless { .. } | FileError::LockBusy { .. })) => println!("given up"),
            Err(EditError::Change(why)) => println!("given up, {why}"),
            Err(EditError::File(error)) => println!("FAILED {error}"),
        }
    }
}

/// What a child has said, and nothing of it may be a failure.
pub(super) fn told(output: &str) -> Done {
    assert!(!output.contains("FAILED") && !output.contains("panicked"), "{output}");
    let count = |start: &str| output.lines().filter(|line| line.contains(start)).count() as u64;
    Done { written: count("written"), given_up: count("given up") }
}

/// As the agent does: parse, replace the block, parse again.
fn write(order: &Order, version: u64) -> Result<(), EditError<Refused>> {
    let id: Id = order.id.parse().unwrap();
    let body = body(order, version);
    edit(Path::new(&order.path), |old| {
        config::read(&replace(old, &id, None)?, order.kind)?;
        let new = replace(old, &id, Some(&body))?;
        config::read(&new, order.kind)?;
        Ok(Some(new))
    })?;
    Ok(())
}

/// A block whose length depends on its version, which stands on every line.
fn body(order: &Order, version: u64) -> String {
    if version.is_multiple_of(GOES) {
        return String::new();
    }
    let prefix = if order.kind == File::Config { "profile " } else { "" };
    let mut body = format!("[{prefix}{}{}]\nversion = {version}\n", super::OURS, order.id);
    for n in 0..length(version) {
        writeln!(body, "line_{n} = {version}").unwrap();
    }
    body
}

fn length(version: u64) -> u64 {
    version % 41
}

/// Whether all of the lines of a block are there, and of one version.
pub(super) fn is_whole(profile: &Profile) -> bool {
    let versions: Vec<&str> = profile.keys.iter().map(|key| key.value.as_str()).collect();
    let version = versions.first().and_then(|version| version.parse().ok());
    version.is_some_and(|version| versions.len() as u64 == length(version) + 1)
        && versions.iter().all(|other| other == &versions[0])
}

/// The life of a child: now and then long enough for several edits, often too short for one.
pub(super) fn lifetime(random: u64) -> Duration {
    Duration::from_millis(random % if random.is_multiple_of(3) { 1500 } else { 300 })
}
