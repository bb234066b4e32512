//! The `rolecall` command.
//!
//! This crate is the only place where the adapters are joined (AWS, the agent's files and socket, the sandbox), where
//! the environment is read, and where anything is printed. A command is one file in `commands`.

mod args;
mod base;
mod client;
mod commands;
mod endpoint;
mod environment;
mod exit_code;
mod failure;
#[cfg(test)]
mod fixture;
mod hardening;
mod host;
mod live;
mod logging;
mod one_role;
mod output;
#[cfg(test)]
mod reference;
mod report;
mod roles;
mod runtime;
mod settings_file;
mod state_dir;
mod stop_signal;
mod validity;

use args::{Cli, Command};
use environment::Environment;

fn main() -> std::process::ExitCode {
    let environment = Environment::of_this_process();
    let result = match Cli::read(&environment).command {
        Command::Credentials(args) => return commands::credentials::run(&args, &environment).into(),
        Command::Exec(args) => return commands::exec::run(&args, &environment),
        Command::Agent(args) => commands::agent::run(&args, &environment),
        Command::Clean(args) => commands::clean::run(&args, &environment),
        Command::Completions(args) => commands::completions::run(&args),
        Command::Demo(args) => commands::demo::run(&args, &environment),
        Command::Env(args) => commands::env::run(&args, &environment),
        Command::Explain(args) => commands::explain::run(&args, &environment),
        Command::Man(args) => commands::man::run(&args),
        Command::Profiles(args) => commands::profiles::run(&args, &environment),
        Command::Refresh(args) => commands::refresh::run(&args, &environment),
        Command::Render(args) => commands::render::run(&args, &environment),
        Command::Revoke(args) => commands::revoke::run(&args, &environment),
        Command::Sandbox(args) => commands::sandbox::run(&args, &environment),
        Command::Status(args) => commands::status::run(&args, &environment),
        Command::Validate(args) => commands::validate::run(&args, &environment),
        Command::Wait(args) => commands::wait::run(&args, &environment),
    };
    let code = result.unwrap_or_else(|failure| {
        failure.print();
        failure.code
    });
    code.into()
}
