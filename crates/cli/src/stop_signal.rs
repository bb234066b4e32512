//! The signals that ask a command to end: Ctrl-C, `kill`, and for some a closed terminal.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// SIGINT and SIGTERM, caught from now on. Whoever has this must end when one of them comes.
pub(crate) struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

impl StopSignal {
    /// Catches the signals. Made before anything that has to be cleaned up.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn catch() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: catch(SignalKind::interrupt())?,
            terminate: catch(SignalKind::terminate())?,
            hangup: None,
        })
    }

    /// Catches SIGHUP too: for a command that is of no use without its terminal. Others leave it to the system, so that
    /// `nohup` works.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn and_hangup(self) -> Result<Self, Failure> {
        Ok(Self { hangup: Some(catch(SignalKind::hangup())?), ..self })
    }

    /// Waits for one of them and says which.
    pub(crate) async fn received(&mut self) -> &'static str {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = hangup => "SIGHUP",
        }
    }
}

fn catch(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::new(ExitCode::Bug, format!("catch a signal: {error}"), ""))
}
