//! Reads a web identity token from its file, anew for each exchange: the kubelet replaces it while we run.
//!
//! Promises that no file, whatever it is, keeps anybody else waiting or fills the memory.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rolecall_core::source::TokenFile;
use rolecall_core::{Fault, FaultKind};
use rustix::fs::OFlags;

use crate::fault::one_line;
use crate::value::flaw;

/// The most bytes of the file, far above any token.
const MAX: u64 = 64 * 1024;

/// The token, without a line break at its end.
///
/// # Errors
/// Why there is none; never what the file holds.
pub(crate) async fn read(file: &TokenFile, attempted: &str) -> Result<String, Fault> {
    let wrong = |why: String, action: &str| {
        let message = format!("could not {attempted}: the web identity token file {} {why}", file.as_str());
        Err(Fault::new(FaultKind::Misconfigured, message, action))
    };
    let path = PathBuf::from(file.as_str());
    // A network share may take its time.
    let read = tokio::task::spawn_blocking(move || bytes(&path)).await;
    let bytes = match read.unwrap_or_else(|_| Err(io::Error::other("reading it was broken off"))) {
        Ok(bytes) => bytes,
        Err(error) => {
            let action =
                "mount or write that file, or correct the source of the role; it is read again at the next attempt";
            return wrong(format!("could not be read: {}", one_line(&error.to_string())), action);
        }
    };
    let token = String::from_utf8_lossy(&bytes).trim().to_owned();
    let action = "have the token written again; the file is read again at the next attempt";
    match flaw(&token) {
        Some(_) if token.is_empty() => wrong("is empty".into(), action),
        Some(flaw) => wrong(format!("has a token that {flaw}"), action),
        None => Ok(token),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would be waited for.
    let open = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    if !open.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    open.take(MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX {
        return Err(io::Error::other(format!("it has over {} KiB, which no token has", MAX / 1024)));
    }
    Ok(bytes)
}
