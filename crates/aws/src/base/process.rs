//! Runs the `credential_process` of the base.
//!
//! The SDK would run it too, but leaves the program running when its answer is not waited for any longer. Promises that
//! nothing of it is left when the future is dropped: it runs in a process group of its own, which is killed then. What it
//! writes is never shown, since that may be anything. Which process to run is found in `find`.

mod answer;
mod find;

use std::process::{ExitStatus, Stdio};

use aws_sdk_sts::config::Credentials;
use rolecall_core::{Fault, FaultKind};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use super::check::Named;
use crate::environment::Environment;
use crate::fault;
pub(super) use find::{Process, find, path};

/// The longest answer, in bytes.
const MAX: u64 = 64 * 1024;

impl Process {
    /// Runs the command as all SDKs do, in a shell, and reads its answer. There is nobody to ask anything of. It sees the
    /// environment that the base is found in, which need not be that of this program.
    ///
    /// `worked` says whether this base has given credentials before: then a failure means that they have ended.
    ///
    /// # Errors
    /// Which profile's process failed, and how far it came.
    pub(super) async fn run(&self, worked: bool, environment: &Environment) -> Result<Credentials, Fault> {
        let failed = |why: &str| self.fault(FaultKind::Misconfigured, why);
        let not_run = |err: std::io::Error| failed(&format!("could not be run: {err}"));
        let child = Command::new("sh")
            .args(["-c", &self.command])
            .env_clear()
            .envs(environment.all())
            // Who started us listens there to us, not to what we start.
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(not_run)?;
        let mut group = Group::of(child);
        let (status, answer) = group.finish().await.map_err(not_run)?;
        if answer.len() as u64 > MAX {
            return Err(failed("wrote more than 64 KiB and was stopped"));
        }
        match status {
            Some(status) if status.success() => {}
            Some(status) if worked => return Err(self.fault(FaultKind::BaseExpired, &format!("failed ({status})"))),
            Some(status) => return Err(failed(&format!("failed ({status})"))),
            None => return Err(failed("ended in a way that cannot be known")),
        }
        let credentials = answer::parse(&answer).map_err(|why| failed(&format!("gave an answer that {why}")))?;
        let names = ["access key id", "secret access key", "session token"].map(|part| self.name_of(part));
        Named {
            access_key_id: (&names[0], credentials.access_key_id()),
            secret_access_key: (&names[1], credentials.secret_access_key()),
            session_token: credentials.session_token().map(|token| (names[2].as_str(), token)),
            action: "run the command by hand and correct what it writes; it is run again at the next attempt",
        }
        .check()?;
        Ok(credentials)
    }

    /// It did not answer in time.
    pub(super) fn late(&self, seconds: u64) -> Fault {
        fault::of_loading(
            FaultKind::Unreachable,
            &format!("the credential_process of the profile {:?} did not answer within {seconds} s", self.profile),
            "does it wait for a person, or call rolecall itself? run its command by hand and see; it was stopped, and is run \
             again at the next attempt",
        )
    }

    fn fault(&self, kind: FaultKind, why: &str) -> Fault {
        fault::of_loading(
            kind,
            &format!("the credential_process of the profile {:?} {why}", self.profile),
            "run its command by hand and see what it says; it is run again at the next attempt",
        )
    }

    fn name_of(&self, part: &str) -> String {
        format!("the {part} that the credential_process of the profile {:?} gave", self.profile)
    }
}

/// A child that leads a process group. When dropped before it has been waited for, the whole group is killed; not after
/// that, when the id may belong to somebody else.
struct Group {
    child: Child,
    id: Option<Pid>,
}

impl Group {
    fn of(child: Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { child, id }
    }

    /// What it writes, and how it ends; no status when it writes more than anybody should.
    async fn finish(&mut self) -> std::io::Result<(Option<ExitStatus>, Vec<u8>)> {
        let mut answer = Vec::new();
        if let Some(stdout) = &mut self.child.stdout {
            stdout.take(MAX + 1).read_to_end(&mut answer).await?;
        }
        if answer.len() as u64 > MAX {
            return Ok((None, answer));
        }
        let status = self.child.wait().await?;
        self.id = None;
        Ok((Some(status), answer))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // It fails when all of it has ended, and then there is nothing to do.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}
