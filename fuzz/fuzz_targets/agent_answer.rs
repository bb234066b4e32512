//! Whatever the agent's socket answers a command: a body comes out only whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zeroize::Zeroizing;

#[path = "../../crates/cli/src/client/answer.rs"]
mod answer;

fuzz_target!(|raw: &[u8]| {
    let Ok((status, body)) = answer::parse(Zeroizing::new(raw.to_vec())) else { return };
    assert!(status <= 999);
    assert!(raw.ends_with(&body));
    let head = String::from_utf8_lossy(&raw[..raw.len() - body.len()]).to_ascii_lowercase();
    assert!(head.contains("content-length"), "{head}");
    assert!(head.contains(&body.len().to_string()), "{head}");
});
