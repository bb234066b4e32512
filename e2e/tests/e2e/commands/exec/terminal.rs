//! On a terminal: the keys that send signals, and job control, do what they do without us.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use e2e::until;

use super::{LIMIT, on_each_ground};

/// A command in a session of its own on a terminal of its own, which `script` makes.
struct Terminal {
    child: Child,
    shown: Arc<Mutex<String>>,
}

impl Terminal {
    /// Starts `line` of shell with the environment of `like`; `$EXEC` is the command line of `like`.
    fn start(like: &Command, line: &str) -> Self {
        let words = std::iter::once(like.get_program()).chain(like.get_args());
        let quoted = words.map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''")));
        let exec = quoted.collect::<Vec<_>>().join(" ");
        let mut script = Command::new("script");
        script.args(["-q", "-e", "-c", line, "/dev/null"]).env_clear().env("EXEC", exec);
        script.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.env("SHELL", "/bin/sh").env("TERM", "dumb").current_dir(like.get_current_dir().unwrap());
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let (into, mut from) = (Arc::clone(&shown), child.stdout.take().unwrap());
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = std::io::Read::read(&mut from, &mut buffer) {
                into.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        });
        Self { child, shown }
    }

    fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    fn press(&mut self, keys: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(keys.as_bytes()).and_then(|()| stdin.flush()).unwrap();
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        until(text, LIMIT, || {
            let shown = self.shown();
            if shown.contains(text) { Ok(()) } else { Err(shown) }
        });
    }

    #[track_caller]
    fn wait(&mut self) -> Option<i32> {
        until("end", LIMIT, || self.child.try_wait().unwrap().ok_or_else(|| self.shown.lock().unwrap().clone())).code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nothing to do about a failure: it has ended then.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn ctrl_c_reaches_the_command_once_and_ends_us_only_with_it() {
    on_each_ground(|world| {
        let line = "trap 'echo go''t' INT; echo rea''dy; until read line; do :; done; echo \"end $line\"; exit 9";
        let mut terminal = Terminal::start(&world.shell(line), "eval exec \"$EXEC\"");
        terminal.wait_for("ready");
        // Two that come at once are one for a shell, now and then, but not each time.
        let presses = 30;
        for press in 1..=presses {
            terminal.press("\u{3}");
            until("one more", LIMIT, || {
                let shown = terminal.shown();
                if shown.matches("got").count() >= press { Ok(()) } else { Err(shown) }
            });
        }
        terminal.press("bye\n");
        terminal.wait_for("end bye");
        assert_eq!((terminal.wait(), terminal.shown().matches("got").count()), (Some(9), presses));
    });
}

#[test]
fn ctrl_c_ends_a_command_that_does_not_look_after_it() {
    on_each_ground(|world| {
        let mut terminal = Terminal::start(&world.shell("echo rea''dy; exec sleep 60"), "eval exec \"$EXEC\"");
        terminal.wait_for("ready");
        terminal.press("\u{3}");
        assert_eq!(terminal.wait(), Some(130));
    });
}

#[test]
fn a_shell_stops_it_and_has_it_go_on() {
    on_each_ground(|world| {
        let mut terminal = Terminal::start(
            &world.exec(&[], &["sh", "-c", "echo rea''dy; exec cat"]),
            "exec bash --norc --noprofile -i",
        );
        terminal.press("PS1='prompt> '; eval \"$EXEC\"\n");
        terminal.wait_for("\r\nready");
        terminal.press("\u{1a}");
        terminal.wait_for("Stopped");
        terminal.press("echo in''between; fg\n");
        terminal.wait_for("inbetween");
        terminal.press("hello\n");
        // What was typed, and what `cat` says.
        terminal.wait_for("hello\r\nhello");
        terminal.press("\u{4}");
        terminal.press("echo code $?.; exit 3\n");
        terminal.wait_for("code 0.");
        assert_eq!(terminal.wait(), Some(3));
    });
}

#[test]
fn the_end_of_the_terminal_ends_the_command() {
    on_each_ground(|world| {
        let line = "trap 'touch hung-up; exit 1' HUP; echo rea''dy; while :; do sleep 0.02; done";
        let mut terminal = Terminal::start(&world.shell(line), "eval exec \"$EXEC\"");
        terminal.wait_for("ready");
        terminal.child.kill().unwrap();
        let hung_up = world.home.at("hung-up");
        until("a command that was hung up", LIMIT, || if hung_up.exists() { Ok(()) } else { Err(String::new()) });
        until("no private files", LIMIT, || {
            let left = super::left_over(world.home);
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
        });
    });
}
