//! `rolecall status` for scripts, and on a terminal.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use e2e::{Agent, Home, Sandbox, finish, seed_environment, until};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/MyFirstRole";
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn with_min_valid_it_is_a_yes_or_a_no() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_fault("MyFirstAccount", "denied");
    agent.wait_for_state("MySecondAccount", "fresh");
    let status = |args: &[&str], code| finish(home.rolecall(&["status"]).args(args)).code(code);
    let some = status(&["--min-valid", "15m"], 3);
    assert_eq!((some.stdout.as_str(), some.stderr.lines().count()), ("", 1), "{some:#?}");
    assert!(some.stderr.starts_with("MyFirstAccount: no valid session: "), "{some:#?}");
    let good = status(&["MySecondAccount", "--min-valid", "15m"], 0);
    assert_eq!(good.output(), "");
    let short = status(&["MySecondAccount", "--min-valid", "2h"], 4);
    assert!(short.stderr.contains("MySecondAccount: valid for 59 min more"), "{short:#?}");
    status(&["MyFirstAccount", "--min-valid", "1s"], 4);
    status(&["Other", "--min-valid", "1s"], 5);
}

#[test]
fn a_role_that_has_no_session_yet_is_not_well() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({ "roles": { ROLE: { "latency_ms": 25_000 } } }));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MySecondAccount", "fresh");
    let first = finish(&mut home.rolecall(&["status", "MyFirstAccount"])).code(3);
    assert!(first.stdout.contains("pending"), "{first:#?}");
    finish(&mut home.rolecall(&["status", "MySecondAccount"])).code(0);
}

#[test]
fn the_roles_that_are_named_are_shown_and_no_others() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let mut environment = seed_environment(sandbox.environment());
    environment.push(("AWS_ROLE_3".into(), "broken".into()));
    let agent = Agent::start(&home, environment, &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    let one = finish(&mut home.rolecall(&["status", "MyFirstAccount"])).code(0);
    assert!(one.stdout.contains("MyFirstAccount") && !one.stdout.contains("MySecondAccount"), "{one:#?}");
    let document = finish(&mut home.rolecall(&["status", "MyFirstAccount", "--output", "json"])).code(0).stdout;
    let document: Value = serde_json::from_str(&document).unwrap();
    let aliases: Vec<_> = document["profiles"].as_array().unwrap().iter().map(|role| &role["alias"]).collect();
    assert_eq!(aliases, ["MyFirstAccount"]);
    // The setting that could not be used is no matter of this role.
    assert_eq!(document["problems"], json!([]));
    finish(&mut home.rolecall(&["status"])).code(3);
}

/// `rolecall` on a terminal of its own.
struct Terminal {
    child: std::process::Child,
    master: Arc<OwnedFd>,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    fn start(home: &Home, args: &[&str], size: (u16, u16)) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let slave = File::options().read(true).write(true).open(path.to_str().unwrap()).unwrap();
        let master = Arc::new(master);
        resize(&master, size);
        let mut command = home.rolecall(args);
        command.env("TERM", "xterm-256color").stdin(Stdio::null());
        command.stdout(slave.try_clone().unwrap()).stderr(slave);
        let child = command.spawn().unwrap();
        // Ours of the slave goes with the command.
        drop(command);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (into, mut from) = (Arc::clone(&shown), File::from(master.try_clone().unwrap()));
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                into.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self { child, master, shown }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// The lines of the newest whole frame of the whole screen.
    fn frame(&self) -> Vec<String> {
        let shown = self.shown();
        let frames: Vec<&str> = shown.split("\x1b[1;1H").collect();
        let whole = frames.iter().rev().find(|frame| frame.contains("Ctrl-C ends it.")).unwrap_or(&"");
        plain(whole).lines().map(str::to_owned).collect()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn wait(&mut self) -> Option<i32> {
        until("end", LIMIT, || {
            self.child.try_wait().unwrap().ok_or_else(|| self.shown.lock().unwrap().len().to_string())
        })
        .code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn resize(master: &OwnedFd, (width, height): (u16, u16)) {
    tcsetwinsize(master, Winsize { ws_col: width, ws_row: height, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
}

/// The text without escape sequences.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => drop(chars.by_ref().find(char::is_ascii_alphabetic)),
            '\r' => {}
            c => out.push(c),
        }
    }
    out
}

#[test]
fn a_table_fits_the_terminal_that_it_is_shown_on() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    agent.wait_for_state("MySecondAccount", "fresh");
    for (width, columns) in [(60, 4), (80, 5), (120, 6)] {
        let mut terminal = Terminal::start(&home, &["status"], (width, 24));
        assert_eq!(terminal.wait(), Some(0));
        until("the table", LIMIT, || {
            let text = plain(&terminal.shown());
            let rows: Vec<&str> =
                text.lines().filter(|line| line.contains("Account") && line.contains("fresh")).collect();
            let fits = rows.iter().all(|row| row.chars().count() <= usize::from(width));
            let heading = text.lines().find(|line| line.starts_with("ALIAS")).unwrap_or("");
            let right = rows.len() == 2 && fits && heading.split_whitespace().count() == columns;
            if right { Ok(()) } else { Err(format!("{width}:\n{text}")) }
        });
    }
}

#[test]
fn watching_follows_the_sessions_and_the_terminal_and_gives_it_back() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(600);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    agent.wait_for_state("MySecondAccount", "fresh");
    let mut terminal = Terminal::start(&home, &["status", "--watch"], (120, 24));
    let framed = |terminal: &Terminal, what: &str, width: usize, parts: &[&str]| {
        until(what, LIMIT, || {
            let frame = terminal.frame();
            let text = frame.join("\n");
            let fits = frame.iter().skip(1).all(|line| line.chars().count() <= width);
            let right = fits && parts.iter().all(|part| text.contains(part));
            if right { Ok(text) } else { Err(format!("{width}:\n{text}")) }
        })
    };
    let wide = framed(&terminal, "a frame", 120, &["MyFirstAccount", "█████", "KEY ID", "in 9 min"]);
    assert!(wide.contains("ACCOUNT "), "{wide}");
    // A new session shows.
    sandbox.mend();
    finish(&mut home.rolecall(&["refresh"])).code(0);
    framed(&terminal, "the new sessions", 120, &["in 59 min"]);
    // The terminal is made narrow.
    resize(&terminal.master, (60, 12));
    terminal.signal(Signal::WINCH);
    let narrow = until("a narrow frame", LIMIT, || {
        let frame = terminal.frame().join("\n");
        if frame.contains("ACCOUNT ") { Err(frame) } else { Ok(frame) }
    });
    assert!(narrow.lines().filter(|line| line.contains('█')).all(|line| line.chars().count() <= 60), "{narrow}");
    // The agent ends and is waited for.
    agent.stop(Signal::TERM);
    framed(&terminal, "the end of the agent", 60, &["no agent runs", "MyFirstAccount"]);
    let _agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    framed(&terminal, "the new agent", 60, &["rolecall agent"]);
    terminal.signal(Signal::INT);
    assert_eq!(terminal.wait(), Some(0));
    let shown = until("all of it", LIMIT, || {
        let shown = terminal.shown();
        if shown.ends_with("\x1b[?1049l") { Ok(shown) } else { Err(shown) }
    });
    // Cleared before it is drawn: behind a full line that would take its last character.
    assert!(shown.match_indices("\x1b[K").all(|(at, _)| shown[..at].ends_with(['\n', 'H'])), "{shown:?}");
    assert!(shown.starts_with("\x1b[?1049h\x1b[?25l"), "{shown:?}");
    assert!(shown.ends_with("\x1b[?7h\x1b[?25h\x1b[?1049l"), "{shown:?}");
}

#[test]
fn watching_is_a_line_for_each_session_where_nothing_can_be_drawn() {
    let home = Home::new();
    finish(&mut home.rolecall(&["status", "--watch"])).code(6);
    let sandbox = Sandbox::start(&home);
    let _agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    finish(&mut home.rolecall(&["wait"])).code(0);
    let mut watching = e2e::Running::start(&mut home.rolecall(&["status", "--watch"]));
    watching.wait_for("both sessions", |output| {
        let news = |alias: &str| output.lines().any(|line| line.contains(alias) && line.contains("version 1"));
        (news("MyFirstAccount") && news("MySecondAccount")).then_some(())
    });
    finish(&mut home.rolecall(&["refresh", "MyFirstAccount"])).code(0);
    watching.wait_for("a new session", |output| output.contains("version 2").then_some(()));
    watching.signal(Signal::TERM);
    let ended = watching.wait(LIMIT).code(0);
    assert!(!ended.stdout.contains('\x1b'), "{ended:#?}");
}
