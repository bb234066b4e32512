//! The command line: every command, and the arguments that several share. What a command takes stands in its own file.

mod aws_config;
mod budget;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use rolecall_agent::settings::paths;

use crate::commands;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::state_dir::StateDir;

pub(crate) use aws_config::AwsConfigArg;
pub(crate) use budget::BudgetArgs;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// The variable that names the state directory.
const STATE_DIR_VARIABLE: &str = "ROLECALL_STATE_DIR";

/// Every AWS role that you need, each as a profile whose credentials never expire.
#[derive(Debug, Parser)]
#[command(name = "rolecall", version, styles = STYLES, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  See it work, without AWS:
    rolecall demo

  Two roles as profiles, as long as the agent runs:
    export AWS_ROLE_1=arn:aws:iam::123456789012:role/MyFirstRole:MyFirstAccount
    export AWS_ROLE_2=arn:aws:iam::210987654321:role/SecondRole:SecondAccount
    rolecall agent &
    rolecall wait
    aws --profile MyFirstAccount sts get-caller-identity

`rolecall help COMMAND` has examples for each command.";

/// The commands, those of everyday use first.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Agent(Sourced<commands::agent::Args>),
    Status(commands::status::Args),
    Profiles(commands::profiles::Args),
    Wait(commands::wait::Args),
    Refresh(commands::refresh::Args),
    Validate(Sourced<commands::validate::Args>),
    Exec(commands::exec::Args),
    Env(commands::env::Args),
    Explain(commands::explain::Args),
    Credentials(commands::credentials::Args),
    Revoke(commands::revoke::Args),
    Render(commands::render::Args),
    Clean(commands::clean::Args),
    Demo(commands::demo::Args),
    Sandbox(commands::sandbox::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
}

// No doc comment: clap would take it for the description of every command that has this.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StateDirArg {
    /// The directory of the agent's own files [default: $XDG_STATE_HOME/rolecall, else ~/.local/state/rolecall]
    #[arg(long, value_name = "DIR", env = STATE_DIR_VARIABLE, hide_env_values = true)]
    state_dir: Option<PathBuf>,
}

/// Arguments, with those of them that nobody gave: a file may say what to take in their place.
#[derive(Debug)]
pub(crate) struct Sourced<A> {
    pub(crate) args: A,
    by_default: BTreeSet<String>,
}

impl<A> Sourced<A> {
    /// Whether the argument `id`, which has a default, was given.
    pub(crate) fn is_given(&self, id: &str) -> bool {
        !self.by_default.contains(id)
    }

    /// The value of the argument `id`: as it was given, else as the file says, else the default.
    pub(crate) fn or<T>(&self, id: &str, given: T, file: Option<T>) -> T {
        match file {
            Some(file) if self.by_default.contains(id) => file,
            _ => given,
        }
    }
}

impl<A: clap::Args> clap::Args for Sourced<A> {
    fn augment_args(command: clap::Command) -> clap::Command {
        A::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        A::augment_args_for_update(command)
    }
}

impl<A: clap::Args> clap::FromArgMatches for Sourced<A> {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        let ids = matches.ids().map(clap::Id::as_str);
        let is_default = |id: &&str| matches.value_source(id) == Some(ValueSource::DefaultValue);
        let by_default = ids.filter(is_default).map(str::to_owned).collect();
        Ok(Self { args: A::from_arg_matches(matches)?, by_default })
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// How a command prints what it has to say: a text for people, or JSON on one line for programs.
// The variants have no doc comments: clap would give each a paragraph in the help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    #[default]
    Table,
    Json,
}

impl Cli {
    /// Reads the command line of this process. Help, version and mistakes are printed here and end the process.
    pub(crate) fn read(environment: &Environment) -> Self {
        // An empty variable counts as unset, as it does for the AWS programs.
        let empty = |name: &str| environment.get(name).is_some_and(|value| value.is_empty());
        if !environment.variables().any(|(name, value)| is_ours(&name) && value.is_empty()) {
            return Self::try_parse().unwrap_or_else(|error| ended(&error));
        }
        Self::without(empty).try_get_matches().map_or_else(|error| ended(&error), |matches| Self::of(&matches))
    }

    /// Reads a command line as if no variable were set.
    #[cfg(test)]
    pub(crate) fn of_line(line: &[&str]) -> Result<Self, clap::Error> {
        Self::without(|_| true).try_get_matches_from([&["rolecall"], line].concat()).map(|matches| Self::of(&matches))
    }

    /// The command line without the variables that are to count as unset.
    fn without(is_unset: impl Fn(&str) -> bool) -> clap::Command {
        Self::command().mut_subcommands(|command| {
            command.mut_args(|arg| match arg.get_env().and_then(OsStr::to_str) {
                Some(name) if is_unset(name) => arg.env(None::<&'static str>),
                _ => arg,
            })
        })
    }

    fn of(matches: &clap::ArgMatches) -> Self {
        Self::from_arg_matches(matches).unwrap_or_else(|error| error.exit())
    }
}

/// Prints help, version or a mistake and ends the process.
fn ended(error: &clap::Error) -> ! {
    // Scripts tell by it whether the command was run.
    let of_exec = std::env::args_os().nth(1).is_some_and(|command| command == "exec");
    if of_exec && error.use_stderr() {
        // Nobody is left to tell that stderr is closed.
        let _ = error.print();
        std::process::exit(ExitCode::NotStarted as i32);
    }
    error.exit()
}

fn is_ours(variable: &OsStr) -> bool {
    variable.to_str().is_some_and(|name| name.starts_with("ROLECALL_"))
}

impl StateDirArg {
    /// The directory that is meant.
    ///
    /// # Errors
    /// When none is named and there is no home directory.
    pub(crate) fn resolve(&self, environment: &Environment) -> Result<StateDir, Failure> {
        match &self.state_dir {
            Some(path) => Ok(StateDir::named(path.clone())),
            None => Ok(StateDir::default_of_user(paths::default_state_dir(|name| environment.get(name))?)),
        }
    }

    /// The directory that a command without the flag means, started in this environment.
    pub(crate) fn inherited(environment: &Environment) -> Option<PathBuf> {
        let named = environment.get(STATE_DIR_VARIABLE).filter(|value| !value.is_empty());
        Self { state_dir: named.map(PathBuf::from) }.resolve(environment).ok().map(PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_state_directory_that_is_named_wins() {
        let environment = Environment::from([("HOME", "/h")]);
        let resolve = |line: &[&str]| {
            let cli = Cli::of_line(&[&["credentials", "a"], line].concat()).unwrap();
            let Command::Credentials(args) = cli.command else { unreachable!() };
            args.state_dir.resolve(&environment).unwrap()
        };
        assert_eq!(resolve(&["--state-dir", "/s"]), StateDir::named("/s".into()));
        assert_eq!(resolve(&[]), StateDir::default_of_user("/h/.local/state/rolecall".into()));
    }
}
