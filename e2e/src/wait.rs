//! Waiting for a condition, never for a time.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Asks again until there is an answer, and returns it.
///
/// # Panics
/// When there is none after `limit`; the message has `what` was waited for and the last reason that `ask` gave.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let started = now();
    loop {
        let reason = match ask() {
            Ok(answer) => return answer,
            Err(reason) => reason,
        };
        assert!(started.elapsed() < limit, "no {what} within {limit:?}: {reason}");
        sleep(Duration::from_millis(20));
    }
}

/// How long something took.
pub fn elapsed<T>(something: impl FnOnce() -> T) -> (Duration, T) {
    let started = now();
    let result = something();
    (started.elapsed(), result)
}

#[expect(clippy::disallowed_methods, reason = "a limit for tests; nothing of the product hangs on it")]
fn now() -> Instant {
    Instant::now()
}
