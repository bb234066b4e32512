//! What every source file has to be: at most 400 lines, opened by a `//!` that says what it is for, and, in a pure crate,
//! without a name of the outside.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::arch::PURE;

/// The most lines a file may have.
const MAX_LINES: usize = 400;

/// The parts of `std` that a pure crate must not name: clocks, environment, files, processes, threads, the network.
const OUTSIDE: &[&str] =
    &["std::env", "std::fs", "std::io", "std::net", "std::process", "std::thread", "SystemTime", "time::Instant"];

/// # Errors
/// Every `.rs` file under `root` that is too long, does not say what it is for, or is pure in name only.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for path in sources(root)? {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        wrong.extend(problems(&text).map(|problem| format!("{shown}: {problem}")));
        let pure = |name| path.starts_with(root.join(format!("crates/{name}/src"))) && !path.ends_with("tests.rs");
        if PURE.iter().any(pure) {
            wrong.extend(impurities(&text).map(|name| format!("{shown}: a pure crate must not name {name}")));
        }
    }
    if !wrong.is_empty() {
        wrong.sort();
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

fn problems(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().count();
    let long = (lines > MAX_LINES).then(|| format!("{lines} lines, over {MAX_LINES}: two concepts in one file?"));
    let mute = !text.lines().take(3).any(|line| line.starts_with("//!"));
    long.into_iter().chain(mute.then(|| "does not open with a `//!` that says what it is for".to_owned()))
}

fn impurities(text: &str) -> impl Iterator<Item = &'static str> {
    // Tests may do what they like; they stand last in a file.
    let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
    let code: Vec<&str> = code.filter(|line| !line.trim_start().starts_with("//")).collect();
    OUTSIDE.iter().copied().filter(move |name| code.iter().any(|line| line.contains(name)))
}

/// Every `.rs` file below `folder` but in `target` and hidden folders.
fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                found.extend(sources(&path)?);
            }
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_opens_with_what_it_is_for() {
        assert_eq!(problems("//! This.\n").count(), 0);
        assert_eq!(problems("use std::fs;\n").count(), 1);
    }

    #[test]
    fn a_pure_file_does_not_name_the_outside() {
        assert_eq!(impurities("//! no std::fs here\nuse std::fmt;\n").count(), 0);
        assert_eq!(impurities("use std::fmt;\n#[cfg(test)]\nmod tests { use std::fs; }\n").count(), 0);
        assert_eq!(impurities("let text = std::fs::read_to_string(path)?;\n").collect::<Vec<_>>(), ["std::fs"]);
    }

    #[test]
    fn a_file_over_the_limit_is_named_with_its_lines() {
        let at = |lines: usize| format!("//! This.\n{}", "\n".repeat(lines - 1));
        assert_eq!(problems(&at(MAX_LINES)).count(), 0);
        let long: Vec<_> = problems(&at(MAX_LINES + 1)).collect();
        assert!(long[0].starts_with("401 lines"), "{long:?}");
    }
}
