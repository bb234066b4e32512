//! `rolecall exec`: a command with one role and nothing else. Everything here holds with an agent and without one, unless
//! the test says which.

mod agent;
mod environment;
mod policy;
mod process;
mod signals;
mod terminal;

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::{Agent, Home, Running, Sandbox, seed_environment, until};

const ALIAS: &str = "MyFirstAccount";
const ROLE: &str = "arn:aws:iam::123456789012:role/MyFirstRole";
const LIMIT: Duration = Duration::from_secs(20);

/// Who has the role that `exec` hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    Agent,
    Alone,
}

const GROUNDS: [Ground; 2] = [Ground::Agent, Ground::Alone];

/// A home, an AWS, and an agent if there is one.
struct World<'a> {
    home: &'a Home,
    sandbox: &'a Sandbox,
    _agent: Option<Agent<'a>>,
}

impl<'a> World<'a> {
    #[track_caller]
    fn new(ground: Ground, home: &'a Home, sandbox: &'a Sandbox) -> Self {
        let agent = (ground == Ground::Agent).then(|| Agent::start(home, seed_environment(sandbox.environment()), &[]));
        Self { home, sandbox, _agent: agent }
    }

    /// `rolecall exec` of a command with the first role; `args` stand before the `--`. Its temporary directory is `tmp`.
    fn exec(&self, args: &[&str], command: &[&str]) -> Command {
        exec(self.home, seed_environment(self.sandbox.environment()), args, command)
    }

    /// The same for a line of shell.
    fn shell(&self, line: &str) -> Command {
        self.exec(&[], &["sh", "-c", line])
    }
}

fn exec(home: &Home, environment: Vec<(String, String)>, args: &[&str], command: &[&str]) -> Command {
    fs::create_dir_all(home.at("tmp")).unwrap();
    let mut exec = home.rolecall(&[&["exec", ALIAS], args, &["--"], command].concat());
    exec.envs(environment).env("TMPDIR", home.at("tmp"));
    exec
}

/// Runs a test on each ground, with a home and an AWS of its own.
fn on_each_ground(test: impl Fn(World<'_>)) {
    on_each_ground_with(|_| (), test);
}

/// The same, with an AWS that is like this before anybody asks it.
fn on_each_ground_with(prepare: impl Fn(&Sandbox), test: impl Fn(World<'_>)) {
    for ground in GROUNDS {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        prepare(&sandbox);
        test(World::new(ground, &home, &sandbox));
    }
}

/// What is left of the private files.
fn left_over(home: &Home) -> Vec<String> {
    home.everything().into_iter().filter(|path| path.starts_with("tmp/")).collect()
}

/// What a command shows of how it is handed the role: the URL, the token and its file.
const SHOW: &str =
    r#"f="$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"; echo "$AWS_CONTAINER_CREDENTIALS_FULL_URI $(cat "$f") $f shown""#;

/// Waits for what [`SHOW`] prints.
#[track_caller]
fn shown(process: &mut Running) -> (String, String) {
    process.wait_for("what the command was handed", |output| {
        let line = output.lines().find(|line| line.ends_with(" shown"))?;
        let mut words = line.split(' ').map(str::to_owned);
        Some((words.next()?, words.next()?))
    })
}

/// The same, with the file of the token in its place: an SDK reads it for each request.
#[track_caller]
fn shown_file(process: &mut Running) -> (String, PathBuf) {
    process.wait_for("what the command was handed", |output| {
        let line = output.lines().find_map(|line| line.strip_suffix(" shown"))?;
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.nth(1)?.into()))
    })
}

/// Waits until a program that reads this token file gets an answer with this status.
#[track_caller]
fn wait_for_status_with(url: &str, token_file: &Path, status: u16) {
    until(&format!("status {status} of {url}"), LIMIT, || {
        let token = fs::read_to_string(token_file).unwrap();
        match ask(url, &token).map(|(status, _)| status) {
            Some(found) if found == status => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

/// Asks an endpoint of this machine: the status and the body; none when nobody is there, or no longer.
fn ask(url: &str, token: &str) -> Option<(u16, String)> {
    match try_ask(url, token) {
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) => None,
        answer => {
            let answer = answer.unwrap();
            let (head, body) = answer.split_once("\r\n\r\n")?;
            Some((head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned()))
        }
    }
}

fn try_ask(url: &str, token: &str) -> std::io::Result<String> {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Waits until an endpoint answers with this status, and returns the body.
#[track_caller]
fn wait_for_status(url: &str, token: &str, status: u16) -> String {
    until(&format!("status {status} of {url}"), LIMIT, || match ask(url, token) {
        Some((found, body)) if found == status => Ok(body),
        other => Err(format!("{:?}", other.map(|(status, _)| status))),
    })
}
