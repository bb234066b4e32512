//! The systemd units, as far as one can tell without a service manager: they are sound, closed, and their command line does
//! nothing that they forbid.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use e2e::{Finished, Home, Running, Sandbox, binary, finish, seed_environment};
use rustix::process::Signal;

use super::packaging;

/// What `systemd-analyze security` makes of the unit at most, ten times the number that it prints; 96 is a unit that says
/// nothing. What is left is the network, which is the agent's work.
const EXPOSURE: &str = "17";

const UNIT: &str = "etc/systemd/system/rolecall-agent.service";

/// A root with the unit of a machine, the targets that it hangs on, and its programs.
fn root() -> Home {
    let root = Home::new();
    root.write(UNIT, &packaging("systemd/rolecall-agent.service"));
    fs::create_dir_all(root.at("lib/systemd")).unwrap();
    finish(root.command("cp").args(["-r", "/lib/systemd/system", "lib/systemd/system"])).ok();
    for (program, from) in [("usr/local/bin/rolecall", binary()), ("bin/kill", PathBuf::from("/bin/kill"))] {
        root.write(program, "");
        fs::copy(from, root.at(program)).unwrap();
    }
    root
}

/// What `systemd-analyze` says of the unit in a root.
fn analyze(root: &Home, args: &[&str]) -> Finished {
    finish(root.command("systemd-analyze").args(args).arg("--root").arg(root.path()).arg("rolecall-agent.service"))
}

/// The values of a setting in the unit of a machine, in order.
fn values(setting: &str) -> Vec<String> {
    let unit = packaging("systemd/rolecall-agent.service");
    let value = |line: &str| Some(line.strip_prefix(setting)?.strip_prefix('=')?.to_owned());
    unit.lines().filter_map(value).collect()
}

#[test]
fn the_unit_of_a_machine_is_sound_and_closed() {
    let root = root();
    assert_eq!(analyze(&root, &["verify"]).code(0).output(), "");
    let security = |threshold| analyze(&root, &["security", "--offline=true", "--threshold", threshold]);
    security(EXPOSURE).code(0);
    security("1").code(1);
    root.write(UNIT, "[Service]\nExecStart=/usr/local/bin/roleca\n");
    assert!(analyze(&root, &["verify"]).code(1).output().contains("roleca is not executable"));
}

#[test]
fn the_unit_of_a_user_is_sound() {
    let home = Home::new();
    // With another root systemd looks at no unit of a user's, so the unit is given a program of this one.
    let binary = binary();
    let unit =
        packaging("systemd/user/rolecall-agent.service").replace("/usr/local/bin/rolecall", binary.to_str().unwrap());
    home.write("rolecall-agent.service", &unit);
    let mut verify = home.command("systemd-analyze");
    verify.args(["verify", "--user"]).arg(home.at("rolecall-agent.service")).env("XDG_RUNTIME_DIR", home.path());
    assert_eq!(finish(&mut verify).code(0).output(), "");
}

#[test]
fn the_user_and_the_group_are_made() {
    let root = Home::new();
    root.write("etc/hosts", "");
    root.write("usr/lib/sysusers.d/rolecall.conf", &packaging("systemd/rolecall.sysusers"));
    finish(root.command("systemd-sysusers").arg("--root").arg(root.path())).ok();
    assert!(root.read("etc/passwd").contains("rolecall:x:999:999:Rolecall agent:/var/lib/rolecall:"));
    assert!(root.read("etc/group").contains("rolecall:x:999:"));
}

/// The system calls of a filter of systemd, its sets taken apart.
fn calls(filter: &str) -> BTreeSet<String> {
    if !filter.starts_with('@') {
        return BTreeSet::from([filter.to_owned()]);
    }
    let set = finish(Command::new("systemd-analyze").args(["syscall-filter", filter])).ok();
    // The first line is its name again, the second a comment.
    set.lines().skip(1).map(str::trim).filter(|line| !line.starts_with('#')).flat_map(calls).collect()
}

/// What the unit allows.
fn allowed() -> BTreeSet<String> {
    let mut allowed = calls("@default");
    for filter in values("SystemCallFilter") {
        match filter.strip_prefix('~') {
            Some(denied) => {
                let denied = calls(denied);
                allowed.retain(|call| !denied.contains(call));
            }
            None => allowed.extend(calls(&filter)),
        }
    }
    allowed
}

#[test]
fn the_command_line_is_ready_without_a_call_that_the_unit_forbids() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let manager = UnixDatagram::bind(home.at("notify.sock")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let [command_line] = &values("ExecStart")[..] else { panic!("one command") };
    let args = command_line.strip_prefix("/usr/local/bin/rolecall ").unwrap();

    let mut command = home.command("strace");
    command.args(["-f", "-qq", "-e", "signal=none", "-o", "calls"]).arg(binary()).args(args.split(' '));
    command.env("NOTIFY_SOCKET", home.at("notify.sock")).envs(seed_environment(sandbox.environment()));
    command.envs(values("Environment").iter().map(|variable| variable.split_once('=').unwrap()));
    // What stands for the user and the directory that systemd would make.
    let group = rustix::process::getegid().as_raw().to_string();
    command.env("ROLECALL_STATE_DIR", home.state()).env("ROLECALL_SOCKET_GROUP", group);
    command.env("XDG_CONFIG_HOME", home.at("etc"));
    let mut agent = Running::start(&mut command);

    let heard = || {
        let mut buffer = [0; 512];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    assert_eq!(heard(), "READY=1\nSTATUS=2 of 2 roles have a session");
    let status = finish(&mut home.rolecall(&["credentials", "MyFirstAccount"])).ok();
    assert!(status.contains("SecretAccessKey"));
    // Signals are for strace's child, whose end is strace's.
    let pid = home.read(".local/state/rolecall/lock").trim().parse().ok().and_then(rustix::process::Pid::from_raw);
    let send = |signal| rustix::process::kill_process(pid.unwrap(), signal).unwrap();
    assert_eq!(values("ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    let role = "arn = \"arn:aws:iam::123456789012:role/team/Admin\"";
    home.write("etc/rolecall/rolecall.toml", &format!("version = 1\n[role.third]\n{role}\n"));
    send(Signal::HUP);
    agent.wait_for("new settings", |output| output.contains("settings read: 1 roles added").then_some(()));
    send(Signal::TERM);
    while !heard().starts_with("STOPPING=1\n") {}
    agent.wait(Duration::from_secs(20)).code(0);

    let traced = home.read("calls");
    // Each line is a process and its call; the second half of one that was cut in two begins with `<`.
    let of_line = |line: &str| Some(line.split_once(' ')?.1.trim_start().split_once('(')?.0.to_owned());
    let made: BTreeSet<String> = traced.lines().filter_map(of_line).filter(|call| !call.starts_with('<')).collect();
    assert!(made.contains("fchown") && made.contains("connect"), "{made:?}");
    // Starting it is systemd's own call.
    let allowed = allowed();
    let forbidden: Vec<_> = made.iter().filter(|call| *call != "execve" && !allowed.contains(*call)).collect();
    assert!(forbidden.is_empty(), "{forbidden:?}");

    let families = values("RestrictAddressFamilies").concat();
    for line in traced.lines().filter(|line| line.contains(" socket(") || line.contains(" socketpair(")) {
        let family = line.split_once('(').unwrap().1.split(',').next().unwrap();
        assert!(families.split(' ').any(|allowed| allowed == family), "{line}");
    }
    let both = traced.lines().find(|line| line.contains("PROT_WRITE|PROT_EXEC"));
    assert_eq!(both, None, "memory that is written and run");
}
