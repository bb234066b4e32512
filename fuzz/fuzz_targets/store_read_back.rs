//! Whatever an earlier agent, or anybody else, left as the store: what is used of it is a session that has not ended, and
//! would be written again as it was.
//!
//! The input is the store; `KEY-A` and `KEY-B` stand for the keys of the roles that are asked for.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use rolecall_agent::fuzzing::read_back;
use rolecall_core::Role;
use rolecall_formats::profile::Held;
use rolecall_formats::store;

const NOW: &str = "2026-01-01T00:00:00Z";

/// Where the store is written; in memory where the system has such a place.
static STATE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let place = if memory.is_dir() { memory } else { std::env::temp_dir() };
    place.join(format!("rolecall-fuzz-{}", std::process::id()))
});

static ROLES: LazyLock<Vec<Arc<Role>>> = LazyLock::new(|| ["A", "B"].map(|name| Arc::new(role(name))).to_vec());

fuzz_target!(
    init: {
        fs::create_dir_all(&*STATE).expect("a directory of our own");
    },
    |text: &[u8]| {
        let now: Timestamp = NOW.parse().expect("a time");
        let store = match str::from_utf8(text) {
            Ok(text) => ROLES.iter().fold(text.to_owned(), with_key).into_bytes(),
            Err(_) => text.to_vec(),
        };
        fs::write(STATE.join("credentials"), store).expect("a file of our own");
        for (alias, session) in read_back(&STATE, &ROLES, now) {
            assert!(session.expires_at > now);
            let role = ROLES.iter().find(|role| role.alias == alias).expect("a role that was asked for");
            // A value that no AWS credential has is refused when it is written.
            let Ok(text) = store::credentials(&[Held { role, session: &session }], None) else { continue };
            fs::write(STATE.join("credentials"), text.as_bytes()).expect("a file of our own");
            let again = read_back(&STATE, &ROLES, now);
            assert_eq!(again[&alias].credentials, session.credentials);
            assert_eq!(again[&alias].asked_for, session.asked_for);
            assert!((0..1).contains(&session.expires_at.duration_since(again[&alias].expires_at).as_secs()));
        }
    }
);

fn with_key(text: String, role: &Arc<Role>) -> String {
    text.replace(&format!("KEY-{}", role.alias), &role.key().to_string())
}

fn role(name: &str) -> Role {
    let arn = format!("arn:aws:iam::123456789012:role/{name}").parse().expect("an ARN");
    Role::new(name.parse().expect("an alias"), arn, "host")
}
