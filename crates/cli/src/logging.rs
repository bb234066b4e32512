//! The log on stderr: plain lines, coloured only on a terminal that wants colours, or JSON, one object a line.
//!
//! The names of the fields are a promise to programs that read the JSON: `timestamp`, `level`, `message`, and where they
//! apply `alias`, `reason`, `version`, `expires_at` and `fault`.
//!
//! `ROLECALL_LOG` sets the level of our own crates; those of others stay at `warn`, since the inner log of an HTTP
//! client is no place to look for secrets that might have slipped in.

use std::fmt;

use rolecall_agent::settings::LogFormat;
use rolecall_core::port::Clock as _;
use rolecall_formats::time::utc_seconds;
use rolecall_rotator::SystemClock;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The variable that sets the level.
const VARIABLE: &str = "ROLECALL_LOG";

/// Starts the log.
///
/// # Errors
/// When `ROLECALL_LOG` is no level.
pub(crate) fn start(environment: &Environment, format: LogFormat) -> Result<(), Failure> {
    let level = level(environment.text(VARIABLE).as_deref())?;
    let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colours && format == LogFormat::Text)
        .with_target(level >= LevelFilter::DEBUG)
        // Told where, when stderr takes no more: an agent may outlive its terminal.
        .log_internal_errors(false)
        .with_timer(Seconds);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
    };
    let filter = Targets::new().with_default(LevelFilter::WARN.min(level)).with_target("rolecall", level);
    tracing_subscriber::registry().with(lines).with(filter).init();
    Ok(())
}

fn level(text: Option<&str>) -> Result<LevelFilter, Failure> {
    match text {
        None => Ok(LevelFilter::INFO),
        Some(text) => text.parse().map_err(|_| {
            let message = format!("{VARIABLE}={text} is not a log level");
            Failure::new(ExitCode::Usage, message, "use one of off, error, warn, info, debug, trace")
        }),
    }
}

/// The time in UTC to the second.
struct Seconds;

impl FormatTime for Seconds {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        w.write_str(&utc_seconds(SystemClock.now().wall))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_info_unless_somebody_says_otherwise() {
        assert_eq!(level(None), Ok(LevelFilter::INFO));
        assert_eq!(level(Some("debug")), Ok(LevelFilter::DEBUG));
        assert_eq!(level(Some("off")), Ok(LevelFilter::OFF));
        let failure = level(Some("aws=debug")).unwrap_err();
        assert_eq!(failure.code, ExitCode::Usage);
        assert!(failure.message.contains("ROLECALL_LOG=aws=debug"));
    }
}
