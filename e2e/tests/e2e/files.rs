//! The user's AWS files in odd places and of odd content: what can be written is written where it is and keeps its bytes,
//! its owner and its mode; what cannot is said, left as it is, and published by itself once the cause is gone.
//!
//! Each case is a row: a few lines of shell make the place, in a mount namespace of the agent's own. That takes root, or
//! a system that lets users have namespaces.

mod namespace;

use std::fs;
use std::time::Duration;

use e2e::{Agent, Home, Sandbox, finish, seed_environment, until};
use serde_json::Value;

/// What the user has in the file, short of a page by a few bytes: the block needs room of its own.
fn mine() -> String {
    let text = "[profile mine]\nregion = eu-west-1\n# ";
    format!("{text}{}\n", "x".repeat(4090 - text.len() - 1))
}

fn home() -> Home {
    let home = Home::new();
    home.write("mine", &mine());
    fs::create_dir(home.at(".aws")).unwrap();
    home
}

/// A place that can be written: its name, how it is made, and where the file is in truth.
const GOOD: &[(&str, &str, &str)] = &[
    ("a plain file", "cp mine .aws/config", ".aws/config"),
    ("a symlink to another directory", "mkdir d; cp mine d/f; ln -s ../d/f .aws/config", "d/f"),
    ("an absolute symlink", "mkdir d; cp mine d/f; ln -s $HOME/d/f .aws/config", "d/f"),
    ("a row of symlinks", "mkdir d; cp mine d/f; ln -s f d/g; ln -s ../d/g d/h; ln -s ../d/h .aws/config", "d/f"),
    ("a symlink to a directory", "mkdir d; cp mine d/config; rmdir .aws; ln -s d .aws", "d/config"),
    ("a file mounted alone", "cp mine f; touch .aws/config; mount --bind f .aws/config", "f"),
    (
        "a file mounted alone in a directory that takes none",
        "cp mine f; touch .aws/config; mount --bind .aws .aws; mount -o remount,ro,bind .aws; mount --bind f .aws/config",
        "f",
    ),
    ("somebody else's", "cp mine .aws/config; chmod 640 .aws/config; chown 12:34 .aws/config || true", ".aws/config"),
    ("one that may not be written", "cp mine .aws/config; chmod 444 .aws/config", ".aws/config"),
    ("CRLF", r"printf '[profile mine]\r\nregion = x\r\n' > .aws/config", ".aws/config"),
    ("no line end", r"printf '[profile mine]\nregion = x' > .aws/config", ".aws/config"),
    ("comments alone", r"printf '# mine\n; too\n\n' > .aws/config", ".aws/config"),
    ("a NUL byte", r"printf '[profile mine]\nregion = x\000y\n' > .aws/config", ".aws/config"),
    ("a line of 4 MiB", "(cat mine; head -c 4194304 /dev/zero | tr '\\0' '#'; echo) > .aws/config", ".aws/config"),
];

#[test]
fn what_can_be_written_keeps_its_place_its_owner_and_its_bytes() {
    for (name, make, real) in GOOD {
        let home = home();
        let sandbox = Sandbox::start(&home);
        // What the place is like before and after, as the agent sees it.
        let print = "stat -Lc '%u:%g %a' .aws/config; stat -c %F .aws .aws/config; readlink .aws/config || true";
        let script = format!("{make}; cat .aws/config > before; ({print}) > is; \"$@\"; ({print}) > stays");
        let mut command = namespace::command(&home, &script, &["agent", "--once"]);
        finish(command.envs(seed_environment(sandbox.environment()))).code(0);
        let (before, after) = (home.read("before"), home.read(real));
        let Some(ours) = after.strip_prefix(&before) else { unreachable!("{name}: the bytes are not as they were") };
        assert!(ours.contains("[profile MyFirstAccount]\n"), "{name}: {ours}");
        assert_eq!(home.read("is"), home.read("stays"), "{name}");
        let left = home.everything().into_iter().find(|path| path.ends_with(".tmp"));
        assert_eq!(left, None, "{name}");
    }
}

#[test]
fn a_dangling_symlink_gets_its_file() {
    let home = home();
    let sandbox = Sandbox::start(&home);
    let mut command = namespace::command(&home, "mkdir d; ln -s ../d/f .aws/config; \"$@\"", &["agent", "--once"]);
    finish(command.envs(seed_environment(sandbox.environment()))).code(0);
    assert!(home.at(".aws/config").is_symlink());
    assert!(home.read("d/f").contains("[profile MyFirstAccount]\n"));
    assert_eq!(home.mode("d/f"), 0o600);
}

/// A place that cannot be written: its name, how it is made, what is said of it, and how it is mended.
const BAD: &[(&str, &str, &str, &str)] = &[
    (
        "a directory that takes no file",
        "cp mine .aws/config; mount --bind .aws .aws; mount -o remount,ro,bind .aws",
        "neither the file nor its directory is writable",
        "mount -o remount,rw,bind .aws",
    ),
    (
        "a full disk",
        "mount -t tmpfs -o size=64k tmpfs .aws; cp mine .aws/config; cat /dev/zero > .aws/filler || true",
        "No space left on device",
        "rm .aws/filler",
    ),
    (
        "a file mounted alone from a full disk",
        "mkdir d; mount -t tmpfs -o size=64k tmpfs d; cp mine d/f; touch .aws/config; mount --bind d/f .aws/config; \
         cat /dev/zero > d/filler || true",
        "No space left on device",
        "rm d/filler",
    ),
    ("a directory", "mkdir .aws/config", "is not a regular file", "rmdir .aws/config; cp mine .aws/config"),
    ("a pipe", "mkfifo .aws/config", "is not a regular file", "rm .aws/config; cp mine .aws/config"),
    ("a ring of symlinks", "ln -s config .aws/config", "symbolic links", "rm .aws/config; cp mine .aws/config"),
    ("a byte order mark", r"(printf '\357\273\277'; cat mine) > .aws/config", "byte order mark", "cp mine .aws/config"),
    ("no text", r"(cat mine; printf '\377\n') > .aws/config", "is not UTF-8", "cp mine .aws/config"),
    ("text that AWS programs refuse", "(cat mine; echo what) > .aws/config", "line 4", "cp mine .aws/config"),
    (
        "a block without its end",
        "(cat mine; echo '# >>> rolecall 3fa9c2d1 >>>'; cat mine) > .aws/config",
        "starts the rolecall block 3fa9c2d1, but no line ends it",
        "cp mine .aws/config",
    ),
    (
        "a block without its start",
        "(cat mine; echo '# <<< rolecall 3fa9c2d1 <<<') > .aws/config",
        "ends the rolecall block 3fa9c2d1, but no line starts it",
        "cp mine .aws/config",
    ),
];

#[test]
fn what_cannot_be_written_is_said_and_left_alone_and_published_when_it_can() {
    for (name, make, says, mend) in BAD {
        let home = home();
        let sandbox = Sandbox::start(&home);
        let script = format!("({make}) 2>/dev/null; exec \"$@\"");
        let mut command = namespace::command(&home, &script, &["agent"]);
        let agent = Agent::start_with(&home, command.envs(seed_environment(sandbox.environment())));
        let config = namespace::inside(&agent, &home.at(".aws/config"));
        let bytes = || config.is_file().then(|| fs::read(&config).unwrap());
        let before = bytes();

        let problem = until(&format!("{name}: {says}"), Duration::from_secs(20), || find_problem(&agent, says));
        assert!(problem["action"].as_str().is_some_and(|action| action.len() > 10), "{name}: {problem:#}");
        let shown = finish(&mut home.rolecall(&["status"])).stdout;
        assert!(shown.contains(".aws/config"), "{name}: {shown}");
        // The roles themselves are well.
        agent.wait_for_state("MyFirstAccount", "fresh");
        agent.credentials("MyFirstAccount");
        assert_eq!(bytes(), before, "{name}");

        finish(&mut namespace::shell(&home, &agent, mend)).ok();
        until(&format!("{name}: the profile"), Duration::from_secs(40), || {
            let text = fs::read_to_string(&config).unwrap_or_default();
            let whole = text.starts_with(&mine()) && text.contains("[profile MyFirstAccount]\n");
            if whole { Ok(()) } else { Err(format!("{text}\n{}", agent.status())) }
        });
        until(&format!("{name}: no problem any more"), Duration::from_secs(5), || match find_problem(&agent, says) {
            Ok(problem) => Err(problem.to_string()),
            Err(_) => Ok(()),
        });
    }
}

/// The problem in `status` that says this.
fn find_problem(agent: &Agent<'_>, says: &str) -> Result<Value, String> {
    let status = agent.status();
    let mut problems = status["problems"].as_array().into_iter().flatten();
    let found = problems.find(|problem| problem["message"].as_str().is_some_and(|message| message.contains(says)));
    found.cloned().ok_or_else(|| status["problems"].to_string())
}
