//! The sandbox's control endpoint and the agent's, over a connection of its own for each request.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// The longest that the sandbox may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Asks `address` for `path`, and returns the JSON that it answers.
///
/// # Errors
/// When there is no answer, or another one than 200 with JSON.
pub(super) fn ask(address: &str, method: &str, path: &str, body: &str) -> anyhow::Result<Value> {
    ask_with(address, method, path, body, &[])
}

/// The same with more headers.
///
/// # Errors
/// As [`ask`].
pub(super) fn ask_with(
    address: &str,
    method: &str,
    path: &str,
    body: &str,
    headers: &[(&str, &str)],
) -> anyhow::Result<Value> {
    let body = text(address, method, path, body, headers)?;
    serde_json::from_str(&body).with_context(|| format!("{method} http://{address}{path}: {body}"))
}

/// The same, for an answer that is no JSON.
///
/// # Errors
/// When there is no answer, or another one than 200.
pub(super) fn text(
    address: &str,
    method: &str,
    path: &str,
    body: &str,
    headers: &[(&str, &str)],
) -> anyhow::Result<String> {
    let attempt = || format!("{method} http://{address}{path}");
    let mut connection = TcpStream::connect(address).with_context(attempt)?;
    connection.set_read_timeout(Some(LIMIT))?;
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    connection.write_all(format!("{head}{more}\r\n{body}").as_bytes()).with_context(attempt)?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).with_context(attempt)?;
    // The sandbox says how long its answers are, so there are no chunks.
    match answer.split_once("\r\n\r\n").filter(|(head, _)| head.starts_with("HTTP/1.1 200 ")) {
        Some((_, body)) => Ok(body.to_owned()),
        None => bail!("{}: {answer}", attempt()),
    }
}
