//! `rolecall completions SHELL`: what a shell has to know to complete our commands and flags.

use clap::CommandFactory as _;
use clap_complete::Shell;
use zeroize::Zeroizing;

use crate::args::Cli;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;

/// Print what a shell needs to complete commands and flags
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

const AFTER_HELP: &str = "\
Examples:
  In ~/.bashrc:
    source <(rolecall completions bash)

  In ~/.zshrc, before compinit:
    mkdir -p ~/.zfunc && rolecall completions zsh > ~/.zfunc/_rolecall
    fpath+=~/.zfunc

  For fish:
    rolecall completions fish > ~/.config/fish/completions/rolecall.fish";

/// Prints it.
///
/// # Errors
/// When stdout takes no more.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rolecall", &mut script);
    output::print_document(Zeroizing::new(script))?;
    Ok(ExitCode::Ok)
}
