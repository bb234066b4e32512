//! The line that the demo prints for a second terminal works there, as it stands.

use e2e::{Home, Running, finish, python};

#[test]
fn the_printed_line_works_while_the_demo_runs() {
    let home = Home::new();
    // Of the test's own, since it is killed in the end.
    let temporary = Home::new();
    let mut demo = Running::start(home.rolecall(&["demo"]).env("TMPDIR", temporary.path()));
    let line = demo.wait_for("the aws line", |output| {
        let line = output.lines().find(|line| line.contains("aws ") && line.contains("sts get-caller-identity"))?;
        output.contains("version 1").then(|| line.trim().to_owned())
    });
    // A shell of another user session: nothing set but a PATH that has `aws`.
    let mut shell = home.command("/bin/sh");
    let clients = python("aws");
    let path = format!("{}:/usr/bin:/bin", clients.parent().unwrap().display());
    let answer = finish(shell.env("PATH", path).env("AWS_PAGER", "").args(["-c", &line])).ok();
    assert!(answer.contains(":assumed-role/"), "{answer}");
}
