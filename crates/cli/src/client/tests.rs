//! Answers whole and broken, and sockets that are not what they seem.

use std::fs;
use std::os::unix::net::UnixListener;
use std::thread;

use super::*;

const LIMIT: Duration = Duration::from_secs(5);

/// What [`get`] makes of this answer, with the request that came.
fn asked(answer: &[u8]) -> (Result<Zeroizing<Vec<u8>>, AskError>, String) {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(socket_path(dir.path())).unwrap();
    thread::scope(|scope| {
        let agent = scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            stream.write_all(answer).unwrap();
            String::from_utf8(request).unwrap()
        });
        let result = get(&StateDir::named(dir.path().into()), "/v1/x?y=z", LIMIT);
        (result, agent.join().unwrap())
    })
}

#[test]
fn the_body_of_a_whole_answer_is_returned() {
    let (result, request) = asked(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody");
    assert_eq!(*result.unwrap(), b"body");
    assert!(request.starts_with("GET /v1/x?y=z HTTP/1.1\r\n"), "{request}");
    for header in ["Host: rolecall\r\n", "Connection: close\r\n", "rolecall-protocol: 1\r\n"] {
        assert!(request.contains(header), "{request}");
    }
}

#[test]
fn a_body_is_sent_with_its_length() {
    let request = request("POST", "/v1/x", "{}", "close");
    assert!(request.starts_with("POST /v1/x HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nContent-Length: 2\r\n") && request.ends_with("\r\n\r\n{}"), "{request}");
    assert!(!super::request("GET", "/v1/x", "", "close").contains("Content-"));
}

#[test]
fn half_an_answer_is_none() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\ncontent-length: -4\r\n\r\nbody",
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\nbody",
    ] {
        let error = asked(answer.as_bytes()).0.unwrap_err();
        assert!(matches!(error, AskError::Malformed { .. }), "{answer:?}: {error}");
        assert_eq!(Failure::from(error).code, ExitCode::Bug);
    }
}

#[test]
fn a_refusal_keeps_the_words_of_the_agent() {
    for (code, exit) in [
        (code::UNKNOWN_ALIAS, ExitCode::UnknownAlias),
        (code::PENDING, ExitCode::TimeLimit),
        (code::STOPPING, ExitCode::NothingToAsk),
        (code::BAD_REQUEST, ExitCode::Bug),
        ("denied", ExitCode::AllFailed),
        ("a_fault_of_later", ExitCode::AllFailed),
    ] {
        let body = format!(r#"{{"Code":"{code}","Message":"the message","Action":"the action"}}"#);
        let answer = format!("HTTP/1.1 400 Bad\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let failure = Failure::from(asked(answer.as_bytes()).0.unwrap_err());
        assert_eq!(failure, Failure::new(exit, "the message", "the action"));
    }
}

#[test]
fn nobody_there_is_told_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let failure = || Failure::from(get(&StateDir::named(dir.path().into()), "/", LIMIT).unwrap_err());
    let missing = failure();
    drop(UnixListener::bind(socket_path(dir.path())).unwrap());
    assert!(socket_path(dir.path()).exists());
    for failure in [missing, failure()] {
        assert_eq!(failure.code, ExitCode::NothingToAsk);
        assert!(failure.message.contains(dir.path().to_str().unwrap()), "{failure:?}");
        assert!(failure.action.contains("rolecall agent"), "{failure:?}");
    }
}

#[test]
fn something_else_in_the_place_of_the_socket_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(socket_path(dir.path()), "").unwrap();
    let failure = Failure::from(get(&StateDir::named(dir.path().into()), "/", LIMIT).unwrap_err());
    assert_eq!(failure.code, ExitCode::NothingToAsk);
}

#[test]
fn an_agent_that_hangs_is_waited_for_no_longer_than_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(socket_path(dir.path())).unwrap();
    let failure = Failure::from(get(&StateDir::named(dir.path().into()), "/", Duration::from_millis(20)).unwrap_err());
    assert_eq!(failure.code, ExitCode::TimeLimit);
}

#[test]
fn an_agent_that_takes_nobody_in_is_waited_for_no_longer_than_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(socket_path(dir.path())).unwrap();
    // Room for one, and that one is there.
    rustix::net::listen(&listener, 0).unwrap();
    let _first = UnixStream::connect(socket_path(dir.path())).unwrap();
    let (told, asked) = std::sync::mpsc::channel();
    let state_dir = StateDir::named(dir.path().into());
    thread::spawn(move || told.send(get(&state_dir, "/", Duration::from_millis(20)).unwrap_err()));
    let error = asked.recv_timeout(LIMIT).unwrap();
    assert!(matches!(error, AskError::Full { .. }), "{error}");
    assert_eq!(Failure::from(error).code, ExitCode::TimeLimit);
}

#[test]
fn a_stream_is_not_handed_on_to_other_programs() {
    let dir = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(socket_path(dir.path())).unwrap();
    let stream = connect(&socket_path(dir.path()), LIMIT).unwrap();
    assert!(rustix::io::fcntl_getfd(&stream).unwrap().contains(FdFlags::CLOEXEC));
}

#[test]
fn the_one_who_listens_is_known() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    assert_eq!(owner(&ours, Path::new("/")).unwrap(), rustix::process::geteuid().as_raw());
}

#[test]
fn the_socket_of_somebody_else_is_nothing_to_ask() {
    let failure = Failure::from(not_connected(Path::new("/s"), LIMIT, io::ErrorKind::PermissionDenied.into()));
    assert_eq!(failure.code, ExitCode::NothingToAsk);
    assert!(failure.message.contains("/s/agent.sock") && failure.action.contains("--state-dir"), "{failure:?}");
}

#[test]
fn a_command_that_got_no_answer_does_not_send_to_another_one() {
    let failure = Failure::from(AskError::Late { socket: "/s/agent.sock".into(), limit: AT_HAND });
    assert!(failure.message.ends_with("within 5 s"), "{failure:?}");
    assert!(!failure.action.contains("rolecall status") && failure.action.contains("log"), "{failure:?}");
}

#[test]
fn a_document_of_a_later_version_is_refused_by_name() {
    let parsed = |body: &str| parsed::<serde_json::Value>(Path::new("/s"), "/v1/status", body.as_bytes());
    assert!(parsed(r#"{"version":1,"added":{"later":true}}"#).is_ok());
    // Not even what it says in places that this version knows is looked at.
    let failure = Failure::from(parsed(r#"{"version":2,"profiles":"in another form"}"#).unwrap_err());
    assert!(failure.message.contains("version 2 of /v1/status, and this rolecall knows 1"), "{failure:?}");
    assert!(failure.action.contains("same version"), "{failure:?}");
    for body in ["", "{}", r#"{"version":"1"}"#, r#"{"version":-1}"#] {
        assert!(matches!(parsed(body), Err(AskError::Malformed { .. })), "{body}");
    }
}

#[test]
fn an_answer_of_any_length_is_read_whole() {
    for length in [0, 1, ANSWER_ROOM - 1, ANSWER_ROOM, ANSWER_ROOM + 1, 5 * ANSWER_ROOM] {
        let answer: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        assert_eq!(*read_to_end(&mut answer.as_slice()).unwrap(), answer, "{length}");
    }
}

#[test]
fn credentials_stay_where_they_were_read_to() {
    let answer = [&b"HTTP/1.1 200 OK\r\ncontent-length: 8000\r\n\r\n"[..], &[b'x'; 8000]].concat();
    let raw = read_to_end(&mut answer.as_slice()).unwrap();
    let place = raw.as_ptr();
    let (_, mut body) = parse(raw).unwrap();
    body.push(b'\n');
    assert_eq!((body.as_ptr(), body.len()), (place, 8001));
}
