//! Child processes: what they print is collected, and none outlives its test.

use std::io::Read;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::until;

/// Time limit for a process that is expected to end by itself.
const LIMIT: Duration = Duration::from_secs(60);

/// A process under way. Dropping it kills it.
pub struct Running {
    child: Child,
    shown_as: String,
    /// None when it writes to a place of the test's own.
    stdout: Option<Collected>,
    stderr: Collected,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Finished {
    /// The command line.
    pub command: String,
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Whether the system wrote a core dump of it, wherever the system puts them.
    pub dumped_core: bool,
    /// All that it wrote to its standard output.
    pub stdout: String,
    /// All that it wrote to its standard error.
    pub stderr: String,
}

/// What a pipe has brought so far, and the thread that reads it.
struct Collected {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts a process without standard input, in a process group of its own.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self::start_with_stdout(command, Stdio::piped())
    }

    /// As [`Self::start`], with a standard output that the test looks after itself.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_with_stdout(command: &mut Command, stdout: Stdio) -> Self {
        let shown_as = shown(command);
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| unreachable!("cannot start {shown_as}: {error}"));
        let stdout = child.stdout.take().map(Collected::from);
        let stderr = Collected::from(child.stderr.take().expect("it is piped"));
        Self { child, shown_as, stdout, stderr }
    }

    /// What it has written to its standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.as_ref().map(Collected::so_far).unwrap_or_default()
    }

    /// What it has written to its standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// What it has written to both: the place to look for a line that must, or must not, be there.
    #[must_use]
    pub fn output(&self) -> String {
        format!("{}{}", self.stdout(), self.stderr())
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has written something that `find` recognises.
    ///
    /// # Panics
    /// When it ends, or 30 s pass, before that.
    #[track_caller]
    pub fn wait_for<T>(&mut self, what: &str, find: impl FnMut(&str) -> Option<T>) -> T {
        self.wait_longer_for(Duration::from_secs(30), what, find)
    }

    /// As [`Self::wait_for`], for what may take longer.
    ///
    /// # Panics
    /// When it ends, or `limit` passes, before that.
    #[track_caller]
    pub fn wait_longer_for<T>(&mut self, limit: Duration, what: &str, mut find: impl FnMut(&str) -> Option<T>) -> T {
        until(what, limit, || {
            if let Some(found) = find(&self.output()) {
                return Ok(found);
            }
            let ended = self.child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "{} ended without {what}: {ended:?}\n{}", self.shown_as, self.output());
            Err(format!("{} has written:\n{}", self.shown_as, self.output()))
        })
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When it is gone already.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("the id of a child");
        kill_process(id, signal).unwrap_or_else(|error| unreachable!("cannot signal {}: {error}", self.shown_as));
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end within `limit`.
    #[track_caller]
    pub fn wait(mut self, limit: Duration) -> Finished {
        let status: ExitStatus = until(&format!("end of {}", self.shown_as), limit, || {
            self.child.try_wait().expect("a child of ours").ok_or_else(|| self.output())
        });
        Finished {
            command: std::mem::take(&mut self.shown_as),
            code: status.code(),
            dumped_core: status.core_dumped(),
            stdout: self.stdout.as_mut().map(Collected::all).unwrap_or_default(),
            stderr: self.stderr.all(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing to do about a failure: it has ended then.
        self.child.kill().ok();
        self.child.wait().ok();
        if thread::panicking() {
            // Where libtest shows it: under the failed test.
            let output = self.output();
            #[expect(clippy::print_stderr, reason = "why a test failed is in here")]
            if !output.is_empty() {
                eprintln!("--- {} has written:\n{output}", self.shown_as);
            }
        }
    }
}

/// Runs a process to its end.
///
/// # Panics
/// When it cannot be started, or does not end within a minute.
#[track_caller]
pub fn finish(command: &mut Command) -> Finished {
    Running::start(command).wait(LIMIT)
}

impl Finished {
    /// Its standard output, when it ended well.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn ok(self) -> String {
        self.code(0).stdout
    }

    /// Itself, when it ended with this exit code.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}{}", self.command, self.stdout, self.stderr);
        self
    }

    /// What it wrote to both.
    #[must_use]
    pub fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl Collected {
    fn from(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                into.lock().expect("no reader panics").extend_from_slice(&buffer[..count]);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("no reader panics")).into_owned()
    }

    /// Everything until the pipe was closed.
    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no reader panics");
        }
        self.so_far()
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
