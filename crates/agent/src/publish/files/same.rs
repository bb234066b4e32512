//! Whether two paths lead to one file, now or once it is there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf, absolute};

use super::edit::resolve;

/// Whether the two paths lead to one file: by their real paths, whether it exists or not, or by its inode.
#[must_use]
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let inode = |path| fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    real(one) == real(other) || inode(one).is_some_and(|ours| inode(other) == Some(ours))
}

/// The path without symlinks, as far as it exists; what does not exist is left as it is written.
fn real(path: &Path) -> PathBuf {
    // A ring of symlinks leads nowhere: it is what it is called.
    let target = resolve(path).unwrap_or_else(|_| path.into());
    let target = absolute(&target).unwrap_or(target);
    let existing = target.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    match existing.and_then(|(part, real)| Some(real.join(target.strip_prefix(part).ok()?))) {
        Some(real) => real,
        None => target,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn paths_to_one_file_are_the_same_whether_it_is_there_or_not() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir(at("a")).unwrap();
        symlink("a", at("link")).unwrap();
        symlink("link/x", at("to-x")).unwrap();
        symlink("ring", at("ring")).unwrap();
        for present in [false, true] {
            if present {
                fs::write(at("a/x"), "").unwrap();
                fs::hard_link(at("a/x"), at("hard")).unwrap();
            }
            for (other, same) in
                [("a/x", true), ("link/x", true), ("to-x", true), ("a/../a/x", true), ("hard", present), ("a/y", false)]
            {
                assert_eq!(is_same(&at("a/x"), &at(other)), same, "{other} {present}");
                assert_eq!(is_same(&at(other), &at("a/x")), same, "{other} {present}");
            }
        }
        assert!(is_same(&at("no/such/dir"), &at("no/such/dir")) && !is_same(&at("no/a"), &at("no/b")));
        assert!(is_same(&at("ring"), &at("ring")) && !is_same(&at("ring"), &at("a/x")));
        assert!(is_same(Path::new("Cargo.toml"), &std::env::current_dir().unwrap().join("Cargo.toml")));
    }
}
