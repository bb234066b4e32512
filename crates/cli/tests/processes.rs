//! What only a process of its own can show: how a signal ends a command, and what the system knows of one that runs.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A command with nothing of this process's environment.
fn rolecall(args: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    command.args(args).env_clear().envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a limit for a test that would hang")]
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "no {what} in 20 s");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[track_caller]
fn ended_by(mut child: Child, signal: Signal) -> ExitStatus {
    kill_process(Pid::from_child(&child), signal).expect("it runs");
    wait_for("end", || child.try_wait().expect("it is a child of ours"))
}

fn entries(path: &Path) -> usize {
    fs::read_dir(path).expect("it is a directory").count()
}

#[test]
fn a_round_that_a_signal_ends_says_so_and_takes_its_socket_along() {
    // An AWS that takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("state");
        let variables = [
            ("HOME", home.path().to_str().unwrap()),
            ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/R:First"),
            ("AWS_ACCESS_KEY_ID", "SANDBOXKEY"),
            ("AWS_SECRET_ACCESS_KEY", "not-a-secret"),
            ("AWS_ENDPOINT_URL", &endpoint),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let agent = rolecall(&["agent", "--once", "--state-dir", state.to_str().unwrap()], &variables).spawn().unwrap();
        let socket = state.join("agent.sock");
        wait_for("socket", || socket.exists().then_some(()));
        assert_eq!(ended_by(agent, signal).code(), Some(code));
        assert!(!socket.exists());
    }
}

#[test]
fn every_signal_that_asks_a_demo_to_end_finds_its_directory_removed() {
    for signal in [Signal::QUIT, Signal::HUP, Signal::INT, Signal::TERM] {
        let temporary = tempfile::tempdir().unwrap();
        let demo = rolecall(&["demo"], &[("TMPDIR", temporary.path().to_str().unwrap())]).spawn().unwrap();
        wait_for("home", || (entries(temporary.path()) > 0).then_some(()));
        assert_eq!(ended_by(demo, signal).code(), Some(0), "{signal:?}");
        assert_eq!(entries(temporary.path()), 0, "{signal:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_is_about_to_hold_credentials_leaves_no_core_dump() {
    let state = tempfile::tempdir().unwrap();
    let agent = UnixListener::bind(state.path().join("agent.sock")).unwrap();
    let args = ["credentials", "First", "--state-dir", state.path().to_str().unwrap()];
    let command = rolecall(&args, &[]).spawn().unwrap();
    // It has connected and waits for the answer.
    let _connection = agent.accept().unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", command.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    ended_by(command, Signal::TERM);
}
