//! A panic where credentials are in scope tells none of them, even when its message is all that is in scope.
//!
//! A test binary of its own, since what a panic prints is taken from the whole process: the message and a full backtrace,
//! as the standard library's own hook has them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "it panics for a living")]

use std::backtrace::Backtrace;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rolecall_core::rotation::Policy;
use rolecall_core::{AssumeRole, Assumed, Clock, Delivery, Fault, Role, Session, Sink, role};
use rolecall_rotator::{SystemClock, spawn};
use rolecall_testkit::canary;

/// All that panics have said.
static SAID: Mutex<String> = Mutex::new(String::new());

fn said() -> String {
    SAID.lock().unwrap().clone()
}

/// Issues a session for the alias `served`, and panics over one for any other.
struct Sts;

#[async_trait]
impl AssumeRole for Sts {
    async fn assume_role(&self, role: &Role, _: Option<&Session>) -> Result<Assumed, Fault> {
        let expires_at = SystemClock.now().wall + Duration::from_secs(3600);
        let asked_for = role::DEFAULT_DURATION;
        let assumed = Assumed { credentials: canary::credentials(1), expires_at, asked_for, date: None };
        if role.alias.as_str() != "served" {
            panic!("sts: {role:?} has {assumed:?}");
        }
        Ok(assumed)
    }
}

/// Panics over each delivery.
struct Broken;

#[async_trait]
impl Sink for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    async fn deliver(&self, changes: &[Delivery]) -> Result<(), Fault> {
        panic!("sink: {changes:?}");
    }
}

fn refused<T>(why: T) -> Result<(), T> {
    Err(why)
}

fn role(alias: &str) -> Role {
    Role::new(alias.parse().unwrap(), "arn:aws:iam::123456789012:role/R".parse().unwrap(), "host")
}

#[tokio::test]
async fn no_panic_tells_a_secret() {
    std::panic::set_hook(Box::new(|panic| {
        let text = format!("{panic}\n{}\n", Backtrace::force_capture());
        SAID.lock().unwrap().push_str(&text);
    }));
    let rotator = spawn(Policy::default(), Arc::new(SystemClock), Arc::new(Sts), vec![Arc::new(Broken)]);
    rotator.define(role("served"), None);
    rotator.define(role("other"), None);
    let served = rotator.session(&"served".parse().unwrap(), Duration::from_secs(10)).await.unwrap();
    let unwrapped = tokio::spawn(async move { refused(served).unwrap() }).await;
    assert!(unwrapped.is_err());
    let panics = ["sts: ", "sink: ", "called `Result::unwrap()`"];
    tokio::time::timeout(Duration::from_secs(10), async {
        while !panics.iter().all(|panic| said().contains(panic)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    drop(std::panic::take_hook());

    let said = said();
    assert!(said.matches("redacted").count() >= panics.len() && said.contains("panics.rs"), "{said}");
    canary::assert_absent("what panics print", &said);
}
