//! `cargo xtask image`: the image with the agent alone, as an OCI layout, without a container builder.
//!
//! What is in it, and how it is started, is said once, in `packaging/image`: this does with umoci what a builder does with
//! the `Containerfile`. The authorities come from this machine.

mod recipe;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::step::quietly;
use crate::workspace::{root, target};
use crate::{debian, dist};

use recipe::Recipe;

/// The certificate authorities of a Debian machine, and of the image.
const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";

/// Builds the binary that ships, puts it into an image and says where that is.
///
/// # Errors
/// When something does not build or is missing.
pub(crate) fn run() -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let layout = assemble(&dist::build(dist::Profile::Dist)?, &target("image"), version)?;
    println!("{}:{version}", layout.strip_prefix(root()).unwrap_or(&layout).display());
    Ok(())
}

/// Puts a binary into an image of this tag, and returns the OCI layout, which takes the place of the one that was in
/// `folder`.
///
/// # Errors
/// When umoci is missing or fails, or this machine has no certificate authorities.
pub(crate) fn assemble(binary: &Path, folder: &Path, tag: &str) -> anyhow::Result<PathBuf> {
    let [program] = debian::programs(["umoci"], &["umoci"])?;
    if !Path::new("/").join(AUTHORITIES).exists() {
        debian::install(&["ca-certificates"])?;
    }
    let recipe = root().join("packaging/image/Containerfile");
    let text = fs::read_to_string(&recipe).with_context(|| format!("cannot read {}", recipe.display()))?;
    let recipe = Recipe::read(&text).with_context(|| format!("cannot use {}", recipe.display()))?;

    fs::remove_dir_all(folder).ok();
    let (files, layout) = (folder.join("root"), folder.join("oci"));
    gather(binary, &files).with_context(|| format!("cannot fill {}", files.display()))?;
    let image = format!("{}:{tag}", layout.display());
    let umoci = |args: &[&str]| quietly(Command::new(&program).args(args));
    umoci(&["init", "--layout", &layout.to_string_lossy()])?;
    umoci(&["new", "--image", &image])?;
    // Without root the files are root's in the image all the same.
    let rootless: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["--rootless"] };
    umoci(&[&["insert", "--image", &image], rootless, &[&files.to_string_lossy(), "/"]].concat())?;
    let settings = recipe.settings();
    let settings = settings.iter().flat_map(|(flag, value)| [*flag, value]);
    umoci(&["config", "--image", &image].into_iter().chain(settings).collect::<Vec<_>>())?;
    umoci(&["gc", "--layout", &layout.to_string_lossy()])?;
    fs::remove_dir_all(&files).ok();
    Ok(layout)
}

/// Puts what the image holds into a folder.
fn gather(binary: &Path, into: &Path) -> std::io::Result<()> {
    let mode = |path: &str, bits| fs::set_permissions(into.join(path), Permissions::from_mode(bits));
    for folder in ["", "etc", "etc/ssl", "etc/ssl/certs", "state"] {
        fs::create_dir_all(into.join(folder))?;
        mode(folder, 0o755)?;
    }
    // Any user may make a state directory in it.
    mode("state", 0o1777)?;
    let own = root().join("packaging/image/root");
    for name in ["etc/passwd", "etc/group", "etc/nsswitch.conf"] {
        fs::copy(own.join(name), into.join(name))?;
        mode(name, 0o644)?;
    }
    fs::copy(Path::new("/").join(AUTHORITIES), into.join(AUTHORITIES))?;
    mode(AUTHORITIES, 0o644)?;
    fs::copy(binary, into.join("rolecall"))?;
    mode("rolecall", 0o755)
}
