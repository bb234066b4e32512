//! Signals that are meant for the command: whoever sends one to us means what we run.
//!
//! Promises that Ctrl-C does not end us before the command, that the command gets each signal once, and that one that was
//! ignored when we started (`nohup`) is so for the command, too. What a terminal sends, it sends to every process in the
//! foreground: the command has that already, and only what a process sent to us is passed on, and the end of a terminal
//! whose first process we are. A process that sends to a whole process group is the exception: it cannot be told from one
//! that sends to us alone.

use std::io;
use std::sync::mpsc;
use std::thread;

use nix::unistd::getsid;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGWINCH, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::exfiltrator::origin::Origin;

/// Those that ask a program to end.
const ENDING: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];
/// All that are passed on. The others stop and continue processes, tell a program what it did itself, or have no name.
const PASSED_ON: [i32; 15] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGIO, SIGPROF, SIGSYS, SIGTRAP, SIGVTALRM,
    SIGXCPU, SIGXFSZ,
];

/// Signals that are caught from now on.
pub(super) struct Signals(SignalsInfo<WithOrigin>);

impl Signals {
    /// Catches them.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn catch() -> io::Result<Self> {
        let ignored = ignored();
        let of_us = PASSED_ON.into_iter().filter(|signal| !is_in(ignored, *signal));
        // Where SIGCHLD is ignored nobody learns how a child ended.
        Ok(Self(SignalsInfo::new(of_us.chain([SIGCHLD]))?))
    }

    /// One that came before there was a command, and asked us to end.
    pub(super) fn ending(&mut self) -> Option<i32> {
        self.0.pending().map(|origin| origin.signal).find(|signal| ENDING.contains(signal))
    }

    /// Passes them on as long as this process runs, once it is said to whom.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn pass_on(mut self) -> io::Result<impl FnOnce(Pid)> {
        let (to, command) = mpsc::channel();
        // Whoever leads the session is told alone that its terminal has gone.
        // In a container the session may be one from outside, whose number here is 0: rustix has none such.
        let leads = getsid(None) == Ok(nix::unistd::Pid::this());
        let pass_on = move || {
            let Ok(command) = command.recv() else { return };
            for origin in self.0.forever() {
                if let Some(signal) = Signal::from_named_raw(origin.signal)
                    && is_meant_for(command, &origin, leads)
                {
                    // It has just ended, or is another user's by now: nothing to be done.
                    let _ = kill_process(command, signal);
                }
            }
        };
        thread::Builder::new().name("signals".into()).spawn(pass_on)?;
        Ok(move |command| {
            // The thread is there to hear it.
            let _ = to.send(command);
        })
    }
}

/// Whether a signal is to be passed on: a process sent it, other than the command itself, which may have meant its whole
/// process group; or the terminal of a session that we lead has gone.
fn is_meant_for(command: Pid, origin: &Origin, leads: bool) -> bool {
    match origin.process {
        _ if origin.signal == SIGCHLD => false,
        Some(process) => process.pid != command.as_raw_nonzero().get(),
        None => leads && origin.signal == SIGHUP,
    }
}

/// The signals that this process was told to ignore by whoever started it, as a set of bits.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    std::fs::read_to_string("/proc/self/status").ok().and_then(|status| ignored_in(&status)).unwrap_or_default()
}

/// Nobody can be asked without `unsafe`.
#[cfg(not(target_os = "linux"))]
fn ignored() -> u64 {
    0
}

/// The set in the text of `/proc/self/status` (proc(5)).
#[cfg(target_os = "linux")]
fn ignored_in(status: &str) -> Option<u64> {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(set.trim(), 16).ok()
}

fn is_in(set: u64, signal: i32) -> bool {
    set & (1 << (signal - 1)) != 0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_set_of_ignored_signals_is_read() {
        // Of `nohup`, in a program of Rust, which ignores SIGPIPE.
        let set = ignored_in("Name:\trolecall\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n").unwrap();
        let ignored: Vec<i32> = (1..32).filter(|signal| is_in(set, *signal)).collect();
        assert_eq!(ignored, [SIGHUP, signal_hook::consts::SIGPIPE]);
        assert_eq!(ignored_in("Name:\tx\n"), None);
        assert!(is_in(super::ignored(), signal_hook::consts::SIGPIPE));
    }
}
