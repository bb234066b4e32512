//! Leases that are granted, refused, ended and asked for again.

use std::os::unix::net::UnixListener;
use std::sync::mpsc;

use rolecall_agent::serve::wire::{ErrorDocument, code};

use super::*;

const GRANTED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: rolecall-lease\r\n\r\n";
const LINE: &str = r#"{"version":1,"name":"a~00ab0001","url":"http://127.0.0.1:1/v1/credentials/a","region":null}"#;

fn wanted() -> LeaseRequest {
    LeaseRequest { alias: "a".into(), token: String::new(), tag: None, policy: None, policy_arns: vec![] }
}

/// Reads a request to the end of its body.
fn request_on(stream: &mut UnixStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.extend(byte);
    }
    String::from_utf8(request).unwrap()
}

#[test]
fn an_answer_is_told_while_it_comes() {
    let whole = format!("{GRANTED}{LINE}\n");
    for length in 0..whole.len() {
        assert_eq!(answered(&whole.as_bytes()[..length]), Ok(Answered::NotYet), "{length}");
    }
    assert_eq!(answered(whole.as_bytes()), Ok(Answered::Granted(LINE.into())));
    assert_eq!(answered(b"HTTP/1.1 404 Not Found\r\n\r\n"), Ok(Answered::Refused));
    assert_eq!(answered(b"SSH-2.0-OpenSSH\r\n"), Err("it is not HTTP"));
}

#[test]
fn a_lease_that_the_agent_ends_is_asked_for_again_with_another_token_and_the_same_tag() {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(socket_path(dir.path())).unwrap();
    let (told, requests) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        for (at, answer) in [GRANTED, "HTTP/1.1 503 Oops\r\ncontent-length: 0\r\n\r\n", GRANTED].iter().enumerate() {
            let (mut stream, _) = listener.accept().unwrap();
            told.send(request_on(&mut stream)).unwrap();
            writeln!(stream, "{answer}{LINE}").unwrap();
            // The first two are ended at once.
            kept.extend(Some(stream).filter(|_| at == 2));
        }
        told.send(String::new()).unwrap();
        thread::park();
    });
    let lease = Lease::take(&StateDir::named(dir.path().into()), wanted(), &Token::new().unwrap()).unwrap();
    assert_eq!(
        (lease.document.name.as_str(), lease.document.url.as_str()),
        ("a~00ab0001", "http://127.0.0.1:1/v1/credentials/a")
    );
    let (renewed, tokens) = mpsc::channel();
    let renew = move |token: &Token| renewed.send(token.as_str().to_owned()).map_err(io::Error::other);
    lease.keep(renew, |lost| panic!("{lost}")).unwrap();
    let next = || requests.recv_timeout(Duration::from_secs(20)).unwrap();
    let (first, second, third) = (next(), next(), next());
    for part in ["POST /v1/tokens HTTP/1.1\r\n", "Connection: Upgrade\r\nUpgrade: rolecall-lease\r\n"] {
        assert!(first.contains(part), "{first}");
    }
    assert!(!first.contains("tag") && second.contains(r#""tag":"00ab0001""#) && third.contains("00ab0001"), "{third}");
    let token = |request: &str| request.split(r#""token":""#).nth(1).unwrap()[..43].to_owned();
    assert!(token(&first) != token(&second) && token(&second) != token(&third));
    assert_eq!(tokens.recv_timeout(Duration::from_secs(20)).unwrap(), token(&third), "handed over once it counts");
    assert_eq!(next(), "", "the third is held");
    assert!(tokens.try_recv().is_err());
}

/// An answer that is no lease.
fn refused() -> String {
    let body = r#"{"Code":"unknown_alias","Message":"no such role","Action":"use another"}"#;
    format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn whatever_is_in_the_way_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(socket_path(dir.path())).unwrap();
    let (agent, seen) = mpsc::channel();
    let command = agent.clone();
    let (here, there) = (format!("{GRANTED}{LINE}\n"), format!("{GRANTED}{}\n", LINE.replace(":1/", ":2/")));
    let newer = format!("{GRANTED}{}\n", LINE.replace("\"version\":1", "\"version\":9"));
    thread::spawn(move || {
        for answer in [&here, &refused(), &refused(), &newer, &there, &there, &here] {
            let (mut stream, _) = listener.accept().unwrap();
            request_on(&mut stream);
            agent.send("asked".to_owned()).unwrap();
            write!(stream, "{answer}").unwrap();
        }
    });
    let lease = Lease::take(&StateDir::named(dir.path().into()), wanted(), &Token::new().unwrap()).unwrap();
    lease.keep(|_| Ok(()), move |lost| command.send(lost.to_string()).unwrap()).unwrap();
    let seen: Vec<String> = (0..10).map(|_| seen.recv_timeout(Duration::from_secs(20)).unwrap()).collect();
    let [_, _, refused, _, _, newer, _, moved, _, _] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(refused, "no such role");
    assert!(newer.contains("speaks version 9"), "{newer}");
    let urls = [2, 1].map(|port| format!("http://127.0.0.1:{port}/v1/credentials/a"));
    assert_eq!(*moved, format!("the agent serves it at {} now, and no longer at {}", urls[0], urls[1]));
    assert_eq!(seen.iter().filter(|line| *line == "asked").count(), 7, "{seen:?}");
}

#[test]
fn what_passes_is_told_once_it_has_lasted() {
    let refusal = |code: &str| {
        AskError::Refused(ErrorDocument { code: code.into(), message: String::new(), action: String::new() })
    };
    let [first, .., last] = &pauses().take(SHORT_PAUSES + 1).collect::<Vec<_>>()[..] else { panic!() };
    for (error, at_once) in [
        (AskError::NoAgent { state_dir: "/s".into() }, false),
        (AskError::Malformed { socket: "/s".into(), what: "it ends early" }, false),
        (refusal(code::STOPPING), false),
        (refusal(code::NO_ENDPOINT), true),
        (AskError::NotAllowed { socket: "/s".into() }, true),
    ] {
        assert_eq!((is_told(&error, *first), is_told(&error, *last)), (at_once, true), "{error:?}");
    }
}

#[test]
fn a_refusal_keeps_the_words_of_the_agent() {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(socket_path(dir.path())).unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        request_on(&mut stream);
        write!(stream, "{}", refused()).unwrap();
    });
    let error = Lease::take(&StateDir::named(dir.path().into()), wanted(), &Token::new().unwrap()).err().unwrap();
    assert_eq!(error.to_string(), "no such role");
}

#[test]
fn the_pauses_grow_and_never_end() {
    let (short, long): (Vec<_>, Vec<_>) = pauses().take(60).partition(|pause| *pause < LONG);
    assert!(short.iter().sum::<Duration>() >= Duration::from_secs(10) && long.len() == 10);
}
