//! `rolecall explain ALIAS`: how a role is assumed, whether that works, and why not.
//!
//! Promises that the chain is tried for real, up to the first hop that fails, and that nothing is written: the sessions are
//! dropped at the end. `explanation` is what is found, in the forms of `text`, `json`, `mermaid` and `svg`; `trial` does the
//! asking, `causes` ranks what may be wrong, `policy` says what would be right.

mod causes;
mod explanation;
#[cfg(test)]
mod fixture;
mod json;
mod mermaid;
mod policy;
mod principal;
mod svg;
mod text;
mod trial;
mod trust;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use rolecall_agent::settings::env_roles::RoleDefaults;
use rolecall_agent::state::definitions::Definitions;
use rolecall_core::{Alias, FaultKind, Role, RoleArn};

use crate::args::StateDirArg;
use crate::commands::exec::definition::Defined;
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::one_role::assume::{base_environment, check_depth, sts};
use crate::roles::{self, FROM_AWS_CONFIG};
use crate::state_dir::StateDir;
use crate::{hardening, output, runtime, settings_file};
use explanation::Explanation;
use text::{Form, Glyphs};
use trial::Surroundings;

/// What a role is called that nobody named, and whose own name is no alias.
const NAMELESS: &str = "role";

/// Explain how a role is assumed, and why it cannot be
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The role: its profile name
    #[arg(value_name = "ALIAS", value_parser = Alias::of_profile, required_unless_present = "role", conflicts_with = "role")]
    alias: Option<Alias>,
    /// A role that is defined nowhere, by its ARN, assumed from the base
    #[arg(long, value_name = "ARN")]
    role: Option<RoleArn>,
    /// A file with settings and roles [default: $XDG_CONFIG_HOME/rolecall/rolecall.toml, else
    /// ~/.config/rolecall/rolecall.toml, if it is there]
    #[arg(long, value_name = "PATH", env = settings_file::VARIABLE, hide_env_values = true)]
    config: Option<PathBuf>,
    /// Take every profile of your AWS config that assumes a role as a role, too
    #[arg(long, env = FROM_AWS_CONFIG, hide_env_values = true, value_parser = BoolishValueParser::new(),
        default_missing_value = "true", num_args = 0..=1, require_equals = true, hide_possible_values = true)]
    from_aws_config: Option<bool>,
    /// A text for people, JSON for programs, or a picture of the chain
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// In the text: the policies of every hop, and all that is known about every cause
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    state_dir: StateDirArg,
}

// The variants have no doc comments: clap would give each a paragraph in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Text,
    Json,
    Mermaid,
    Svg,
}

const AFTER_HELP: &str = "\
The chain is tried for real, from the base to the role, and stops at the first hop that fails. Nothing is written, and no \
session is kept. If the caller may call iam:GetRole, the role's trust policy is read too, and says more than STS does.

Examples:
  rolecall explain MyFirstAccount
  rolecall explain --role arn:aws:iam::123456789012:role/MyFirstRole
  rolecall explain MyFirstAccount --output svg > chain.svg
  What to do, the likeliest first:
    rolecall explain MyFirstAccount --output json | jq -r '.. | .fix? // empty'

Exit codes:
  0  the role can be assumed
  2  wrong command line or settings
  4  it cannot be assumed
  5  no role has that alias";

/// Prints the explanation; the exit code says whether the role can be assumed.
///
/// # Errors
/// When there is no such role, a setting is wrong, or stdout takes no more.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    hardening::no_core_dumps();
    let state_dir = args.state_dir.resolve(environment)?;
    let explanation = explain(args, &state_dir, &args.environment(environment))?;
    match args.output {
        Output::Text => {
            let glyphs = if is_utf8(environment) { Glyphs::UNICODE } else { Glyphs::ASCII };
            let form = Form { width: output::terminal_width(), glyphs, all: args.all };
            output::print_styled(&text::text(&explanation, form))?;
        }
        Output::Json => print(json::document(&explanation))?,
        Output::Mermaid => print(mermaid::flowchart(&explanation))?,
        Output::Svg => print(svg::picture(&explanation))?,
    }
    Ok(match explanation.fault_kind() {
        None => ExitCode::Ok,
        Some(FaultKind::Bug) => ExitCode::Bug,
        Some(_) => ExitCode::AllFailed,
    })
}

fn print(document: String) -> Result<(), Failure> {
    output::print_document(document.into_bytes().into())
}

fn explain(args: &Args, state_dir: &StateDir, environment: &Environment) -> Result<Explanation, Failure> {
    let defined = Defined::find(state_dir, environment)?;
    let role = args.wanted(&defined)?;
    check_depth(&role.alias, environment)?;
    let definitions = defined.definitions(environment)?;
    let environment = base_environment(environment, &definitions, state_dir);
    let sts = sts(&definitions.roles, state_dir, &environment)?;
    let surroundings = Surroundings::of(&role, &environment, others(&role, &definitions, state_dir));
    runtime::run(async { Ok(trial::attempt(&sts, &role, &surroundings).await) })
}

/// The roles of the same source that an agent has sessions of.
fn others(role: &Role, definitions: &Definitions, state_dir: &StateDir) -> Vec<String> {
    trial::held(state_dir, |alias| {
        let same = |other: &&Role| other.alias.as_str() == alias && other.alias != role.alias;
        definitions.roles.iter().find(same).is_some_and(|other| other.source == role.source)
    })
}

impl Args {
    /// The environment with what the flags say, or else the variables.
    fn environment(&self, environment: &Environment) -> Environment {
        let config = self.config.as_ref().map(OsString::from);
        let environment = environment.with(settings_file::VARIABLE, config);
        environment.with(FROM_AWS_CONFIG, self.from_aws_config.map(|taken| taken.to_string().into()))
    }

    fn wanted(&self, defined: &Defined) -> Result<Role, Failure> {
        match (&self.alias, &self.role) {
            (Some(alias), _) => defined.role(alias).ok_or_else(|| unknown(alias, defined)),
            (None, Some(arn)) => undefined(arn, defined),
            (None, None) => Err(Failure::new(ExitCode::Usage, "no role is named", "name one, or give --role")),
        }
    }
}

/// A role by its ARN alone, as the base assumes it.
fn undefined(arn: &RoleArn, defined: &Defined) -> Result<Role, Failure> {
    let alias = Alias::from_name(arn.name()).or_else(|_| NAMELESS.parse());
    let alias = alias.map_err(|error| Failure::new(ExitCode::Usage, format!("--role {arn}: {error}"), ""))?;
    let RoleDefaults { region, duration, host } = &defined.defaults;
    Ok(Role { region: region.clone(), duration: *duration, ..Role::new(alias, arn.clone(), host) })
}

fn unknown(alias: &Alias, defined: &Defined) -> Failure {
    let nobody = "no agent here had, and neither AWS_ROLE_1, AWS_ROLE_2 … nor a settings file defines";
    roles::unknown(alias, &defined.found, nobody, &defined.aliases(), "give its ARN with --role")
}

/// Whether the terminal of this environment shows Unicode, as POSIX says it: the first of these that is set decides.
fn is_utf8(environment: &Environment) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| environment.text(name));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};

    #[test]
    fn a_role_is_named_or_given_by_its_arn() {
        let wrong = |line: &[&str]| Cli::of_line(&[&["explain"], line].concat()).is_err();
        let arn = "arn:aws:iam::123456789012:role/R";
        assert!(wrong(&[]) && wrong(&["a", "--role", arn]) && wrong(&["--role", "R"]));
        assert!(!wrong(&["a"]) && !wrong(&["--role", arn]) && !wrong(&["a", "--output", "svg"]));
    }

    #[test]
    fn flags_win_over_variables() {
        let before = Environment::from([("ROLECALL_CONFIG", "/b"), ("ROLECALL_FROM_AWS_CONFIG", "false")]);
        let Command::Explain(args) =
            Cli::of_line(&["explain", "a", "--config", "/c", "--from-aws-config"]).unwrap().command
        else {
            unreachable!()
        };
        let after = args.environment(&before);
        assert_eq!(after.text("ROLECALL_CONFIG").as_deref(), Some("/c"));
        assert_eq!(after.text("ROLECALL_FROM_AWS_CONFIG").as_deref(), Some("true"));
    }

    #[test]
    fn the_locale_says_what_can_be_drawn() {
        for (variables, expected) in [
            (&[][..], false),
            (&[("LANG", "en_US.UTF-8")], true),
            (&[("LANG", "C.utf8")], true),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], false),
            (&[("LANG", "C"), ("LC_ALL", ""), ("LC_CTYPE", "UTF-8")], true),
        ] {
            assert_eq!(is_utf8(&Environment::from(variables)), expected, "{variables:?}");
        }
    }
}
