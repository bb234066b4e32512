//! `rolecall wait ALIAS…`: returns once the roles can be used, for what must not start before.
//!
//! What may come by itself is waited for, and only that: an agent that is being started, STS that does not answer, a
//! permission that has just been given. What only a person can change is told at once.

use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_agent::serve::wire::{ProfileStatus, StatusDocument};
use rolecall_agent::settings::env_roles;
use rolecall_agent::settings::parse_duration;
use rolecall_core::Alias;
use rolecall_core::port::Clock as _;
use rolecall_rotator::SystemClock;

use crate::args::StateDirArg;
use crate::client::{self, AskError};
use crate::environment::Environment;
use crate::exit_code::{ExitCode, Tally};
use crate::failure::Failure;
use crate::output::duration;
use crate::validity;

/// How often the agent is asked.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a session has to be valid when nobody says.
const LEAST: Duration = Duration::from_secs(1);

/// Wait until roles can be used
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The roles, by profile name; none: all of them
    #[arg(value_name = "ALIAS", value_parser = Alias::of_profile)]
    aliases: Vec<Alias>,
    /// How long each session has to be valid at least; one that is not is refreshed
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    min_valid: Option<Duration>,
    /// How long to wait at most
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "60s")]
    timeout: Duration,
    /// Do not wait for roles that were tried and cannot be used
    #[arg(long)]
    first_round: bool,
    #[command(flatten)]
    state_dir: StateDirArg,
}

const AFTER_HELP: &str = "\
A role can be used when it has a session and its profile is there. An agent that does not run yet is waited for, and so \
is a role that AWS denies: a permission may have been given a moment ago. Told at once are an alias that the agent does \
not have, a profile of yours that has the name of a role, sessions that are shorter than --min-valid and, once the roles \
can be used, a setting of another role that means nothing.

Examples:
  rolecall agent &
  rolecall wait MyFirstAccount && aws --profile MyFirstAccount s3 ls

  Before a job of ten minutes:
    rolecall wait MyFirstAccount --min-valid 15m --timeout 2m

  At the start of a container, which then uses what there is:
    rolecall wait --first-round; exec my-agent

Exit codes:
  0  each has a session
  2  wrong command line
  3  with --first-round: some roles cannot be used; says why
  4  a role cannot get what is waited for
  5  no role has that alias
  6  the agent is another user's
  7  the time limit passed; says why";

/// What the roles lack.
#[derive(Debug, PartialEq, Eq)]
enum Lack {
    /// Time may bring it; the aliases of roles that are held too shortly, and why in all.
    Time(Vec<String>, String),
    /// Only a person can.
    Person(String, String),
}

/// Waits.
///
/// # Errors
/// Why they cannot be used, at the latest when the time is over.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    let state_dir = args.state_dir.resolve(environment)?;
    let begin = SystemClock.now().boot;
    let mut asked: Vec<String> = Vec::new();
    loop {
        let (reason, action) = match client::get(&state_dir, "/v1/status", client::AT_HAND) {
            Ok(body) => {
                let mut document: StatusDocument = client::parsed(&state_dir, "/v1/status", &body)?;
                validity::select(&mut document, &args.aliases)?;
                let (least, now) = (args.min_valid.unwrap_or(LEAST), SystemClock.now().wall);
                match lack(&document, least, now) {
                    None => return Ok(ExitCode::Ok),
                    Some(Lack::Person(message, action)) => {
                        return Err(Failure::new(ExitCode::AllFailed, message, action));
                    }
                    Some(Lack::Time(_, reason)) if args.first_round && all_tried(&document, least, now) => {
                        let well = document.profiles.iter().filter(|status| status.profile.fault.is_none()).count();
                        let failed = document.profiles.len() - well;
                        let code = Tally { well, failed, ..Tally::default() }.into();
                        return Err(Failure::new(code, format!("not every role can be used: {reason}"), ""));
                    }
                    Some(Lack::Time(short, reason)) => {
                        // Once each: what comes of it is seen here.
                        let new: Vec<String> = short.into_iter().filter(|alias| !asked.contains(alias)).collect();
                        if !new.is_empty() && client::refresh::ask_and_leave(&state_dir, &new) {
                            asked.extend(new);
                        }
                        (reason, String::new())
                    }
                }
            }
            Err(
                error @ (AskError::NoAgent { .. }
                | AskError::Full { .. }
                | AskError::Late { .. }
                | AskError::Refused(_)),
            ) => {
                let Failure { message, action, .. } = error.into();
                (message, action)
            }
            Err(error) => return Err(error.into()),
        };
        if SystemClock.now().boot.saturating_sub(begin) >= args.timeout {
            let message = format!("not ready within {}: {reason}", duration::words(args.timeout));
            return Err(Failure::new(ExitCode::TimeLimit, message, action));
        }
        thread::sleep(PAUSE);
    }
}

/// What the roles of the document lack; none when each can be used for as long as `least`.
fn lack(document: &StatusDocument, least: Duration, now: Timestamp) -> Option<Lack> {
    let mut reasons = Vec::new();
    let mut short = Vec::new();
    for status in &document.profiles {
        let alias = &status.profile.alias;
        let fault = status.profile.fault.as_ref();
        if let Some(fault) = fault.filter(|fault| fault.kind == "profile_taken") {
            return Some(Lack::Person(fault.message.clone(), fault.action.clone()));
        }
        if let Some(longest) = status.asked_for_seconds.map(Duration::from_secs).filter(|longest| *longest < least) {
            let message = format!("{alias} has sessions of {}", duration::words(longest));
            let action =
                format!("ask for less than {}, or start the agent with a longer --duration", duration::words(least));
            return Some(Lack::Person(message, action));
        }
        match validity::shortfall(status, now, least) {
            Some(why) => {
                if validity::left(status, now).is_some() && !status.attempt_under_way {
                    short.push(alias.clone());
                }
                reasons.push(format!("{alias}: {why}"));
            }
            None if !is_there(document, status) => {
                let why = fault.map_or_else(|| "its profile is not written yet".into(), |fault| fault.message.clone());
                reasons.push(format!("{alias}: {why}"));
            }
            None => {}
        }
    }
    if document.profiles.is_empty() {
        reasons.push("the agent has no role".into());
    }
    if reasons.is_empty() {
        let unusable = document.problems.iter().find(|problem| is_setting(&problem.origin))?;
        let message = format!("{}: {}", unusable.origin, unusable.message);
        return Some(Lack::Person(message, unusable.action.clone()));
    }
    Some(Lack::Time(short, reasons.join("\n  ")))
}

/// Whether a problem is one of a setting: of a variable, or of the settings file, which is told by its path. Others are those
/// of writers.
fn is_setting(origin: &str) -> bool {
    origin.starts_with(env_roles::PREFIX) || origin.starts_with('/')
}

/// Whether the profile is there, as far as there are any.
fn is_there(document: &StatusDocument, status: &ProfileStatus) -> bool {
    document.agent.publish == "none" || status.profile.published
}

/// Whether each role can be used or is known not to be.
fn all_tried(document: &StatusDocument, least: Duration, now: Timestamp) -> bool {
    let usable =
        |status: &ProfileStatus| validity::shortfall(status, now, least).is_none() && is_there(document, status);
    let tried = |status: &ProfileStatus| status.profile.fault.is_some() || usable(status);
    !document.profiles.is_empty() && document.profiles.iter().all(tried)
}

#[cfg(test)]
mod tests;
