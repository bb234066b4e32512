//! The async runtime of the commands that run for long. The others need none.

use tokio::runtime::{Builder, Runtime};

use crate::exit_code::ExitCode;
use crate::failure::{Failure, NO_ROOM};

/// Runs `future` on a runtime of one thread: the work is waiting, and secrets stay on one stack.
///
/// Returns as soon as the future does, whatever blocking work is under way.
///
/// # Errors
/// When the system gives no runtime, or what the future returned.
pub(crate) fn run<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    run_on(Builder::new_current_thread(), future)
}

/// As [`run`], on every core: for what others measure themselves against.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_on_all_cores<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    run_on(Builder::new_multi_thread(), future)
}

/// A runtime of one thread that works while this one waits for something else.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn beside() -> Result<Runtime, Failure> {
    let mut builder = Builder::new_multi_thread();
    built(builder.worker_threads(1))
}

fn built(builder: &mut Builder) -> Result<Runtime, Failure> {
    builder
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ExitCode::Bug, format!("start the runtime: {error}"), NO_ROOM))
}

fn run_on<T>(mut builder: Builder, future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = built(&mut builder)?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}
