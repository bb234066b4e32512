//! The signals that ask a command to end: Ctrl-C, `kill`, and for some a closed terminal and Ctrl-\.

use std::future::poll_fn;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, NO_ROOM};

/// Signals that are caught from now on. Whoever has this must end when one of them comes.
pub(crate) struct StopSignal(Vec<(Stop, Signal)>);

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// SIGHUP: the terminal was closed.
    Hangup,
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGQUIT: Ctrl-\.
    Quit,
    /// SIGTERM: `kill`.
    Terminate,
}

impl StopSignal {
    /// Catches SIGINT and SIGTERM. Made before anything that has to be cleaned up.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn catch() -> Result<Self, Failure> {
        Self(vec![]).and(Stop::Interrupt)?.and(Stop::Terminate)
    }

    /// Catches SIGHUP and SIGQUIT, too: for a command that is of no use without its terminal. Others leave them to the
    /// system, so that `nohup` works.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn and_those_of_the_terminal(self) -> Result<Self, Failure> {
        self.and(Stop::Hangup)?.and(Stop::Quit)
    }

    /// Waits for one of them and says which.
    pub(crate) async fn received(&mut self) -> Stop {
        poll_fn(|context| {
            let mut came =
                self.0.iter_mut().filter_map(|(stop, signal)| signal.poll_recv(context).is_ready().then_some(*stop));
            came.next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    fn and(mut self, stop: Stop) -> Result<Self, Failure> {
        let caught = signal(stop.kind())
            .map_err(|error| Failure::new(ExitCode::Bug, format!("catch {}: {error}", stop.name()), NO_ROOM))?;
        self.0.push((stop, caught));
        Ok(self)
    }
}

impl Stop {
    /// The name of the signal.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hangup => "SIGHUP",
            Self::Interrupt => "SIGINT",
            Self::Quit => "SIGQUIT",
            Self::Terminate => "SIGTERM",
        }
    }

    fn kind(self) -> SignalKind {
        match self {
            Self::Hangup => SignalKind::hangup(),
            Self::Interrupt => SignalKind::interrupt(),
            Self::Quit => SignalKind::quit(),
            Self::Terminate => SignalKind::terminate(),
        }
    }
}

impl From<Stop> for ExitCode {
    /// Of a command that was ended before it had done what it was told.
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Hangup => Self::Hangup,
            Stop::Interrupt => Self::Interrupt,
            Stop::Quit => Self::Quit,
            Stop::Terminate => Self::Terminate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_of_a_signal_is_128_and_its_number() {
        for stop in [Stop::Hangup, Stop::Interrupt, Stop::Quit, Stop::Terminate] {
            assert_eq!(ExitCode::from(stop) as i32, 128 + stop.kind().as_raw_value(), "{}", stop.name());
        }
    }
}
