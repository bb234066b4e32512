//! The loopback endpoint from outside, by a raw client: what it refuses, what it survives, and what it gives away.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use e2e::{Agent, Home, Sandbox, Secrets, seed_environment, until};
use rustix::process::Signal;
use serde_json::Value;

const FIRST: &str = "MyFirstAccount";
const SECOND: &str = "MySecondAccount";
const STATE: &str = ".local/state/rolecall";

/// An agent with an endpoint, and what a client of it needs to know.
struct Door<'home> {
    home: &'home Home,
    address: String,
}

impl<'home> Door<'home> {
    fn of(home: &'home Home) -> Self {
        let told: Value = serde_json::from_str(&home.read(&format!("{STATE}/endpoint.json"))).expect("JSON");
        let url = told["url"].as_str().expect("a URL");
        Self { home, address: url.strip_prefix("http://").expect("plain HTTP").into() }
    }

    fn token(&self, alias: &str) -> String {
        self.home.read(&format!("{STATE}/tokens/{alias}"))
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("the endpoint listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit above zero");
        stream
    }

    /// A request that is answered, to be spoilt.
    fn good(&self, alias: &str) -> String {
        let (address, token) = (&self.address, self.token(alias));
        format!(
            "GET /v1/credentials/{alias} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
        )
    }

    /// The status and the body of the answer.
    fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = self.connect();
        // Who is refused early may be cut off while it still sends.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(!head.to_lowercase().contains("access-control-"), "{head}");
        (head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(), body.into())
    }

    fn key(&self, alias: &str) -> String {
        let (status, body) = self.ask(&self.good(alias));
        assert_eq!(status, 200, "{body}");
        let credentials: Value = serde_json::from_str(&body).expect("JSON");
        credentials["AccessKeyId"].as_str().expect("a key id").into()
    }
}

fn started<'home>(home: &'home Home, sandbox: &Sandbox, args: &[&str]) -> Agent<'home> {
    let agent = Agent::start(home, seed_environment(sandbox.environment()), args);
    agent.wait_for_state(FIRST, "fresh");
    agent.wait_for_state(SECOND, "fresh");
    if !args.contains(&"--endpoint") {
        // Behind its start it is patient with tokens that it does not know.
        let door = Door::of(home);
        let unknown = door.good(FIRST).replace(&door.token(FIRST), "x");
        until("a token that is unknown is refused", Duration::from_secs(20), || match door.ask(&unknown).0 {
            401 => Ok(()),
            status => Err(format!("{status}")),
        });
    }
    agent
}

#[test]
fn whoever_is_not_meant_gets_a_reason_and_no_secret() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = started(&home, &sandbox, &[]);
    let door = Door::of(&home);
    let mut secrets = Secrets::default();
    secrets.add(&agent.credentials(FIRST));
    secrets.add(&agent.credentials(SECOND));

    let (good, token, other) = (door.good(FIRST), door.token(FIRST), door.token(SECOND));
    let host = format!("Host: {}\r\n", door.address);
    let shown = format!("Authorization: {token}\r\n");
    let with = |header: &str| good.replace(&host, &format!("{host}{header}\r\n"));
    let mut refused = vec![
        (good.replace(&shown, ""), 401, "no Authorization header"),
        (good.replace(&token, &other), 401, "does not open"),
        (good.replace(&token, &token[1..]), 401, "does not open"),
        (good.replace(&token, &format!("Bearer {token}")), 401, "does not open"),
        (good.replace(&token, "x"), 401, "does not open"),
        (with(&format!("Authorization: {token}")), 401, "does not open"),
        (good.replace(FIRST, "nobody"), 401, "does not open"),
        (good.replace(&host, ""), 403, "Host"),
        (good.replace(&host, "Host: rebound.example\r\n"), 403, "Host"),
        (good.replace(&host, &host.replace("127.0.0.1", "127.0.0.2")), 403, "Host"),
        (good.replace(&host, &format!("{host}{host}")), 403, "Host"),
        (good.replace("GET /", "GET http://rebound.example/"), 403, "Host"),
        (good.replace("/v1/", "/v2/"), 404, "nothing at this path"),
        (good.replace("/v1/credentials/MyFirstAccount", "/v1/status"), 404, "nothing at this path"),
        (good.replace(FIRST, "MyFirstAccount?form=process"), 400, "query"),
    ];
    for header in [
        "Origin: null",
        "Referer: http://127.0.0.1/",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: no-cors",
        "Via: 1.1 x",
    ] {
        refused.push((with(header), 403, "web page or through a proxy"));
    }
    for header in
        ["Forwarded: for=127.0.0.1", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: x", "X-Forwarded-Proto: http"]
    {
        refused.push((with(header), 403, "web page or through a proxy"));
    }
    for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"] {
        refused.push((good.replace("GET ", &format!("{method} ")), 405, if method == "HEAD" { "" } else { "method" }));
    }
    for (request, expected, why) in &refused {
        let (status, body) = door.ask(request);
        assert_eq!(status, *expected, "{request}{body}");
        assert!(body.contains(why), "{request}{body}");
        secrets.assert_absent("a refusal", &body);
        assert!(!body.contains(&token) && !body.contains(&other), "{body}");
    }
    for broken in
        ["\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}", "GET / HTTP/9.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let (status, body) = door.ask(broken);
        assert!(status == 0 || (400..500).contains(&status), "{broken:?}: {status}");
        secrets.assert_absent("an answer to what is no request", &body);
    }
    // All the same, whoever is meant is served.
    assert!(!door.key(FIRST).is_empty() && !door.key(SECOND).is_empty());
    let log = agent.stop(Signal::TERM);
    secrets.assert_absent_from(&log);
    assert!(!log.output().contains(&token), "a token is in the log");
}

#[test]
fn clients_that_are_slow_or_say_too_much_keep_nobody_waiting() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let _agent = started(&home, &sandbox, &[]);
    let door = Door::of(&home);
    let mut silent: Vec<TcpStream> = Vec::new();
    for n in 0..400 {
        let mut stream = door.connect();
        let _ = stream.write_all(if n % 2 == 0 { b"" } else { b"GET /v1/credentials/My" });
        silent.push(stream);
        if n % 40 == 39 {
            door.key(FIRST);
        }
    }
    let host = format!("Host: {}\r\n", door.address);
    for size in [9_000, 100_000, 1_000_000] {
        let long = door.good(FIRST).replace(&host, &format!("{host}X: {}\r\n", "x".repeat(size)));
        let (status, body) = door.ask(&long);
        assert!(status == 431 || status == 0, "{size}: {status} {body}");
        door.key(FIRST);
    }
    // Everybody who said nothing is sent away in the end, without a word that matters.
    for mut stream in silent {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(!String::from_utf8_lossy(&rest).contains("AccessKeyId"));
    }
}

#[test]
fn ten_thousand_wrong_tokens_open_nothing_and_stop_nobody() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = started(&home, &sandbox, &[]);
    let door = Door::of(&home);
    let (good, token) = (door.good(FIRST).replace("Connection: close\r\n", ""), door.token(FIRST));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (door, good, token) = (&door, &good, &token);
            scope.spawn(move || {
                let mut stream = door.connect();
                for n in 0..2500 {
                    // As near to the right one as can be: one character is another.
                    let at = (thread * 2500 + n) % token.len();
                    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
                    let wrong = format!("{}{other}{}", &token[..at], &token[at + 1..]);
                    stream.write_all(good.replace(token, &wrong).as_bytes()).expect("the connection is kept");
                    let mut answer = String::new();
                    while !answer.ends_with('}') {
                        let mut piece = [0; 4096];
                        let length = stream.read(&mut piece).expect("an answer");
                        answer.push_str(std::str::from_utf8(&piece[..length]).expect("text"));
                    }
                    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
                }
            });
        }
    });
    door.key(FIRST);
    assert!(agent.stop(Signal::TERM).output().lines().count() < 50, "the log tells no refusal by itself");
}

#[test]
fn a_program_that_holds_the_url_and_the_token_file_goes_on_behind_a_restart() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = started(&home, &sandbox, &[]);
    let (before, token) = (Door::of(&home), Door::of(&home).token(FIRST));
    let key = before.key(FIRST);
    assert_eq!(token.len(), 43, "no line break");
    let mode = |path: &str| home.mode(&format!("{STATE}/{path}"));
    for (path, expected) in [
        ("tokens", 0o700),
        ("tokens/MyFirstAccount", 0o600),
        ("env", 0o700),
        ("env/MyFirstAccount.config", 0o600),
        ("endpoint.json", 0o600),
    ] {
        assert_eq!(mode(path), expected, "{path}");
    }
    let old = before.good(FIRST);
    agent.stop(Signal::TERM);
    // Somebody rewrote it with an editor.
    home.write(&format!("{STATE}/tokens/{FIRST}"), &format!("{token}\n"));

    let agent = started(&home, &sandbox, &[]);
    assert_eq!(Door::of(&home).address, before.address);
    assert_eq!(before.key(FIRST), key, "the session is kept, and the file has the token of now");
    assert!(before.token(FIRST) != token && before.token(FIRST).len() == 43);
    assert_eq!(before.ask(&old).0, 401, "another user may have been shown it meanwhile");
    agent.stop(Signal::KILL);

    // The port is somebody else's meanwhile.
    let taken = std::net::TcpListener::bind(&before.address).expect("it is free");
    let agent = started(&home, &sandbox, &[]);
    assert_ne!(Door::of(&home).address, before.address);
    assert!(agent.output().contains("must be started again"), "{}", agent.output());
    drop(taken);
}

#[test]
fn without_an_endpoint_there_is_no_token() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    started(&home, &sandbox, &[]).stop(Signal::TERM);
    let agent = started(&home, &sandbox, &["--endpoint", "false"]);
    assert!(agent.status()["agent"]["endpoint"].is_null());
    assert!(!home.everything().iter().any(|path| path.contains("/tokens/") || path.contains("/env/")));
    agent.stop(Signal::TERM);
    for address in ["0.0.0.0:0", "10.0.0.1:80", "localhost:0", "nonsense"] {
        let refused =
            e2e::finish(home.rolecall(&["agent", "--endpoint", address]).envs(seed_environment(sandbox.environment())));
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        assert!(refused.stderr.contains("loopback"), "{refused:#?}");
    }
}
