//! `cargo xtask check-arch`: the arrows between the crates, and what the pure ones must never reach.
//!
//! The tables in here are the architecture; `cargo metadata` tells what the tree really does. Dev-dependencies may cross
//! arrows (a crate may test against the sandbox), but nothing depends on a program.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::workspace::root;

/// Who may depend on whom: a crate, and the crates of this workspace that it may name. Packages are `rolecall-<name>`.
const ARROWS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("formats", &["core"]),
    ("rotator", &["core"]),
    ("aws", &["core"]),
    ("sandbox", &["core"]),
    ("agent", &["core", "formats", "rotator"]),
    ("cli", &["agent", "aws", "core", "formats", "rotator", "sandbox"]),
    ("testkit", &["core"]),
    ("xtask", &[]),
    ("e2e", &[]),
    ("caller", &[]),
];

/// Programs: nobody depends on them, not even in tests.
const PROGRAMS: &[&str] = &["cli", "xtask", "e2e", "caller"];

/// Only ever a dev-dependency.
const FOR_TESTS: &[&str] = &["testkit"];

/// The crates that decide and never act.
pub(crate) const PURE: &[&str] = &["core", "formats"];

/// What a pure crate must not reach, directly or through another: runtimes, HTTP, AWS, Kubernetes, clocks, the system.
/// A trailing `*` stands for any ending.
const IMPURE: &[&str] = &[
    "async-std",
    "aws-*",
    "axum",
    "chrono",
    "getrandom",
    "h2",
    "http",
    "hyper",
    "hyper-*",
    "k8s-openapi",
    "kube",
    "kube-*",
    "mio",
    "nix",
    "rand",
    "reqwest",
    "rustix",
    "rustls",
    "smol",
    "socket2",
    "tempfile",
    "time",
    "tokio",
    "tokio-*",
    "tonic",
    "tower",
    "tracing-subscriber",
    "ureq",
];

/// Crates that are pure without a feature: a pure crate must not switch it on.
const PURE_WITHOUT: &[(&str, &str)] = &[("jiff", "std")];

/// Runs the check as a command of its own.
///
/// # Errors
/// Every forbidden arrow, one a line.
pub(crate) fn run() -> anyhow::Result<()> {
    check()?;
    println!("check-arch: every arrow is in the table");
    Ok(())
}

/// # Errors
/// Every forbidden arrow, one a line.
pub(crate) fn check() -> anyhow::Result<()> {
    let wrong = violations(&metadata()?)?;
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

fn metadata() -> anyhow::Result<Metadata> {
    MetadataCommand::new().current_dir(root()).exec().context("cannot read this workspace")
}

fn violations(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let members = metadata.workspace_packages();
    let names: BTreeSet<&str> = members.iter().map(|package| short(package.name.as_str())).collect();
    let mut wrong = Vec::new();
    for package in &members {
        wrong.extend(forbidden_arrows(package, &names));
        if PURE.contains(&short(package.name.as_str())) {
            wrong.extend(forbidden_features(package));
            wrong.extend(forbidden_reach(package, metadata)?);
        }
    }
    Ok(wrong)
}

/// The arrows that a crate's `Cargo.toml` declares and the table does not have.
fn forbidden_arrows(package: &Package, members: &BTreeSet<&str>) -> Vec<String> {
    let from = short(package.name.as_str());
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == from) else {
        return vec![format!("{} is not in the table of xtask/src/arch.rs", folder(from))];
    };
    let mut wrong = Vec::new();
    for dependency in &package.dependencies {
        let to = short(&dependency.name);
        let dev = dependency.kind == DependencyKind::Development;
        let why = if !members.contains(to) {
            continue;
        } else if PROGRAMS.contains(&to) {
            "nobody depends on a program"
        } else if dev {
            continue;
        } else if FOR_TESTS.contains(&to) {
            "it is for tests, so a dev-dependency only"
        } else if !allowed.contains(&to) {
            "the table of xtask/src/arch.rs has no such arrow"
        } else {
            continue;
        };
        wrong.push(format!("{} must not depend on {}: {why}", folder(from), dependency.name));
    }
    wrong
}

fn forbidden_features(package: &Package) -> Vec<String> {
    let mut wrong = Vec::new();
    for dependency in package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development) {
        for (name, feature) in PURE_WITHOUT.iter().filter(|(name, _)| *name == dependency.name) {
            if dependency.uses_default_features || dependency.features.iter().any(|f| f == feature) {
                let from = folder(short(package.name.as_str()));
                wrong.push(format!("{from} must use {name} without `{feature}`: it is pure"));
            }
        }
    }
    wrong
}

/// What a pure crate reaches and must not, each with the way there.
fn forbidden_reach(package: &Package, metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let resolve = metadata.resolve.as_ref().context("cargo metadata resolved nothing")?;
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut came_from: BTreeMap<&PackageId, &PackageId> = BTreeMap::new();
    let mut queue = VecDeque::from([&package.id]);
    let mut wrong = Vec::new();
    while let Some(id) = queue.pop_front() {
        let name = &metadata[id].name;
        if let Some(banned) = IMPURE.iter().find(|banned| matches(banned, name)) {
            let mut way = vec![name.as_str()];
            let mut at = id;
            while let Some(before) = came_from.get(at) {
                way.push(metadata[*before].name.as_str());
                at = before;
            }
            way.reverse();
            let from = folder(short(package.name.as_str()));
            wrong.push(format!("{from} is pure and must not reach {banned}: {}", way.join(" -> ")));
            continue;
        }
        let Some(node) = nodes.get(id) else { continue };
        for dependency in &node.deps {
            let normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            let seen = dependency.pkg == package.id || came_from.contains_key(&dependency.pkg);
            if normal && !seen {
                came_from.insert(&dependency.pkg, id);
                queue.push_back(&dependency.pkg);
            }
        }
    }
    Ok(wrong)
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// A package's name as the table has it.
fn short(package: &str) -> &str {
    package.strip_prefix("rolecall-").unwrap_or(package)
}

fn folder(name: &str) -> String {
    if PROGRAMS[1..].contains(&name) { name.into() } else { format!("crates/{name}") }
}

#[cfg(test)]
mod tests;
