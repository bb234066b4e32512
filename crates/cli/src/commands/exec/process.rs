//! The command that `exec` runs, from its start to its end.
//!
//! Promises that it has our standard streams, process group, limits and signal mask, that it does not ignore SIGPIPE as we
//! do, and that its end is told as a shell tells it. We stay its parent: signals are passed on to it.

use std::io;
use std::process::Command;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, waitid};

use crate::commands::exec::signals::Signals;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, NO_ROOM};

/// What a shell adds to the number of the signal that ended a program.
const BY_SIGNAL: i32 = 128;

/// Runs the command to its end, and returns the exit code that says how it ended.
///
/// # Errors
/// When it does not start: 127 when there is no such program, 126 when there is and it does not run, else 125.
pub(super) fn run(command: &mut Command, mut signals: Signals) -> Result<u8, Failure> {
    if let Some(signal) = signals.ending() {
        return Ok(code(BY_SIGNAL + signal));
    }
    let pass_on_to = signals.pass_on().map_err(|error| ours(format!("pass signals on: {error}"), NO_ROOM))?;
    // Standard streams, process group and signal mask are inherited, and SIGPIPE is put back, by the standard library.
    let child = command.spawn().map_err(|error| not_run(command, &error))?;
    let id = Pid::from_child(&child);
    pass_on_to(id);
    let ended = end(id).map_err(|error| {
        let action = format!("see whether process {id} still runs before you start it again");
        ours(format!("wait for the end of the command: {error}"), action)
    })?;
    Ok(match (ended.exit_status(), ended.terminating_signal()) {
        (_, Some(signal)) => code(BY_SIGNAL + signal),
        (status, None) => code(status.unwrap_or_default()),
    })
}

/// Waits for the end. What is left of the process stays until we have ended, too, so that its number is nobody else's
/// while a signal is passed on.
fn end(id: Pid) -> rustix::io::Result<WaitIdStatus> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    loop {
        if let Some(status) = retry_on_intr(|| waitid(WaitId::Pid(id), options))? {
            return Ok(status);
        }
    }
}

/// The low eight bits, which are all that an exit code has.
fn code(code: i32) -> u8 {
    code.to_le_bytes()[0]
}

fn not_run(command: &Command, error: &io::Error) -> Failure {
    let program = command.get_program().to_string_lossy();
    let message = format!("run {program}: {error}");
    match error.kind() {
        io::ErrorKind::NotFound => Failure::new(
            ExitCode::NotFound,
            message,
            "check its name, and the interpreter in its first line if it is a script",
        ),
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => ours(message, NO_ROOM),
        _ => Failure::new(ExitCode::NotExecutable, message, "name a program that this user may run on this machine"),
    }
}

fn ours(message: String, action: impl Into<String>) -> Failure {
    Failure::new(ExitCode::NotStarted, message, action)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn run(command: &mut Command) -> Result<u8, Failure> {
        super::run(command, Signals::catch().unwrap())
    }

    #[test]
    fn the_end_is_told_as_a_shell_tells_it() {
        for (script, code) in
            [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -KILL $$", 137), ("kill $$", 143)]
        {
            assert_eq!(run(Command::new("sh").args(["-c", script])), Ok(code), "{script}");
        }
    }

    #[test]
    fn what_does_not_start_is_told_from_what_is_not_there() {
        let home = tempfile::tempdir().unwrap();
        let text = home.path().join("text");
        fs::write(&text, "").unwrap();
        let code = |program: &str| run(&mut Command::new(program)).unwrap_err().code;
        assert_eq!(code("no-such-program-of-anybody"), ExitCode::NotFound);
        assert_eq!(code("/no/such/program"), ExitCode::NotFound);
        assert_eq!(code(text.to_str().unwrap()), ExitCode::NotExecutable);
        assert_eq!(code(home.path().to_str().unwrap()), ExitCode::NotExecutable);
    }
}
