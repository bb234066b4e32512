//! One HTTP request to a server of the test's own, over loopback.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Sends a JSON body (none when `null`) and returns the JSON answer (`null` when there is none).
///
/// # Panics
/// When the answer is not a 2xx with a JSON body.
pub(crate) fn json(to: SocketAddr, method: &str, path: &str, body: &Value) -> Value {
    let body = text(to, method, path, body);
    if body.is_empty() { Value::Null } else { serde_json::from_str(&body).expect("a JSON body") }
}

/// Sends a JSON body (none when `null`) and returns the answer as it is.
///
/// # Panics
/// When the answer is not a 2xx.
pub(crate) fn text(to: SocketAddr, method: &str, path: &str, body: &Value) -> String {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(to).expect("a server of ours listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit above zero");
    stream.write_all(request.as_bytes()).expect("a server of ours reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("a server of ours answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
    body.to_owned()
}
