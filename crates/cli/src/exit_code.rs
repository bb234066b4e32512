//! What `rolecall` says to its caller with its exit code. Scripts rely on these numbers: they never change.

/// The exit codes of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// All is well.
    Ok = 0,
    /// A fault of Rolecall itself, or of the machine (a full disk).
    Bug = 1,
    /// The command line or the settings are wrong; nothing was done.
    Usage = 2,
    /// Some roles have no session or could not be refreshed, or some settings could not be used.
    SomeFailed = 3,
    /// No role has a session.
    AllFailed = 4,
    /// No role has that alias.
    UnknownAlias = 5,
    /// There is nobody to ask: no agent runs there.
    NothingToAsk = 6,
    /// The time limit passed.
    TimeLimit = 7,
    /// Another agent uses the state directory.
    StateDirInUse = 8,
    /// `exec` failed before it could run the command. This and the two that follow are those of `env`, `nohup` and `timeout`.
    NotStarted = 125,
    /// `exec` found the command, and it is no program that runs.
    NotExecutable = 126,
    /// `exec` did not find the command.
    NotFound = 127,
    /// SIGHUP came before the work was done. This and those that follow are what a shell says of a program that a signal
    /// ended: 128 and the number of the signal.
    Hangup = 129,
    /// SIGINT came before the work was done.
    Interrupt = 130,
    /// SIGQUIT came before the work was done.
    Quit = 131,
    /// SIGTERM came before the work was done.
    Terminate = 143,
}

/// How the roles of an agent stand, as far as the exit code cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Roles with a valid session, and nothing wrong.
    pub(crate) well: usize,
    /// Roles with a valid session, and something wrong: a refresh that fails, a profile that could not be written. And
    /// those that are still being assumed for the first time.
    pub(crate) troubled: usize,
    /// Roles without a valid session.
    pub(crate) failed: usize,
    /// Settings that could not be used.
    pub(crate) problems: usize,
}

impl From<Tally> for ExitCode {
    fn from(tally: Tally) -> Self {
        match tally {
            Tally { well: 0, troubled: 0, failed: 0, problems: 0 } => Self::Ok,
            Tally { well: 0, troubled: 0, .. } => Self::AllFailed,
            Tally { troubled: 0, failed: 0, problems: 0, .. } => Self::Ok,
            _ => Self::SomeFailed,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_a_promise() {
        use ExitCode::*;
        let all = [Ok, Bug, Usage, SomeFailed, AllFailed, UnknownAlias, NothingToAsk, TimeLimit, StateDirInUse];
        assert_eq!(all.map(|code| code as u8), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!([NotStarted, NotExecutable, NotFound].map(|code| code as u8), [125, 126, 127]);
        assert_eq!([Hangup, Interrupt, Quit, Terminate].map(|code| code as u8), [129, 130, 131, 143]);
    }

    #[test]
    fn the_code_says_how_many_roles_are_usable() {
        for ((well, troubled, failed, problems), code) in [
            ((3, 0, 0, 0), ExitCode::Ok),
            ((0, 0, 0, 0), ExitCode::Ok),
            ((2, 0, 1, 0), ExitCode::SomeFailed),
            ((2, 0, 0, 1), ExitCode::SomeFailed),
            ((2, 1, 0, 0), ExitCode::SomeFailed),
            ((0, 1, 2, 0), ExitCode::SomeFailed),
            ((0, 0, 2, 0), ExitCode::AllFailed),
            ((0, 0, 0, 1), ExitCode::AllFailed),
        ] {
            assert_eq!(
                ExitCode::from(Tally { well, troubled, failed, problems }),
                code,
                "{well} {troubled} {failed} {problems}"
            );
        }
    }
}
