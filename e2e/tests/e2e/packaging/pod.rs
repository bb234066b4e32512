//! Two containers of a pod, as far as they are processes: users of their own, one group for both, a volume of that group.
//!
//! Takes root, since it is about what one user may see of another's.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use e2e::{Finished, Home, Running, Sandbox, binary, finish, seed_environment, until};

/// The users: the agent's, that of the program which is to use it, and one who is to get nothing.
pub(super) const AGENT: User = User { id: 65_532, groups: GROUP };
pub(super) const PROGRAM: User = User { id: 10_001, groups: GROUP };
pub(super) const STRANGER: User = User { id: 10_003, groups: "10003" };

/// The group of the volume, as `fsGroup` names it.
pub(super) const GROUP: &str = "65000";

/// A user, and the groups that it is in beside the one of its own number.
#[derive(Clone, Copy)]
pub(super) struct User {
    pub(super) id: u32,
    groups: &'static str,
}

/// The place that the containers share.
pub(super) struct Pod {
    pub(super) home: Home,
    pub(super) sandbox: Sandbox,
}

impl Pod {
    /// With an empty volume, as the kubelet makes one for `fsGroup`.
    pub(super) fn new() -> Self {
        assert!(rustix::process::geteuid().is_root(), "needs root, or is left out by `--without root`");
        let home = Home::new();
        fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
        // Where the tests were built, other users may see nothing.
        fs::copy(binary(), home.at("rolecall")).unwrap();
        fs::create_dir(home.at("volume")).unwrap();
        chown(home.at("volume"), Some(0), Some(GROUP.parse().unwrap())).unwrap();
        fs::set_permissions(home.at("volume"), Permissions::from_mode(0o2777)).unwrap();
        for user in [AGENT, PROGRAM, STRANGER] {
            let own = home.at(&user.id.to_string());
            fs::create_dir(&own).unwrap();
            chown(&own, Some(user.id), Some(user.id)).unwrap();
        }
        let sandbox = Sandbox::start(&home);
        Self { home, sandbox }
    }

    /// The state directory, in the volume: the volume itself is root's.
    pub(super) fn state(&self) -> PathBuf {
        self.home.at("volume/state")
    }

    /// A program of this user's, with a home of its own and the strictest umask. All but the
    /// agent have process ids of their own, as in a container.
    pub(super) fn command(&self, user: User, program: &str) -> Command {
        let container = if user.id == AGENT.id { "" } else { "unshare --pid --fork --kill-child --mount-proc" };
        let mut command = self.home.command("sh");
        command.args(["-c", &format!("umask 077; exec {container} setpriv \"$@\""), "sh"]);
        command.args(["--reuid", &user.id.to_string(), "--regid", &user.id.to_string(), "--groups", user.groups]);
        command.arg(program).env("HOME", self.home.at(&user.id.to_string()));
        command
    }

    /// The agent's command line, with the base and the roles.
    pub(super) fn agent(&self, args: &[&str]) -> Command {
        let mut command = self.command(AGENT, "./rolecall");
        command.args(["agent", "--publish", "none", "--state-dir"]).arg(self.state()).args(args);
        command.envs(seed_environment(self.sandbox.environment()));
        command
    }

    /// Starts the agent and waits until each role has its session and is written.
    pub(super) fn start(&self, args: &[&str]) -> Running {
        let mut agent = Running::start(&mut self.agent(args));
        agent.wait_for("the end of the first round", |output| output.contains("first round over").then_some(()));
        agent
    }

    /// Runs `rolecall` as this user, with the state directory named.
    pub(super) fn rolecall(&self, user: User, args: &[&str]) -> Finished {
        finish(self.command(user, "./rolecall").args(args).arg("--state-dir").arg(self.state()))
    }

    /// Runs lines of shell as this user, in the state directory as far as the user gets into it.
    pub(super) fn shell(&self, user: User, script: &str) -> Finished {
        let script = format!("cd {} && {script}", self.state().display());
        finish(self.command(user, "sh").args(["-c", &script]))
    }

    /// Waits until something is so for the program's user.
    pub(super) fn until(&self, what: &str, script: &str) {
        until(what, Duration::from_secs(20), || {
            let asked = self.shell(PROGRAM, script);
            if asked.code == Some(0) { Ok(()) } else { Err(format!("{asked:#?}")) }
        });
    }
}
