//! What commands print on stdout: tables, JSON, lengths of time.

pub(crate) mod duration;
pub(crate) mod shell;
pub(crate) mod table;

use std::io::{self, Write as _};

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Writes a document to stdout as it came, with a line end behind it. A reader that has gone (`| head`) is no failure: it
/// has what it wanted.
///
/// # Errors
/// When stdout takes no more for another reason, such as a full disk.
pub(crate) fn print_document(mut document: Vec<u8>) -> Result<(), Failure> {
    if document.last() != Some(&b'\n') {
        document.push(b'\n');
    }
    let mut stdout = io::stdout().lock();
    settle(stdout.write_all(&document).and_then(|()| stdout.flush()))
}

/// Writes to stdout, without the colours where they are not wanted: not a terminal, `NO_COLOR`, `CLICOLOR=0`.
///
/// # Errors
/// As [`print_document`].
pub(crate) fn print_styled(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    settle(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

fn settle(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(ExitCode::Bug, format!("write to stdout: {error}"), ""))
        }
        _ => Ok(()),
    }
}
