//! What the agent answered, taken apart: status and body.
//!
//! Promises that nothing but a whole answer comes out, and that the body is not copied. Pure; what the body means is left
//! to others. The fuzz target `agent_answer` compiles this very file.

use zeroize::Zeroizing;

/// Status and body of a whole HTTP/1.1 answer that says its length (RFC 9112, section 6). The body stays where it is.
pub(super) fn parse(mut raw: Zeroizing<Vec<u8>>) -> Result<(u16, Zeroizing<Vec<u8>>), &'static str> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(&raw) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Err("it ends early"),
        Err(_) => return Err("it is not HTTP"),
    };
    let status = response.code.ok_or("it has no status")?;
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length: usize = length
        .and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse().ok())
        .ok_or("it does not say its length")?;
    if raw.len() - head != length {
        return Err("its length is not what it says");
    }
    raw.drain(..head);
    Ok((status, raw))
}
