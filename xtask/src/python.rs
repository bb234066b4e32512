//! The Python environments of the tests: the real clients with moto, and ministack, as `e2e/requirements*.txt` pin them.
//!
//! Made once, under the target directory, and again when the pins change. A missing `python3-venv` is installed
//! where that is possible.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use crate::debian;
use crate::step::quietly;
use crate::workspace::{root, target};

/// Makes the environment of the clients and moto if it is not there, and returns the folder of its programs.
///
/// # Errors
/// When there is no Python, or a package cannot be installed.
pub(crate) fn environment() -> anyhow::Result<PathBuf> {
    make("e2e/requirements.txt", "e2e/venv")
}

/// The same for ministack, which does not go together with the clients.
///
/// # Errors
/// When there is no Python, or a package cannot be installed.
pub(crate) fn ministack() -> anyhow::Result<PathBuf> {
    make("e2e/requirements-ministack.txt", "e2e/venv-ministack")
}

fn make(pins: &str, venv: &str) -> anyhow::Result<PathBuf> {
    let (pins, venv) = (root().join(pins), target(venv));
    let text = fs::read_to_string(&pins).with_context(|| format!("cannot read {}", pins.display()))?;
    // The path too: the programs in there name it, so an environment that was moved does not run.
    let made_of = format!("{}\n{text}", venv.display());
    let stamp = venv.join("made-of.txt");
    if fs::read_to_string(&stamp).is_ok_and(|stamp| stamp == made_of) {
        return Ok(venv.join("bin"));
    }

    let create = || {
        fs::remove_dir_all(&venv).ok();
        quietly(Command::new("python3").args(["-m", "venv"]).arg(&venv))
    };
    if create().is_err() {
        debian::install(&["python3-venv"])
            .context("the tests need python3 with its venv module, or `--without python`")?;
        create()?;
    }
    quietly(Command::new(venv.join("bin/python")).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&pins))
        .with_context(|| format!("cannot install what {} names", pins.display()))?;
    fs::write(&stamp, made_of).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(venv.join("bin"))
}
