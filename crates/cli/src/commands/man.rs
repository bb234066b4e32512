//! `rolecall man`: the manual pages, made from the same definitions as `--help`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_mangen::Man;
use zeroize::Zeroizing;

use crate::args::Cli;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;

/// Print a manual page, or write all of them
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The command whose page is printed; none: that of rolecall itself
    #[arg(value_name = "COMMAND", conflicts_with = "output_dir")]
    command: Option<String>,
    /// Write every page into this directory, which is created
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Examples:
  rolecall man agent | man -l -
  rolecall man --output-dir /usr/local/share/man/man1";

/// Prints or writes.
///
/// # Errors
/// When there is no such command, or the pages cannot be written.
pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let pages = pages();
    match &args.output_dir {
        Some(directory) => write(&pages, directory)?,
        None => {
            let name = args.command.as_ref().map_or_else(|| "rolecall".into(), |command| format!("rolecall-{command}"));
            let page = pages.iter().find(|page| name_of(page) == name).ok_or_else(|| unknown(&name))?;
            let text = rendered(page).map_err(|error| bug(&error))?;
            output::print_document(Zeroizing::new(text))?;
        }
    }
    Ok(ExitCode::Ok)
}

/// Every command, shown under the name of its page.
fn pages() -> Vec<clap::Command> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    let shown = cli.get_subcommands().filter(|command| !command.is_hide_set());
    let commands: Vec<clap::Command> =
        shown.map(|command| command.clone().display_name(format!("rolecall-{}", command.get_name()))).collect();
    std::iter::once(cli).chain(commands).collect()
}

fn name_of(page: &clap::Command) -> &str {
    page.get_display_name().unwrap_or(page.get_name())
}

fn rendered(page: &clap::Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let source = format!("rolecall {}", env!("CARGO_PKG_VERSION"));
    Man::new(page.clone()).source(source).render(&mut text)?;
    Ok(text)
}

fn write(pages: &[clap::Command], directory: &Path) -> Result<(), Failure> {
    let failed = |path: &Path, error: &io::Error| {
        let message = format!("write {}: {error}", path.display());
        Failure::new(ExitCode::Usage, message, "name a directory that you can write to")
    };
    fs::create_dir_all(directory).map_err(|error| failed(directory, &error))?;
    for page in pages {
        let path = directory.join(format!("{}.1", name_of(page)));
        let text = rendered(page).map_err(|error| bug(&error))?;
        fs::write(&path, text).map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

fn unknown(name: &str) -> Failure {
    let command = name.trim_start_matches("rolecall-");
    Failure::new(ExitCode::Usage, format!("there is no command {command:?}"), "`rolecall --help` lists the commands")
}

fn bug(error: &io::Error) -> Failure {
    Failure::new(ExitCode::Bug, format!("make the manual page: {error}"), "report this")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_settings() {
        let pages = pages();
        let text = |name: &str| {
            let page = pages.iter().find(|page| name_of(page) == name).unwrap();
            String::from_utf8(rendered(page).unwrap()).unwrap()
        };
        assert!(text("rolecall").contains("rolecall\\-agent"));
        let agent = text("rolecall-agent");
        for part in ["\\-\\-publish", "ROLECALL_STATE_DIR", "Exit codes", ".TH rolecall-agent 1"] {
            assert!(agent.contains(part), "{part}: {agent}");
        }
        assert_eq!(pages.len(), 1 + Cli::command().get_subcommands().count());
    }

    #[test]
    fn the_pages_are_written_one_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let directory = dir.path().join("man1");
        write(&pages(), &directory).unwrap();
        assert!(directory.join("rolecall.1").exists() && directory.join("rolecall-status.1").exists());
        fs::write(dir.path().join("file"), "").unwrap();
        let failure = write(&pages(), &dir.path().join("file")).unwrap_err();
        assert_eq!(failure.code, ExitCode::Usage);
    }
}
