//! What others see of our processes: command lines and environments, as `ps` and `/proc` show them.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::{Agent, Home, Running, Sandbox, Secrets, seed_environment, until};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use serde_json::{Value, json};

/// A `rolecall credentials` that has its answer and cannot get rid of it: the pipe behind it is full.
pub(super) struct Holder {
    pub(super) process: Running,
    /// What it holds.
    pub(super) secrets: Secrets,
    _pipe: std::io::PipeReader,
}

impl Holder {
    /// Starts one as `wrapped` says, and answers it as an agent does.
    #[track_caller]
    pub(super) fn start(home: &Home, wrapped: impl Fn(Command) -> Command) -> Self {
        fs::create_dir_all(home.state()).unwrap();
        let agent = UnixListener::bind(home.state().join("agent.sock")).unwrap();
        let (pipe, stdout) = full_pipe();
        let mut command = wrapped(home.rolecall(&["credentials", "MyFirstAccount"]));
        let process = Running::start_with_stdout(&mut command, stdout);

        let answer = answer();
        let mut secrets = Secrets::default();
        secrets.add(&answer);
        let body = answer.to_string();
        let (mut asked, _) = agent.accept().unwrap();
        write!(asked, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        asked.shutdown(Shutdown::Write).unwrap();
        // It reads to the end and hangs up: now it has all of it.
        let mut rest = Vec::new();
        asked.read_to_end(&mut rest).unwrap();
        Self { process, secrets, _pipe: pipe }
    }
}

fn answer() -> Value {
    json!({
        "Version": 1, "AccessKeyId": "ASIAHELD", "SecretAccessKey": "canary/secret+that+is+held",
        "SessionToken": "canary/token+that+is+held", "Expiration": "2099-01-01T00:00:00Z",
    })
}

/// A pipe that takes no byte more; both ends.
fn full_pipe() -> (std::io::PipeReader, Stdio) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    for size in [4096, 1] {
        while writer.write(&vec![b'.'; size]).is_ok() {}
    }
    fcntl_setfl(&writer, flags).unwrap();
    (reader, writer.into())
}

/// The command line and, where this user may see it, the environment of a process.
#[track_caller]
fn seen_of(id: u32) -> String {
    let read = |what: &str| fs::read(format!("/proc/{id}/{what}"));
    let mut seen = read("cmdline").unwrap();
    assert!(!seen.is_empty(), "{id} has ended");
    match read("environ") {
        Ok(environment) => seen.extend(environment),
        // Who cannot see it can take nothing from it.
        Err(error) => assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}"),
    }
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn a_command_that_holds_credentials_shows_none() {
    let home = Home::new();
    let holder = Holder::start(&home, |command| command);
    let seen = seen_of(holder.process.id());
    assert!(seen.contains("MyFirstAccount"), "{seen}");
    holder.secrets.assert_absent("what others see of a command", &seen);
}

#[test]
fn neither_the_agent_nor_what_it_starts_shows_any() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(6);
    // The base is a program that notes what it can see, and whose keys end so soon that it is asked for each session.
    home.write(
        "base.sh",
        r#"tr '\0' '\n' < /proc/$$/environ >> "$HOME/seen"
tr '\0' ' ' < /proc/$$/cmdline >> "$HOME/seen"
end=$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ)
printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s","Expiration":"%s"}' "$1" "$(cat "$HOME/base-secret")" "$end"
"#,
    );
    home.write("base-secret", Sandbox::SECRET);
    let script = home.at("base.sh");
    let base = format!("[profile base]\ncredential_process = /bin/sh {} {}\n", script.display(), Sandbox::KEY);
    home.write(".aws/config", &base);
    let mut environment = seed_environment(vec![("AWS_ENDPOINT_URL".into(), sandbox.url())]);
    environment.push(("AWS_PROFILE".into(), "base".into()));
    let agent = Agent::start(&home, environment, &[]);
    let mut secrets = Secrets::default();
    agent.wait_for_state("MyFirstAccount", "fresh");
    let mut held = agent.credentials("MyFirstAccount");
    for _ in 0..2 {
        secrets.add(&held);
        held = agent.wait_for_rotation("MyFirstAccount", &held);
    }
    until("a base that was asked again", Duration::from_secs(20), || {
        let seen = home.read("seen");
        if seen.matches("HOME=").count() >= 3 { Ok(()) } else { Err(seen) }
    });
    for (what, seen) in [("what the agent starts", home.read("seen")), ("the agent", seen_of(agent.id()))] {
        assert!(seen.contains("AWS_PROFILE=base") || seen.contains("agent"), "{what}: {seen}");
        secrets.assert_absent(what, &seen);
        assert!(!seen.contains(Sandbox::SECRET), "the base's secret leaked into {what}");
    }
}
