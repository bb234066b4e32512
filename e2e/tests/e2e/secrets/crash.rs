//! A process that holds credentials and dies by a fault leaves no core dump, although it was started with leave to write
//! one.
//!
//! A core dump goes to a file or to a program, as the machine says; in both cases the system tells the parent that there is
//! one. So this looks at that word, and searches the files of the home for what should not be there.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::time::Duration;

use e2e::{Finished, Home, Running, Sandbox, Secrets, finish, seed_environment, until};
use rustix::process::Signal;

use super::STORE;
use super::processes::Holder;

const FAULTS: [Signal; 2] = [Signal::ABORT, Signal::SEGV];

/// The command, started by a shell that lets it dump.
fn with_leave_to_dump(home: &Home, command: &Command) -> Command {
    let mut shell = home.command("/bin/sh");
    shell.args(["-c", r#"ulimit -c unlimited && exec "$0" "$@""#]).arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[track_caller]
fn killed_by(process: Running, signal: Signal) -> Finished {
    // Rust's runtime takes the first SIGSEGV, to tell whether a stack was too short, and leaves the next to the system. A
    // real fault comes again by itself.
    until("end", Duration::from_secs(20), || {
        process.signal(signal);
        let stat = fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
        if stat.contains(") Z ") { Ok(()) } else { Err(stat) }
    });
    let ended = process.wait(Duration::from_secs(20));
    assert_eq!(ended.code, None, "{ended:#?}");
    ended
}

/// A process that forbids nothing is dumped on this machine: else it would show nothing that ours are not.
#[track_caller]
fn others_are_dumped() {
    let home = Home::new();
    let mut sleep = home.command("sleep");
    let process = Running::start(&mut with_leave_to_dump(&home, sleep.arg("60")));
    until("sleep", Duration::from_secs(10), || {
        let line = fs::read_to_string(format!("/proc/{}/cmdline", process.id())).unwrap_or_default();
        if line.starts_with("sleep") { Ok(()) } else { Err(line) }
    });
    assert!(
        killed_by(process, Signal::ABORT).dumped_core,
        "this machine dumps no process at all, so nothing can be shown; allow it: `ulimit -Hc unlimited`, and a core_pattern"
    );
}

/// It has taken the leave from itself, and belongs to root, as the system has it for what must not be dumped.
#[track_caller]
fn forbids_dumps(process: &Running) {
    let shown = format!("/proc/{}", process.id());
    let limits = fs::read_to_string(format!("{shown}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    assert_eq!(fs::metadata(shown).unwrap().uid(), 0);
}

#[test]
fn an_agent_is_not_dumped() {
    others_are_dumped();
    for signal in FAULTS {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        let mut command = home.rolecall(&["agent"]);
        command.envs(seed_environment(sandbox.environment()));
        let mut agent = Running::start(&mut with_leave_to_dump(&home, &command));
        let answer = agent.wait_for("credentials", |_| {
            let answer = finish(&mut home.rolecall(&["credentials", "MyFirstAccount"]));
            (answer.code == Some(0)).then_some(answer.stdout)
        });
        let mut secrets = Secrets::default();
        secrets.add(&serde_json::from_str(&answer).unwrap());
        until("the store", Duration::from_secs(10), || {
            if secrets.are_in(&home.read(STORE)) { Ok(()) } else { Err("without the session".into()) }
        });
        forbids_dumps(&agent);
        let ended = killed_by(agent, signal);
        assert!(!ended.dumped_core, "{signal:?}");
        secrets.assert_absent_from(&ended);
        assert_eq!(secrets.files_with_them(&home), [STORE]);
    }
}

#[test]
fn a_command_that_holds_credentials_is_not_dumped() {
    others_are_dumped();
    for signal in FAULTS {
        let home = Home::new();
        let holder = Holder::start(&home, |command| with_leave_to_dump(&home, &command));
        forbids_dumps(&holder.process);
        let ended = killed_by(holder.process, signal);
        assert!(!ended.dumped_core, "{signal:?}");
        holder.secrets.assert_absent_from(&ended);
        assert_eq!(holder.secrets.files_with_them(&home), [""; 0]);
    }
}
