//! How the command runs, and how its end is told.

use std::process::Command;

use e2e::{Home, Sandbox, finish};

use super::{Ground, World, left_over, on_each_ground};

#[test]
fn the_exit_code_is_that_of_the_command() {
    on_each_ground(|world| {
        for (line, code) in [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -KILL $$", 137), ("kill $$", 143)]
        {
            let ended = finish(&mut world.shell(line)).code(code);
            assert_eq!(ended.output(), "", "{line}");
        }
        assert_eq!(left_over(world.home), [""; 0]);
    });
}

#[test]
fn a_command_that_does_not_run_is_126_and_one_that_is_not_there_127() {
    on_each_ground(|world| {
        world.home.write("text", "no program");
        for (program, code) in [("./text", 126), ("/", 126), ("no-such-program", 127), ("/no/such/program", 127)] {
            let failed = finish(&mut world.exec(&[], &[program])).code(code);
            assert!(failed.stderr.contains(program) && failed.stderr.contains("fix:"), "{failed:#?}");
        }
        assert_eq!(left_over(world.home), [""; 0]);
    });
}

#[test]
fn a_wrong_command_line_is_125() {
    let home = Home::new();
    for args in
        [&[][..], &["a"], &["a", "--"], &["a", "true"], &["a b", "--", "true"], &["a", "--no-such", "--", "true"]]
    {
        let wrong = finish(home.rolecall(&["exec"]).args(args)).code(125);
        assert!(wrong.stderr.contains("error:"), "{wrong:#?}");
    }
    finish(&mut home.rolecall(&["exec", "--help"])).code(0);
}

#[test]
fn what_goes_in_and_out_is_the_commands_own() {
    on_each_ground(|world| {
        let exec = world.exec(&[], &["sh", "-c", "cat; echo complaint >&2"]);
        let mut piped = behind(r"printf 'one\ntwo' |", &exec, 0);
        let ended = finish(&mut piped).code(0);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("one\ntwo", "complaint\n"));
    });
}

/// What a process has from who started it, in the words of the system.
const INHERITED: &str =
    "grep -E '^(Sig(Blk|Ign)|Groups|Umask)' /proc/self/status; cat /proc/self/limits; pwd; ls /proc/self/fd";

#[test]
fn limits_signals_and_open_files_are_what_they_are_without_us() {
    on_each_ground(|world| {
        for before in ["", "ulimit -Sc 1000; ulimit -Hc 2000;", "trap '' HUP USR1;", "ulimit -n 100; umask 77;"] {
            let exec = world.shell(INHERITED);
            // The binary, `exec`, the alias and `--` come first.
            let [with, without] = [0, 4].map(|skipped| finish(&mut behind(before, &exec, skipped)).ok());
            assert!(without.contains("Max core file size") && without.contains("SigIgn"), "{without}");
            assert_eq!(with, without, "{before}");
        }
    });
}

#[test]
fn a_parent_that_wants_to_know_of_no_child_hides_no_exit_code() {
    on_each_ground(|world| {
        finish(&mut behind("trap '' CHLD;", &world.shell("exit 3"), 0)).code(3);
    });
}

#[test]
fn it_works_where_the_session_is_from_outside_of_the_container() {
    let root = if rustix::process::geteuid().is_root() { "" } else { "--map-root-user" };
    let enter = format!(r#"set -- unshare {root} --pid --fork --mount-proc "$@";"#);
    on_each_ground(|world| {
        let exec = world.shell("cut -d' ' -f6 /proc/$$/stat; exit 3");
        let ended = finish(&mut behind(&enter, &exec, 0)).code(3);
        // What the system says of a session that has no number here: pid_namespaces(7).
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("0\n", ""));
    });
}

#[test]
fn whatever_there_is_no_room_for_is_told_with_what_to_do() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    // Without one there is a runtime, which has a word of its own for the fewest.
    let world = World::new(Ground::Agent, &home, &sandbox);
    let mut told = vec![];
    let enough = (4..40).find(|files| {
        let ended = finish(&mut behind(&format!("ulimit -n {files};"), &world.shell("true"), 0));
        told.extend(Some(ended.stderr).filter(|_| ended.code != Some(0)));
        ended.code == Some(0)
    });
    assert!(enough.is_some() && told.len() > 1, "{told:#?}");
    let says_it = |told: &String| told.starts_with("error: ") && told.contains("\n  fix: ");
    assert!(told.iter().all(says_it), "{told:#?}");
}

/// The command as a shell starts it in its own place, without its first words, and after `before`.
fn behind(before: &str, exec: &Command, skipped: usize) -> Command {
    let words = std::iter::once(exec.get_program()).chain(exec.get_args()).skip(skipped);
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(format!(r#"{before} exec "$@""#)).arg("sh").args(words).env_clear();
    shell.envs(exec.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(exec.get_current_dir().unwrap());
    shell
}

#[test]
fn it_stays_in_the_process_group_and_its_parent_stays() {
    on_each_ground(|world| {
        let line = "cut -d' ' -f5 /proc/$$/stat /proc/$PPID/stat; cat /proc/$PPID/comm";
        let shown = finish(&mut world.shell(line)).ok();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], lines[1], "{shown}");
        assert_eq!(lines[2], "rolecall");
    });
}
