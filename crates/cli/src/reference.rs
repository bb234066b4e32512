//! The reference in `docs/reference.md`: every command with its settings, made from the same definitions as `--help`.
//!
//! Promises that the file and the program say the same: where they differ the file is written anew and the test fails,
//! once. What a command is good for is left to the guides.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};

use crate::args::Cli;

const HEAD: &str = "\
# Reference

Every command and every setting, made from the program itself by `cargo test -p rolecall-cli reference`; edits in here are
lost. A setting has one name: the flag `--refresh-before` is the variable `ROLECALL_REFRESH_BEFORE`, and for the agent the
key `refresh_before` of its [settings file](guides/configuration.md). A flag wins over a variable, a variable over the file,
the file over the default, and an empty variable counts as unset.

Besides these, the agent reads the variables of the AWS programs, and the roles:

| Variable | Meaning |
|---|---|
| `AWS_ROLE_<n>` | `<role ARN>:<name>`, n from 1: a role and the name of its profile |
| `AWS_REGION`, else `AWS_DEFAULT_REGION` | the Region of the profiles, and of the STS that is asked |
| `AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE` | the user's files, `~/.aws/config` and `~/.aws/credentials` by default |
| `AWS_PROFILE`, `AWS_ACCESS_KEY_ID`, `AWS_WEB_IDENTITY_TOKEN_FILE`, … | the base credentials, as for every AWS program |
| `AWS_ENDPOINT_URL_STS`, else `AWS_ENDPOINT_URL` | another STS than that of AWS |
| `AWS_CA_BUNDLE`, `HTTPS_PROXY`, `NO_PROXY` | how AWS is reached |
| `ROLECALL_LOG` | the level of the log: `off`, `error`, `warn`, `info` (the default), `debug`, `trace` |
";

/// The whole file.
fn reference() -> String {
    let mut cli = Cli::command();
    cli.build();
    let mut text = HEAD.to_owned();
    for command in cli.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set()) {
        section(&mut text, command);
    }
    text
}

// Writing to a string cannot fail: so nothing below looks at the results.
fn section(text: &mut String, command: &Command) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let _ = write!(text, "\n## `rolecall {}`\n\n{about}.\n\n```text\n{usage}\n```\n", command.get_name());
    let mut args: Vec<&Arg> =
        command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_id() != "help").collect();
    args.sort_by_key(|arg| !arg.is_positional());
    if !args.is_empty() {
        text.push_str("\n| Setting | Variable | Default | Meaning |\n|---|---|---|---|\n");
    }
    for arg in args {
        let _ = writeln!(text, "| {} | {} | {} | {} |", name(arg), variable(arg), default(arg), meaning(arg));
    }
    if let Some(more) = command.get_after_help() {
        let _ = write!(text, "\n```text\n{}\n```\n", more.to_string().trim_end());
    }
}

fn name(arg: &Arg) -> String {
    let value = arg.get_value_names().filter(|_| arg.get_action().takes_values());
    let value = value.and_then(<[_]>::first).map(ToString::to_string).unwrap_or_default();
    match arg.get_long() {
        Some(long) => format!("`{}`", format!("--{long} {value}").trim_end()),
        None => format!("`{value}`"),
    }
}

fn variable(arg: &Arg) -> String {
    arg.get_env().map_or_else(String::new, |name| format!("`{}`", name.to_string_lossy()))
}

fn default(arg: &Arg) -> String {
    let values: Vec<_> =
        arg.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    if arg.get_action().takes_values() { values.join(" ") } else { String::new() }
}

fn meaning(arg: &Arg) -> String {
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values: Vec<_> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && arg.get_action().takes_values() && !arg.is_hide_possible_values_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() {
        let _ = write!(help, " ({})", values.join(", "));
    }
    help.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn the_reference_is_what_the_program_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference.md");
    let (wanted, found) = (reference(), std::fs::read_to_string(&path).unwrap_or_default());
    if wanted != found {
        std::fs::write(&path, wanted).unwrap();
        panic!("docs/reference.md was not what the program says; it is now: look at the change and commit it");
    }
}
