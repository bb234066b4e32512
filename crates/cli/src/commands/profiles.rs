//! `rolecall profiles`: which profiles there are, for an agent program that chooses one, and for people.

mod of_config;

use jiff::Timestamp;
use rolecall_agent::serve::wire::ProfilesDocument;

use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output::table::{Cell, Fit, Table};
use crate::output::{self, duration};
use crate::report::ReportArgs;

/// List the profiles that the agent keeps
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// List the profiles of your AWS config that assume a role instead, as an agent with this flag would keep them; none has
    /// to run, and AWS is not asked
    #[arg(long)]
    from_aws_config: bool,
    #[command(flatten)]
    report: ReportArgs,
}

const AFTER_HELP: &str = "\
Examples:
  rolecall profiles
  rolecall profiles --from-aws-config
  The profiles that can be used now:
    rolecall profiles --output json |
      jq -r '.profiles[] | select(.published and .expires_at) | .alias'

Exit codes:
  0  listed
  2  wrong command line, or an AWS config that cannot be read
  6  no agent runs, or it is another user's
  7  the agent does not answer";

/// Prints the list.
///
/// # Errors
/// When there is no agent to ask, or stdout takes no more.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    if args.from_aws_config {
        let (answer, notes) = of_config::answer(&args.report.state_dir.resolve(environment)?, environment)?;
        args.report.print(answer, of_config::text)?;
        for note in notes {
            output::tell(format_args!("note: {note}"));
        }
    } else {
        args.report.print(args.report.ask(environment, "/v1/profiles")?, text)?;
    }
    Ok(ExitCode::Ok)
}

fn text(document: &ProfilesDocument, now: Timestamp, width: Option<usize>) -> String {
    let mut text = table(document, now, width);
    let faulty = document.profiles.iter().any(|profile| profile.fault.is_some());
    if faulty || !document.problems.is_empty() {
        text.push_str("\nNot all is well: `rolecall status` says what and what to do.\n");
    }
    text
}

fn table(document: &ProfilesDocument, now: Timestamp, width: Option<usize>) -> String {
    let mut table = Table::new([
        ("ALIAS", Fit::Shorten),
        ("ACCOUNT", Fit::Keep),
        ("ROLE", Fit::Shorten),
        ("REGION", Fit::Drop(2)),
        ("FROM", Fit::Drop(3)),
        ("STATE", Fit::Keep),
        ("EXPIRES", Fit::Keep),
        ("DEFAULT", Fit::Drop(1)),
    ]);
    for profile in &document.profiles {
        let expires = duration::time(profile.expires_at.as_deref());
        table.add([
            Cell::new(&profile.alias),
            Cell::new(&profile.account),
            Cell::new(&profile.role),
            Cell::new(profile.region.as_deref().unwrap_or("-")),
            Cell::new(source(&profile.source)),
            Cell::state(&profile.state),
            Cell::new(expires.map_or_else(|| "-".into(), |then| duration::relative(now, then))),
            Cell::new(if profile.default { "default" } else { "" }),
        ]);
    }
    table.render(width)
}

/// Where a role is assumed from, in a word: not where the token is.
fn source(source: &str) -> &str {
    if source.starts_with("web-identity:") { "web-identity" } else { source.strip_prefix("role:").unwrap_or(source) }
}

#[cfg(test)]
mod tests;
