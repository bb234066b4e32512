//! Temporary files that take the place of others once they are whole.
//!
//! Promises mode 0600 from the first moment, and that no error names the file: its name is another one each time, and
//! equal faults must read alike.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

/// What the name ends with of one that nobody has a use for once its process is gone.
pub(super) const SUFFIX: &str = ".tmp";

/// A new file in `directory` that holds `bytes`, not yet synchronised with the disk.
pub(super) fn holding(bytes: &[u8], directory: &Path, prefix: &OsStr, suffix: &str) -> io::Result<NamedTempFile> {
    let open = |path: &Path| OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
    let mut temporary = tempfile::Builder::new().prefix(prefix).suffix(suffix).make_in(directory, open)?;
    // Not through the wrapper, which would put the name into the error.
    temporary.as_file_mut().write_all(bytes)?;
    Ok(temporary)
}

#[cfg(test)]
mod tests {
    use crate::publish::files::{Access, replace_private};

    #[test]
    fn equal_faults_read_alike() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("missing/credentials");
        let [first, second] =
            [(); 2].map(|()| replace_private(&path, b"x", Access::default()).unwrap_err().to_string());
        assert_eq!(first, second);
        assert!(first.contains("missing/credentials: No such file") && !first.contains(".rolecall-"), "{first}");
    }
}
