//! `rolecall validate`: assumes every role once and says which of them can be: for CI, and before a change is rolled out.
//!
//! Promises to ask no agent, to write nothing anywhere, and to call STS at an agent's pace. `settings` says which roles
//! there are and `wanted` which of them are meant, `rounds` has them assumed, `outcome` is what came of it, and `page`,
//! `document` and `junit` are how that is told.

mod document;
mod junit;
mod outcome;
mod page;
mod progress;
mod rounds;
mod settings;
mod tries;
mod wanted;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rolecall_agent::settings::{parse_duration, parse_session_duration};
use rolecall_core::port::Clock as _;
use rolecall_core::{Alias, RoleArn};
use rolecall_rotator::SystemClock;

use crate::args::{AwsConfigArg, BudgetArgs, Sourced, StateDirArg};
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::one_role::assume;
use crate::stop_signal::StopSignal;
use crate::{hardening, output, runtime, settings_file};
use outcome::Verdict;
use settings::Here;
use tries::Tries;

/// Assume every role once and say which ones can be, without an agent
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The roles, by profile name; none: all that are defined here
    #[arg(value_name = "ALIAS", value_parser = Alias::of_profile)]
    aliases: Vec<Alias>,
    /// A role that nobody has defined, assumed with the base credentials; may be given more than once. Without an ALIAS
    /// beside it, no others are assumed
    #[arg(long = "role", value_name = "ARN")]
    arns: Vec<RoleArn>,
    /// The settings file, as for the agent
    #[arg(long, value_name = "PATH", env = settings_file::VARIABLE, hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    aws_config: AwsConfigArg,
    /// For how long to ask again, every 2 s, for roles that AWS denies, throttles or does not answer for. A role that was
    /// created, or a permission that was given, a moment ago is denied for some seconds
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    wait: Option<Duration>,
    /// A text for people, JSON for programs, or JUnit XML for the test report of a CI job
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Format,
    /// The length of session to ask for, 15m to 12h
    #[arg(long, value_name = "TIME", env = "ROLECALL_DURATION", hide_env_values = true, default_value = "1h",
        value_parser = parse_session_duration)]
    duration: Duration,
    #[command(flatten)]
    budget: BudgetArgs,
    #[command(flatten)]
    state_dir: StateDirArg,
}

/// How the verdict is told.
// The variants have no doc comments: clap would give each a paragraph in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Junit,
}

const AFTER_HELP: &str = "\
The roles are those that an agent would have if it were started here: from AWS_ROLE_1 and so on, and from the settings \
file. Each is assumed once, with its own settings and from its own source, at the pace of an agent; the sessions are thrown \
away and nothing is written. Roles along a chain are assumed with the session of the one before, so one that cannot be \
assumed fails all that need it. A setting that cannot be used counts as a role that failed; a profile that --from-aws-config \
leaves out, for its MFA device for example, does not.

Examples:
  rolecall validate
  rolecall validate production staging

  In a CI job, with a report that it shows beside the tests:
    rolecall validate --config rolecall.toml --output junit > roles.xml

  A role that was created a moment ago:
    rolecall validate --role arn:aws:iam::123456789012:role/New --wait 30s

  What is wrong, for a program:
    rolecall validate --output json |
      jq '.roles[] | select(.result == \"failed\") | .fault'

Exit codes:
  0  every role can be assumed
  2  wrong command line or settings, or there is no role
  3  some roles cannot be assumed, or settings cannot be used
  4  no role can be assumed
  5  no role has that alias
  130, 143  ended by Ctrl-C or by `kill` before every role was tried";

/// Assumes the roles and prints what came of it.
///
/// # Errors
/// When there is nothing to assume, a signal ends it, or stdout takes no more.
pub(crate) fn run(args: &Sourced<Args>, environment: &Environment) -> Result<ExitCode, Failure> {
    hardening::no_core_dumps();
    hardening::many_files();
    let Here { found, defaults, budget, state_dir } = settings::read(args, environment)?;
    let Args { aliases, arns, wait, output, .. } = &args.args;
    let defined = found.roles.clone();
    let wanted = wanted::choose(aliases, arns, found, &defaults)?;
    if let Some(first) = wanted.roles.first() {
        assume::check_depth(&first.alias, environment)?;
    }
    // As an agent would find it that is started here, and not as the last one did.
    let base = assume::present_environment(environment);
    let sts = Arc::new(assume::sts(&defined, &state_dir, &base)?);
    let tries = Arc::new(Tries::new(sts, Arc::new(SystemClock), wait.is_some()));
    let begin = SystemClock.now().boot;
    let reports = runtime::run(async {
        let mut stop = StopSignal::catch()?;
        tokio::select! {
            reports = rounds::run(&wanted.roles, Arc::clone(&tries), budget, wait.unwrap_or_default()) => reports,
            never = progress::show(&tries, &wanted.roles, environment) => match never {},
            signal = stop.received() => {
                let message = format!("ended by {} before every role was tried", signal.name());
                Err(Failure::new(signal.into(), message, ""))
            }
        }
    })?;
    let took = SystemClock.now().boot.saturating_sub(begin);
    let verdict = Verdict::new(wanted, reports, |alias| tries.took(alias), took);
    match output {
        Format::Table => output::print_styled(&page::text(&verdict, output::terminal_width()))?,
        Format::Json => output::print_document(document::json(&verdict).into())?,
        Format::Junit => output::print_document(junit::xml(&verdict)?.into())?,
    }
    Ok(verdict.tally().into())
}
