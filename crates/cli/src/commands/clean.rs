//! `rolecall clean`: takes everything of ours away again, and says what.

use std::fmt::Write as _;

use anstyle::Style;
use rolecall_agent::settings::paths;
use rolecall_agent::state::clean::{self, CleanError, Gone, Report, Stays, UsersFile};
use rolecall_agent::state::state_dir::StateDirError;
use rolecall_formats::config::File;

use crate::args::StateDirArg;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;

/// Take everything of rolecall out of your files
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    state_dir: StateDirArg,
}

const AFTER_HELP: &str = "\
Removed are the marked blocks with the profiles of this state directory, in the AWS files of this environment and of the \
last agent, and what agents keep in the state directory, sessions included. Sessions that programs have already are \
valid until they end. It asks nothing, and leaves everything alone while an agent runs.

Blocks of other state directories stay, and so do the copies that --take-over made of your files; they are named.

Examples:
  rolecall clean --dry-run
  rolecall clean

Exit codes:
  0  nothing of rolecall is left, or nothing was there
  1  something could not be removed
  2  wrong command line or settings, or a file of yours has to be mended first
  8  an agent uses the state directory";

/// Cleans and prints what is gone and what stays.
///
/// # Errors
/// When an agent runs, or something cannot be removed.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    let lookup = |name: &str| environment.get(name);
    let users = vec![
        UsersFile { path: paths::config_file(lookup)?, kind: File::Config },
        UsersFile { path: paths::credentials_file(lookup)?, kind: File::Credentials },
    ];
    let outcome = clean::clean(&args.state_dir.resolve(environment)?, users, args.dry_run);
    let (report, error) = match outcome {
        Ok(report) => (report, None),
        Err((report, error)) => (report, Some(error)),
    };
    if error.is_none() || report != Report::default() {
        output::print_styled(&text(&report, args.dry_run))?;
    }
    error.map_or(Ok(ExitCode::Ok), |error| Err(error.into()))
}

fn text(report: &Report, dry_run: bool) -> String {
    const BOLD: Style = Style::new().bold();
    let verb = if dry_run { "would remove" } else { "removed" };
    let mut text = String::new();
    // Writing to a string cannot fail: so nothing below looks at the results.
    for gone in &report.gone {
        let what = match gone {
            Gone::Profiles { path, names } if names.is_empty() => format!("our block in {}", path.display()),
            Gone::Profiles { path, names } => format!("the profiles {} in {}", names.join(", "), path.display()),
            Gone::File(path) => path.display().to_string(),
            Gone::Directory(path) => format!("{}/", path.display()),
        };
        let _ = writeln!(text, "{BOLD}{verb}{BOLD:#} {what}");
    }
    for stays in &report.stays {
        let what = match stays {
            Stays::Block { path, id } => format!("the block {id} of another state directory in {}", path.display()),
            Stays::Backup(path) => format!("{}, a copy of your own file", path.display()),
            Stays::Foreign(path) => format!("{}, which rolecall did not write", path.display()),
        };
        let _ = writeln!(text, "{BOLD}stays{BOLD:#}   {what}");
    }
    if report.gone.is_empty() {
        text.push_str("Nothing to remove.\n");
    }
    text
}

impl From<CleanError> for Failure {
    fn from(error: CleanError) -> Self {
        let message = error.to_string();
        match error {
            CleanError::StateDir(StateDirError::InUse { .. }) => Self::new(ExitCode::StateDirInUse, message, ""),
            CleanError::StateDir(_) => Self::new(ExitCode::Usage, message, ""),
            CleanError::File(error) => Self::new(ExitCode::Usage, message, error.fault().action),
            CleanError::Block { .. } => Self::new(ExitCode::Usage, message, "then run this again"),
            CleanError::Remove { .. } => Self::new(ExitCode::Bug, message, "remove it yourself"),
        }
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    #[test]
    fn everything_is_named() {
        let report = Report {
            gone: vec![
                Gone::Profiles { path: "/c".into(), names: vec!["a".into(), "b".into()] },
                Gone::Profiles { path: "/k".into(), names: vec![] },
                Gone::File("/s/lock".into()),
                Gone::Directory("/s".into()),
            ],
            stays: vec![
                Stays::Block { path: "/c".into(), id: "0123abcd".parse().unwrap() },
                Stays::Backup("/c.rolecall-backup-1".into()),
                Stays::Foreign("/s/mine".into()),
            ],
        };
        let expected = "\
removed the profiles a, b in /c
removed our block in /k
removed /s/lock
removed /s/
stays   the block 0123abcd of another state directory in /c
stays   /c.rolecall-backup-1, a copy of your own file
stays   /s/mine, which rolecall did not write
";
        assert_eq!(strip_str(&text(&report, false)).to_string(), expected);
        assert!(strip_str(&text(&report, true)).to_string().starts_with("would remove the profiles"));
        assert_eq!(text(&Report::default(), false), "Nothing to remove.\n");
    }
}
