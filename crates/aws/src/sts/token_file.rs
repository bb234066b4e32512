//! Reads a web identity token from its file, anew for each exchange: the kubelet replaces it while we run.

use aws_types::os_shim_internal::Fs;
use rolecall_core::source::TokenFile;
use rolecall_core::{Fault, FaultKind};

use crate::fault::one_line;
use crate::value::flaw;

/// The token, without a line break at its end.
///
/// # Errors
/// Why there is none; never what the file holds.
pub(crate) async fn read(fs: &Fs, file: &TokenFile, attempted: &str) -> Result<String, Fault> {
    let wrong = |why: String, action: &str| {
        let message = format!("could not {attempted}: the web identity token file {} {why}", file.as_str());
        Err(Fault::new(FaultKind::Misconfigured, message, action))
    };
    let bytes = match fs.read_to_end(file.as_str()).await {
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
