//! The same in fish, which quotes otherwise and keeps variables of its own.

use e2e::{Home, Sandbox, finish};

use super::{agent_and_expected, becomes_the_role, reads_back_awkward_paths, script};

#[test]
fn it_becomes_the_role_and_no_other() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let (_agent, expected) = agent_and_expected(&home, &sandbox);
    for line in [
        "rolecall env MyFirstAccount --shell fish | source; env",
        "rolecall env MyFirstAccount --shell fish | source; and env",
        "eval (rolecall env MyFirstAccount --shell fish); env",
        "set -x SHELL /usr/bin/fish; rolecall env MyFirstAccount | source; env",
    ] {
        becomes_the_role(&home, "fish", line, &expected);
    }
    // What fish keeps for all shells cannot be hidden in one of them, and is not ours to erase.
    let universal = "set -eg AWS_PROFILE; set -Ux AWS_PROFILE mine; rolecall env MyFirstAccount --shell fish | source";
    let told = finish(&mut script(&home, "fish", universal)).code(0).stderr;
    assert!(told.contains("set -eU AWS_PROFILE") && told.lines().count() == 1, "{told}");
}

#[test]
fn it_reads_back_what_stands_in_quotes() {
    reads_back_awkward_paths("fish", "rolecall env MyFirstAccount --shell fish | source; env");
}
