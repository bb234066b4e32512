//! The async runtime of the commands that run for long. The others need none.

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Runs `future` on a runtime of one thread: the work is waiting, and secrets stay on one stack.
///
/// Returns as soon as the future does, whatever blocking work is under way.
///
/// # Errors
/// When the system gives no runtime, or what the future returned.
pub(crate) fn run<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ExitCode::Bug, format!("start the runtime: {error}"), ""))?;
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}
