//! The long-running programs of `e2e/clients` on the AWS SDKs, one an SDK, built under the target directory.
//!
//! Each is ready as an executable of the folder that [`folder`] names. Libraries come by name from the registries of the
//! language, pinned by its lock file, and are fetched again only when that changes. Missing tools are installed where that
//! is possible. The program on boto3 needs no building.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::debian;
use crate::step::quietly;
use crate::workspace::{cargo, root, target};

/// Where the executables are: `go`, `java`, `javascript`, `rust`.
pub(crate) fn folder() -> PathBuf {
    target("e2e/sdks")
}

/// Builds the one on the SDK for Rust.
///
/// # Errors
/// What cargo said.
pub(crate) fn rust() -> anyhow::Result<()> {
    // By itself: built along with it, the binary under test would get features that it does not ship with.
    quietly(&mut cargo(&["build", "--locked", "--package", "caller"]))?;
    launcher("rust", &[target("debug/caller").display().to_string()])
}

/// Builds the one on the SDK for Go.
///
/// # Errors
/// When there is no Go, or what it said.
pub(crate) fn go() -> anyhow::Result<()> {
    let [go] = debian::programs(["go"], &["golang-go"]).context("the tests need Go, or `--without go`")?;
    let mut build = Command::new(go);
    build.current_dir(source("go")).env("CGO_ENABLED", "0").args(["build", "-o"]).arg(folder().join("go")).arg(".");
    quietly(&mut build).context("cannot build e2e/clients/go")
}

/// Installs what the one on the SDK for JavaScript needs.
///
/// # Errors
/// When there is no Node, or what npm said.
pub(crate) fn javascript() -> anyhow::Result<()> {
    let [node, npm] = debian::programs(["node", "npm"], &["nodejs", "npm"])
        .context("the tests need Node with npm, or `--without node`")?;
    let into = made("javascript", &["package-lock.json", "package.json", "caller.js"], |into| {
        quietly(Command::new(npm).current_dir(into).args(["ci", "--engine-strict", "--ignore-scripts", "--no-audit"]))
    })?;
    launcher("javascript", &[node.display().to_string(), into.join("caller.js").display().to_string()])
}

/// Installs what the one on the SDK for Java needs, and compiles it.
///
/// # Errors
/// When there is no JDK or Maven, or what they said.
pub(crate) fn java() -> anyhow::Result<()> {
    let [java, javac, maven] = debian::programs(["java", "javac", "mvn"], &["default-jdk-headless", "maven"])
        .context("the tests need a JDK and Maven, or `--without java`")?;
    let libraries = |into: &Path| format!("{}/lib/*", into.display());
    let into = made("java", &["pom.xml", "Caller.java"], |into| {
        let fetch = ["--batch-mode", "--quiet", "dependency:copy-dependencies", "-DoutputDirectory=lib"];
        quietly(Command::new(maven).current_dir(into).args(fetch))?;
        let compile = ["-Xlint:all", "-Werror", "-cp", &libraries(into), "Caller.java"];
        quietly(Command::new(javac).current_dir(into).args(compile))
    })?;
    let path = format!("{}:{}", into.display(), libraries(&into));
    // A short life on a machine with other things to do.
    let flags = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", &path, "Caller"].map(str::to_owned);
    launcher("java", &[&[java.display().to_string()], &flags[..]].concat())
}

/// The folder of a language in the tree.
fn source(language: &str) -> PathBuf {
    root().join("e2e/clients").join(language)
}

/// The folder under the target directory where these files of a language were copied to and `make` has run, which it does
/// only when one of them has changed.
fn made(language: &str, files: &[&str], make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<PathBuf> {
    let into = target("e2e").join(language);
    let stamp = into.join("made-of.txt");
    let mut made_of = String::new();
    for file in files {
        let path = source(language).join(file);
        made_of += &fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == made_of) {
        return Ok(into);
    }
    fs::remove_dir_all(&into).ok();
    fs::create_dir_all(&into).with_context(|| format!("cannot make {}", into.display()))?;
    for file in files {
        fs::copy(source(language).join(file), into.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    make(&into).with_context(|| format!("cannot make what e2e/clients/{language} needs"))?;
    fs::write(&stamp, made_of).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(into)
}

/// Writes an executable that becomes the program of these words, with the arguments that it gets.
fn launcher(name: &str, words: &[String]) -> anyhow::Result<()> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
    let path = folder().join(name);
    let write = || {
        fs::create_dir_all(folder())?;
        fs::write(&path, format!("#!/bin/sh\nexec {} \"$@\"\n", quoted.join(" ")))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
