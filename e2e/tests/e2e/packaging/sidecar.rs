//! `--socket-group`: the agent of one user serves programs of another that share a group with it, and nobody else.

mod clients;

use std::process::Command;
use std::time::Duration;

use e2e::{Running, finish};
use rustix::process::Signal;
use serde_json::Value;

use super::pod::{GROUP, PROGRAM, Pod, STRANGER};

const FIRST: &str = "MyFirstAccount";

#[test]
fn another_user_of_the_group_uses_the_agent_and_nobody_else_does() {
    let pod = Pod::new();
    let agent = pod.start(&["--socket-group", GROUP]);
    let status = pod.rolecall(PROGRAM, &["status"]).code(0);
    assert!(status.stdout.contains("MySecondAccount"), "{status:#?}");
    let answer: Value = serde_json::from_str(&pod.rolecall(PROGRAM, &["credentials", FIRST]).ok()).unwrap();
    let key = answer["AccessKeyId"].as_str().unwrap();
    let variable = format!("ROLECALL_STATE_DIR={}", pod.state().display());
    finish(pod.command(PROGRAM, "env").args([&variable, "./rolecall", "wait", FIRST])).code(0);
    pod.rolecall(PROGRAM, &["refresh", FIRST]).code(0);
    pod.until(
        "the new session in the store",
        &format!("grep -q '^\\[{FIRST}' credentials && ! grep -q {key} credentials"),
    );
    let listed = pod
        .shell(
            PROGRAM,
            "stat -c '%A %u %g %n' . agent.sock credentials config roles.json endpoint.json tokens tokens/* lock",
        )
        .ok();
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        [
            "drwxr-x--- 65532 65000 .",
            "srw-rw---- 65532 65000 agent.sock",
            "-rw-r----- 65532 65000 credentials",
            "-rw-r----- 65532 65000 config",
            "-rw-r----- 65532 65000 roles.json",
            "-rw-r----- 65532 65000 endpoint.json",
            "drwxr-x--- 65532 65000 tokens",
            "-rw-r----- 65532 65000 tokens/MyFirstAccount",
            "-rw-r----- 65532 65000 tokens/MySecondAccount",
            "-rw------- 65532 65532 lock",
        ]
    );
    // To read is all that the group may.
    for script in ["rm credentials", "touch new", ": >> credentials", "mv config gone"] {
        assert_ne!(pod.shell(PROGRAM, script).code, Some(0), "{script}");
    }

    for command in [&["status"][..], &["credentials", FIRST], &["refresh"], &["wait", FIRST]] {
        let refused = pod.rolecall(STRANGER, command).code(6);
        assert!(refused.stdout.is_empty(), "{refused:#?}");
        let said = "you may not connect to the agent's socket";
        assert!(refused.stderr.contains(said) && refused.stderr.contains("--socket-group"), "{refused:#?}");
    }
    assert_ne!(pod.shell(STRANGER, "true").code, Some(0));

    agent.signal(Signal::TERM);
    agent.wait(Duration::from_secs(10)).code(0);
    // What the agent left is not for others to stand in for it with.
    let refused = pod.rolecall(PROGRAM, &["credentials", FIRST]).code(6);
    assert!(refused.stderr.contains("belongs to user 65532, but this is user 10001"), "{refused:#?}");
}

#[test]
fn a_reader_of_the_group_never_meets_a_store_that_it_may_not_read() {
    let pod = Pod::new();
    let _agent = pod.start(&["--socket-group", GROUP]);
    let script = "until [ -e \"$HOME/enough\" ]; do cat \"$@\" > \"$HOME/read\" || exit; echo > \"$HOME/begun\"; done";
    let mut reader = pod.command(PROGRAM, "sh");
    reader.args(["-c", script, "sh"]).args(["credentials", "config"].map(|name| pod.state().join(name)));
    let reader = Running::start(&mut reader);
    pod.until("a first read", "test -e \"$HOME/begun\"");
    for _ in 0..10 {
        pod.rolecall(PROGRAM, &["refresh"]).code(0);
    }
    pod.shell(PROGRAM, "touch \"$HOME/enough\"").code(0);
    reader.wait(Duration::from_secs(10)).code(0);
}

#[test]
fn without_the_group_another_user_gets_nothing() {
    let pod = Pod::new();
    let _agent = pod.start(&[]);
    for command in [&["status"][..], &["credentials", FIRST]] {
        let refused = pod.rolecall(PROGRAM, command).code(6);
        assert!(refused.stdout.is_empty() && refused.stderr.contains("you may not connect"), "{refused:#?}");
    }
    assert_ne!(pod.shell(PROGRAM, "true").code, Some(0));
}

#[test]
fn a_group_that_cannot_be_let_in_is_refused_before_anything_is_made() {
    let pod = Pod::new();
    let refused = |command: &mut Command, part: &str| {
        let refused = finish(command).code(2);
        assert!(refused.stderr.contains(part), "{refused:#?}");
        assert!(!pod.state().exists());
    };
    refused(&mut pod.agent(&["--socket-group", "10003"]), "let group 10003 into the state directory");
    refused(
        pod.agent(&[]).env("ROLECALL_SOCKET_GROUP", "nobody-has-it"),
        "\"nobody-has-it\" is no group of /etc/group",
    );
    // The one group that every machine has, by its name.
    refused(&mut pod.agent(&["--socket-group", "root"]), "let group 0 into the state directory");
    // An empty variable counts as unset.
    let mut agent = Running::start(pod.agent(&[]).env("ROLECALL_SOCKET_GROUP", ""));
    agent.wait_for("an agent", |output| output.contains("first round over").then_some(()));
}
