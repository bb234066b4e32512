//! `rolecall status --watch`: the sessions running down and being refreshed, until Ctrl-C.
//!
//! An agent that ends while it is watched is said and waited for: it may be restarted.

use std::io;
use std::time::Duration;

use anstyle::AnsiColor;
use jiff::Timestamp;
use rolecall_agent::serve::wire::StatusDocument;
use rolecall_core::Alias;
use rolecall_core::port::Clock as _;
use rolecall_rotator::SystemClock;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Args, TARGET, page};
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, NO_ROOM};
use crate::live::{Picture, Screen, rows};
use crate::state_dir::StateDir;
use crate::stop_signal::StopSignal;
use crate::{client, output, runtime, validity};

/// How often the agent is asked and the screen is drawn.
const FRAME: Duration = Duration::from_secs(1);

/// Watches until a signal comes or nobody reads the output any more.
///
/// # Errors
/// When there is no agent at the start, or an alias is unknown then.
pub(super) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    let state_dir = args.report.state_dir.resolve(environment)?;
    let ask = {
        let aliases = args.aliases.clone();
        move || ask(&state_dir, &aliases)
    };
    let first = ask()?;
    let io_failure = |error| output::settle(Err(error)).err();
    runtime::run(async {
        let mut stop = StopSignal::catch()?.and_those_of_the_terminal()?;
        let resized = signal(SignalKind::window_change())
            .map_err(|error| Failure::new(ExitCode::Bug, format!("catch SIGWINCH: {error}"), NO_ROOM))?;
        let mut screen = match Screen::whole(environment) {
            Ok(screen) => screen,
            Err(error) => return io_failure(error).map_or(Ok(ExitCode::Ok), Err),
        };
        screen.restore_at_panic();
        let shown = tokio::select! {
            shown = show(&mut screen, first, ask, resized) => shown,
            _ = stop.received() => Ok(()),
        };
        let closed = screen.close();
        output::settle(shown.and(closed))?;
        Ok(ExitCode::Ok)
    })
}

/// Draws until the output takes no more.
async fn show(
    screen: &mut Screen,
    first: StatusDocument,
    ask: impl Fn() -> Result<StatusDocument, Failure> + Clone + Send + 'static,
    mut resized: Signal,
) -> io::Result<()> {
    let mut newest = first;
    let mut lost = None;
    loop {
        let now = SystemClock.now().wall;
        screen.draw(&picture(&newest, lost.as_ref(), now), now)?;
        tokio::select! {
            () = tokio::time::sleep(FRAME) => {}
            _ = resized.recv() => continue,
        }
        // Asking blocks, and Ctrl-C must not have to wait for it.
        match tokio::task::spawn_blocking(ask.clone()).await {
            Ok(Ok(document)) => (newest, lost) = (document, None),
            Ok(Err(failure)) => lost = Some(failure),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}

fn ask(state_dir: &StateDir, aliases: &[Alias]) -> Result<StatusDocument, Failure> {
    let body = client::get(state_dir, TARGET, client::AT_HAND)?;
    let mut document = client::parsed(state_dir, TARGET, &body)?;
    validity::select(&mut document, aliases)?;
    Ok(document)
}

/// The newest that is known, and why nothing newer is.
pub(super) fn picture(document: &StatusDocument, lost: Option<&Failure>, now: Timestamp) -> Picture {
    let head = match lost {
        None => page::header(&document.agent, now),
        Some(Failure { message, .. }) => {
            let red = AnsiColor::Red.on_default().bold();
            format!("{red}{message}{red:#}; this is what it said last\n")
        }
    };
    Picture { head: format!("{head}\n"), rows: rows(document), tail: page::troubles(document, now) }
}
