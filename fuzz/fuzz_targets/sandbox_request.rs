//! Whatever is sent to the sandbox: it answers, with a document that can be read, and goes on.
//!
//! The input is a request as it goes over the line; the length of the body is added.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall_fuzz::{assert_readable, exchange};

fuzz_target!(|input: &[u8]| {
    let mut head = Vec::new();
    let mut rest = input;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
        let line = rest[..at].strip_suffix(b"\r").unwrap_or(&rest[..at]);
        rest = &rest[at + 1..];
        if line.is_empty() {
            break;
        }
        // How long the body is, and what becomes of the connection, is said below.
        let name = String::from_utf8_lossy(line).to_ascii_lowercase();
        if ["content-length", "transfer-encoding", "connection", "expect"].iter().any(|own| name.contains(own)) {
            return;
        }
        head.extend_from_slice(line);
        head.extend_from_slice(b"\r\n");
    }
    if head.is_empty() {
        return;
    }
    let end = format!("Connection: close\r\nContent-Length: {}\r\n\r\n", rest.len());
    assert_readable(&exchange(&[&head, end.as_bytes(), rest].concat()));
});
