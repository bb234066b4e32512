//! What commands print on stdout: tables, texts, JSON, lengths of time; and what they tell beside it on stderr.

pub(crate) mod duration;
pub(crate) mod table;
pub(crate) mod wrap;

use std::fmt;
use std::io::{self, Write as _};

use zeroize::Zeroizing;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Writes a document to stdout as it came, with a line end behind it.
///
/// # Errors
/// As [`settle`].
pub(crate) fn print_document(mut document: Zeroizing<Vec<u8>>) -> Result<(), Failure> {
    // With the line end in it the whole goes out at once, past the buffer of stdout, which nobody wipes.
    if document.last() != Some(&b'\n') {
        document.push(b'\n');
    }
    let mut stdout = io::stdout().lock();
    settle(stdout.write_all(&document).and_then(|()| stdout.flush()))
}

/// Writes to stdout, without the colours where they are not wanted: not a terminal, `NO_COLOR`, `CLICOLOR=0`.
///
/// # Errors
/// As [`settle`].
pub(crate) fn print_styled(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    settle(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Tells a line on stderr.
pub(crate) fn tell(line: fmt::Arguments<'_>) {
    // Nobody is left to tell that stderr is closed.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// How many characters fit a line of stdout; none when it is no terminal.
pub(crate) fn terminal_width() -> Option<usize> {
    terminal_size().map(|(width, _)| width)
}

/// How many characters fit a line of stdout, and how many lines it shows; none when it is no terminal, or one that does
/// not say. Asked of stdout itself, which need not be the terminal that started us.
pub(crate) fn terminal_size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
}

/// What a write to stdout came to. A reader that has gone (`| head`) is no failure: it has what it wanted.
///
/// # Errors
/// When stdout takes no more for another reason, such as a full disk.
pub(crate) fn settle(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(ExitCode::Bug, format!("write to stdout: {error}"), ""))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_is_no_failure() {
        assert_eq!(settle(Err(io::ErrorKind::BrokenPipe.into())), Ok(()));
        assert_eq!(settle(Err(io::ErrorKind::StorageFull.into())).unwrap_err().code, ExitCode::Bug);
    }
}
