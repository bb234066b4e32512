//! The shell round whoever writes files: takes over what the rotator says, and writes off the runtime's thread.
//!
//! Promises that two writes never run at once and that the one that ends last shows the newest state, and that the board
//! has what each found out. What is written where is left to the [`Writer`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rolecall_core::port::Clock;
use rolecall_core::{Delivery, Fault, FaultKind, Role, Sink};
use tokio::task::JoinError;

use crate::publish::board::{Board, Findings};
use crate::publish::holdings::Holdings;

/// Brings files up to what is held. Blocks.
pub(crate) trait Writer: Send + Sync + 'static {
    /// A short fixed name.
    const NAME: &'static str;

    /// Writes whatever is not as it should be, and tells what it found.
    ///
    /// # Errors
    /// Why the files are not as they should be.
    fn write(&self, holdings: &Holdings, findings: &mut Findings) -> Result<(), Fault>;
}

/// A sink that writes files. Cloning it gives another handle to the same one.
pub(crate) struct FileSink<W>(Arc<Inner<W>>);

struct Inner<W> {
    clock: Arc<dyn Clock>,
    board: Arc<Board>,
    work: Mutex<Work<W>>,
    /// Held while files are written.
    turn: Mutex<()>,
}

/// Who writes, and what: changed together.
struct Work<W> {
    writer: Arc<W>,
    holdings: Holdings,
}

impl<W> Inner<W> {
    fn work(&self) -> MutexGuard<'_, Work<W>> {
        // What a panicking holder left is still a writer and what is held.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Writer> FileSink<W> {
    pub(crate) fn new(writer: W, clock: Arc<dyn Clock>, board: Arc<Board>, holdings: Holdings) -> Self {
        let work = Mutex::new(Work { writer: Arc::new(writer), holdings });
        Self(Arc::new(Inner { clock, board, work, turn: Mutex::new(()) }))
    }

    /// Has another writer write for other roles from the next write on: the one that `renewed` makes of the one before.
    pub(crate) fn follow(&self, roles: Vec<Arc<Role>>, renewed: impl FnOnce(&W) -> W) {
        let mut work = self.0.work();
        work.writer = Arc::new(renewed(&work.writer));
        work.holdings.set_roles(roles);
    }

    /// Brings the files up to what is held.
    pub(crate) async fn write(&self) -> Result<(), Fault> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.write()).await.unwrap_or_else(|error| Err(ended_badly(&error)))
    }

    #[cfg(test)]
    pub(crate) fn board(&self) -> &Board {
        &self.0.board
    }
}

impl<W: Writer> Inner<W> {
    fn write(&self) -> Result<(), Fault> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (writer, holdings) = {
            let work = self.work();
            (Arc::clone(&work.writer), work.holdings.clone())
        };
        let mut findings = Findings::default();
        let written = writer.write(&holdings, &mut findings);
        findings.whole = written.as_ref().err().cloned();
        self.board.put(W::NAME, self.clock.now().wall, findings);
        written
    }
}

impl<W> Clone for FileSink<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[async_trait]
impl<W: Writer> Sink for FileSink<W> {
    fn name(&self) -> &'static str {
        W::NAME
    }

    async fn deliver(&self, changes: &[Delivery]) -> Result<(), Fault> {
        self.0.work().holdings.apply(changes);
        self.write().await
    }
}

/// The fault of a blocking task that did not come back.
pub(crate) fn ended_badly(error: &JoinError) -> Fault {
    let what = if error.is_panic() { "panicked" } else { "was ended" };
    Fault::new(FaultKind::Bug, format!("the task that writes files {what}"), "report this, with the log around it")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use rolecall_rotator::SystemClock;

    use super::*;
    use crate::testing::{delivery, role, session};

    /// Gives another write all the time that it needs to come in between.
    #[derive(Default)]
    struct Slow {
        under_way: AtomicUsize,
        written: Arc<Mutex<Vec<(usize, usize)>>>,
    }

    impl Writer for Slow {
        const NAME: &'static str = "slow";

        fn write(&self, holdings: &Holdings, _: &mut Findings) -> Result<(), Fault> {
            let before = self.under_way.fetch_add(1, Ordering::SeqCst);
            for _ in 0..20 {
                thread::sleep(Duration::from_millis(10));
                if self.under_way.load(Ordering::SeqCst) > 1 {
                    break;
                }
            }
            self.written.lock().unwrap().push((before, holdings.held().len()));
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }
    }

    #[tokio::test]
    async fn writes_take_turns_and_the_last_shows_the_newest() {
        let writer = Slow::default();
        let written = Arc::clone(&writer.written);
        let holdings = Holdings::new(vec![Arc::new(role("a"))], BTreeMap::new());
        let sink = FileSink::new(writer, Arc::new(SystemClock), Arc::default(), holdings);
        let changes = [delivery("a", Some(session(1)))];
        let (first, second) = tokio::join!(sink.write(), sink.deliver(&changes));
        first.unwrap();
        second.unwrap();
        let written = written.lock().unwrap();
        assert!(written.iter().all(|(others, _)| *others == 0), "{written:?}");
        assert_eq!((written.len(), written[1].1), (2, 1), "{written:?}");
    }

    #[tokio::test]
    async fn a_panic_is_a_fault() {
        struct Broken;
        impl Writer for Broken {
            const NAME: &'static str = "broken";
            fn write(&self, _: &Holdings, _: &mut Findings) -> Result<(), Fault> {
                unreachable!("on purpose")
            }
        }
        let sink = FileSink::new(Broken, Arc::new(SystemClock), Arc::default(), Holdings::default());
        for _ in 0..2 {
            assert_eq!(sink.write().await.unwrap_err().kind, FaultKind::Bug);
        }
    }
}
