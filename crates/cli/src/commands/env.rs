//! `rolecall env ALIAS`: lines for a shell to evaluate, after which it and what it starts are one role and nothing else.
//!
//! The same changes as `rolecall exec` makes for its command, with what lasts: the agent's own token and files for the
//! alias. Nothing but the lines goes to stdout.

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use rolecall_agent::serve::wire::StatusDocument;
use rolecall_agent::state::absent;
use rolecall_agent::state::env_files::EnvFiles;
use rolecall_agent::state::tokens::token_path;
use rolecall_core::port::Clock as _;
use rolecall_core::{Alias, Region};
use rolecall_formats::export::Shell;
use rolecall_rotator::SystemClock;
use zeroize::Zeroizing;

use crate::args::StateDirArg;
use crate::client::{self, AskError};
use crate::commands::credentials;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::one_role::keys::Keys;
use crate::one_role::known;
use crate::one_role::variables::{Change, Credentials, Handover, changes};
use crate::state_dir::StateDir;
use crate::{hardening, output};

const STATUS: &str = "/v1/status";

/// Print what makes a shell one role and nothing else
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The role: its profile name
    #[arg(value_parser = Alias::of_profile)]
    alias: Alias,
    /// The shell that evaluates it: sh (bash, zsh, dash, ksh), fish or powershell [default: that of $SHELL, else sh]
    #[arg(long, value_name = "SHELL")]
    shell: Option<Shell>,
    /// Print the keys themselves, for programs that know no credentials endpoint; they are not refreshed
    #[arg(long)]
    keys: bool,
    #[command(flatten)]
    state_dir: StateDirArg,
}

const AFTER_HELP: &str = "\
The shell, and what it starts, find the role where AWS programs look for a container's credentials, refreshed as long as \
the agent runs, and none of your profiles, keys or files. With --keys the lines hold secrets, and no agent \
is needed, if one has run here before.

Examples:
  eval \"$(rolecall env MyFirstAccount)\"
  aws sts get-caller-identity

  In fish, and in PowerShell:
    rolecall env MyFirstAccount --shell fish | source
    rolecall env MyFirstAccount --shell powershell | Out-String | iex

  For one command, `exec` leaves the shell as it is:
    rolecall exec MyFirstAccount -- aws sts get-caller-identity

Exit codes:
  0  printed
  2  wrong command line or settings
  4  with --keys: the role has no session
  5  no role has that alias
  6  no agent runs, or it has no endpoint, or it is another user's
  7  the agent does not answer; with --keys: the role is still being assumed";

/// Prints the lines.
///
/// # Errors
/// When there is no agent to ask, or it has no such role, no endpoint or no session.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    hardening::no_core_dumps();
    let state_dir = args.state_dir.resolve(environment)?;
    let of_environment = || Shell::of_program(&environment.text("SHELL")?);
    let shell = args.shell.or_else(of_environment).unwrap_or(Shell::Sh);
    let changes = if args.keys { keys(args, &state_dir, environment) } else { endpoint(args, &state_dir, environment) };
    output::print_document(lines(shell, &changes?)?)?;
    if io::stdout().is_terminal() {
        output::tell(format_args!("note: this is for a shell to evaluate: {}", usage(shell, &args.alias)));
    }
    Ok(ExitCode::Ok)
}

/// What makes a program ask the agent's endpoint.
fn endpoint(args: &Args, state_dir: &StateDir, environment: &Environment) -> Result<Vec<Change>, Failure> {
    let status = status(state_dir)?;
    let region = region(&args.alias, &status)?;
    let Some(url) = status.agent.endpoint else {
        let action = "start it without `--endpoint false`, or print the keys with --keys";
        return Err(Failure::new(ExitCode::NothingToAsk, "the agent has no loopback endpoint", action));
    };
    let state_dir = absolute(state_dir);
    let url = format!("{url}/v1/credentials/{}", args.alias);
    let token_file = token_path(&state_dir, &args.alias);
    let credentials = Credentials::Endpoint { url: &url, token_file: &token_file };
    Ok(changed(args, &state_dir, environment, credentials, region.as_ref()))
}

/// What makes a program use the keys of the session that is held now.
fn keys(args: &Args, state_dir: &StateDir, environment: &Environment) -> Result<Vec<Change>, Failure> {
    let document = credentials::document(&args.alias, state_dir, environment)?;
    let keys = Keys::parse(&document).ok_or_else(|| client::not_credentials(state_dir))?;
    let region = match status(state_dir) {
        Ok(status) => region(&args.alias, &status)?,
        Err(error) if error.is_absence() => {
            let roles = absent::definitions(state_dir)?.map(|definitions| definitions.roles).unwrap_or_default();
            roles.into_iter().find(|role| role.alias == args.alias).and_then(|role| role.region)
        }
        Err(error) => return Err(error.into()),
    };
    keys.tell_if_little_is_left(&args.alias, SystemClock.now().wall);
    let state_dir = absolute(state_dir);
    Ok(changed(args, &state_dir, environment, Credentials::Keys(&keys), region.as_ref()))
}

/// The state directory as the agent found it: a path that is right in every directory.
fn absolute(state_dir: &StateDir) -> PathBuf {
    std::path::absolute(&**state_dir).unwrap_or_else(|_| state_dir.to_path_buf())
}

fn changed(
    args: &Args,
    state_dir: &Path,
    environment: &Environment,
    credentials: Credentials<'_>,
    region: Option<&Region>,
) -> Vec<Change> {
    let files = EnvFiles::of(state_dir, &args.alias);
    changes(environment.variables().map(|(name, _)| name), Handover { credentials, region, files: &files })
}

fn status(state_dir: &StateDir) -> Result<StatusDocument, AskError> {
    client::parsed(state_dir, STATUS, &client::get(state_dir, STATUS, client::AT_HAND)?)
}

/// The Region of a role, if it has one.
fn region(alias: &Alias, status: &StatusDocument) -> Result<Option<Region>, Failure> {
    known::region(known::find(alias, status.profiles.iter().map(|status| &status.profile))?)
}

/// The text that a shell evaluates. It may hold a secret.
fn lines(shell: Shell, changes: &[Change]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut text = Zeroizing::new(Vec::new());
    for Change { name, value } in changes {
        let name = checked(name)?;
        let line = match value {
            Some(value) => shell.set(name, checked(value.as_os_str())?),
            None => shell.unset(name),
        };
        text.extend_from_slice(Zeroizing::new(line).as_bytes());
    }
    Ok(text)
}

fn checked(text: &OsStr) -> Result<&str, Failure> {
    text.to_str().ok_or_else(|| {
        let message = format!("{} is not UTF-8, and no shell could be told it", text.display());
        Failure::new(ExitCode::Usage, message, "use a --state-dir in plain ASCII")
    })
}

fn usage(shell: Shell, alias: &Alias) -> String {
    match shell {
        Shell::Sh => format!("eval \"$(rolecall env {alias})\""),
        Shell::Fish => format!("rolecall env {alias} --shell fish | source"),
        Shell::PowerShell => format!("rolecall env {alias} --shell powershell | Out-String | Invoke-Expression"),
    }
}
