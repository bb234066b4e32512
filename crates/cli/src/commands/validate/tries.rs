//! STS as it is asked here: each role once, unless it is asked again on purpose, and each call timed.
//!
//! The engine tries a role again that failed, as long as others are under way. Promises that such a try costs no call and
//! changes nothing, and that what a role took includes the pauses between its tries.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rolecall_core::port::Clock;
use rolecall_core::{Alias, AssumeRole, Assumed, Fault, Role, Session};

/// STS, and what it has answered so far.
pub(super) struct Tries {
    sts: Arc<dyn AssumeRole>,
    clock: Arc<dyn Clock>,
    /// Whether a role that failed may be asked for again.
    again: bool,
    of: Mutex<HashMap<Alias, Try>>,
}

/// How it went with one role.
struct Try {
    /// By the boot clock: when it was asked for first.
    begin: Duration,
    /// From then to the newest answer; none before the first.
    took: Option<Duration>,
    /// Why the newest call failed.
    fault: Option<Fault>,
}

/// How many roles were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// Those with an answer.
    pub(super) tried: usize,
    /// Those whose newest answer was a refusal.
    pub(super) failed: usize,
}

impl Tries {
    /// Nothing is asked yet.
    pub(super) fn new(sts: Arc<dyn AssumeRole>, clock: Arc<dyn Clock>, again: bool) -> Self {
        Self { sts, clock, again, of: Mutex::default() }
    }

    /// How far it is.
    pub(super) fn count(&self) -> Count {
        let of = self.of();
        let answered = || of.values().filter(|tried| tried.took.is_some());
        Count { tried: answered().count(), failed: answered().filter(|tried| tried.fault.is_some()).count() }
    }

    /// How long STS took for a role; nothing when it was not asked.
    pub(super) fn took(&self, alias: &Alias) -> Duration {
        self.of().get(alias).and_then(|tried| tried.took).unwrap_or_default()
    }

    fn of(&self) -> MutexGuard<'_, HashMap<Alias, Try>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AssumeRole for Tries {
    async fn assume_role(&self, role: &Role, parent: Option<&Session>) -> Result<Assumed, Fault> {
        let begin = self.clock.now().boot;
        {
            let mut of = self.of();
            let tried = of.entry(role.alias.clone()).or_insert(Try { begin, took: None, fault: None });
            if let (false, Some(fault)) = (self.again, &tried.fault) {
                return Err(fault.clone());
            }
        }
        let result = self.sts.assume_role(role, parent).await;
        if let Some(tried) = self.of().get_mut(&role.alias) {
            tried.took = Some(self.clock.now().boot.saturating_sub(tried.begin));
            tried.fault = result.as_ref().err().cloned();
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::Timestamp;
    use rolecall_core::FaultKind;
    use rolecall_core::rotation::Now;

    use super::*;

    /// Refuses everything. As a clock it is a second later each time.
    #[derive(Default)]
    struct Refusing(AtomicUsize);

    #[async_trait]
    impl AssumeRole for Refusing {
        async fn assume_role(&self, _: &Role, _: Option<&Session>) -> Result<Assumed, Fault> {
            let calls = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            Err(Fault::new(FaultKind::Denied, format!("call {calls}"), ""))
        }
    }

    impl Clock for Refusing {
        fn now(&self) -> Now {
            let seconds = self.0.fetch_add(1, Ordering::Relaxed) as u64;
            Now { wall: Timestamp::UNIX_EPOCH, boot: Duration::from_secs(seconds) }
        }
    }

    async fn messages(again: bool) -> (Vec<String>, Tries) {
        let tries = Tries::new(Arc::new(Refusing::default()), Arc::new(Refusing::default()), again);
        let role = Role::new("a".parse().unwrap(), "arn:aws:iam::123456789012:role/A".parse().unwrap(), "h");
        let mut messages = vec![];
        for _ in 0..2 {
            messages.push(tries.assume_role(&role, None).await.unwrap_err().message);
        }
        (messages, tries)
    }

    #[tokio::test]
    async fn a_role_that_failed_is_not_asked_for_again() {
        let (messages, tries) = messages(false).await;
        assert_eq!(messages, ["call 1", "call 1"]);
        assert_eq!(tries.count(), Count { tried: 1, failed: 1 });
        assert_eq!(tries.took(&"a".parse().unwrap()), Duration::from_secs(1));
        assert_eq!(tries.took(&"b".parse().unwrap()), Duration::ZERO);
    }

    #[tokio::test]
    async fn on_purpose_it_is() {
        let (messages, tries) = messages(true).await;
        assert_eq!(messages, ["call 1", "call 2"]);
        assert_eq!(tries.took(&"a".parse().unwrap()), Duration::from_secs(3), "from the first call on");
    }
}
