//! `rolecall render aws-config`: an AWS config with which the SDKs of a pod, a container or an instance assume the roles
//! themselves, without an agent and without a secret in it.
//!
//! Only the text goes to stdout, so that it can be redirected; what cannot be said in it goes to stderr. What the text looks
//! like is `rolecall_formats::chained`; `base` is whose credentials the chains begin with, `chained` are the roles for it.

mod base;
mod chained;

use std::path::PathBuf;

use rolecall_agent::settings::env_roles::RoleDefaults;
use rolecall_core::Alias;
use rolecall_core::role::DEFAULT_DURATION;
use rolecall_formats::chained::config;
use rolecall_formats::config_map::{ConfigMapName, Namespace, config_map};
use zeroize::Zeroizing;

use crate::args::{AwsConfigArg, Sourced, StateDirArg};
use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::roles::{self, Places};
use crate::settings_file::{self, SettingsFile};
use crate::{host, output};
use base::BaseArgs;
use chained::Chains;

/// Print files with which AWS programs assume the roles themselves
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    AwsConfig(Box<Sourced<ConfigArgs>>),
}

/// Print an AWS config with a chained profile for each role, and no secret in it
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
struct ConfigArgs {
    /// The roles, by profile name, and whatever they are assumed from; none: all that are defined here
    #[arg(value_name = "ALIAS", value_parser = Alias::of_profile)]
    aliases: Vec<Alias>,
    /// The settings file, as for the agent
    #[arg(long, value_name = "PATH", env = settings_file::VARIABLE, hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    aws_config: AwsConfigArg,
    #[command(flatten)]
    base: BaseArgs,
    /// The config alone, or a Kubernetes ConfigMap that holds it, with what a pod needs to use it
    #[arg(long, value_name = "FORMAT", default_value = "config")]
    output: Format,
    /// The name of the ConfigMap
    #[arg(long, default_value = "aws-config")]
    name: ConfigMapName,
    /// The namespace of the ConfigMap; none: where `kubectl` puts it
    #[arg(long)]
    namespace: Option<Namespace>,
    #[command(flatten)]
    state_dir: StateDirArg,
}

// The variants have no doc comments: clap would give each a paragraph in the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Config,
    #[value(name = "configmap")]
    ConfigMap,
}

const EXAMPLES: &str = "\
Examples:
  For a pod with EKS Pod Identity, all roles that are defined here:
    rolecall render aws-config --base container > config";

const AFTER_HELP: &str = "\
The roles come from AWS_ROLE_1, AWS_ROLE_2 and so on, from the settings file, and if you want from your AWS config. Those that \
are assumed from the base need --base; with `web-identity` it becomes the profile `default`. What an AWS config has no key \
for, such as session tags, is told on stderr.

Where AWS_ROLE_ARN is set, as in a pod on IRSA, AWS SDKs take it before AWS_PROFILE: name the profile in the program \
(--profile), or unset AWS_ROLE_ARN.

Examples:
  For a pod on IRSA, where these two variables are set:
    rolecall render aws-config --base web-identity \\
      --role-arn arn:aws:iam::123456789012:role/my-pod > config
  For a pod with EKS Pod Identity, as a ConfigMap:
    rolecall render aws-config --base container --output configmap |
      kubectl apply -f -

Exit codes:
  0  printed
  2  wrong command line or settings, or a base is needed
  3  printed, but for roles that an AWS config cannot have
  4  no role can be in an AWS config
  5  no role has that name";

/// Prints the config.
///
/// # Errors
/// When a setting is wrong, a base is missing, or no role is left.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    let What::AwsConfig(sourced) = &args.what;
    let args = &sourced.args;
    let file = SettingsFile::find(args.config.as_deref(), environment);
    let said = file.as_ref().map(SettingsFile::read).transpose()?.flatten().unwrap_or_default();
    // The Region of this machine is not that of the pod.
    let defaults =
        RoleDefaults { region: None, duration: said.duration.unwrap_or(DEFAULT_DURATION), host: host::name() };
    let state_dir: PathBuf = args.state_dir.resolve(environment)?.into();
    let aws_config = args.aws_config.counts(sourced, &said);
    let places = Places { environment, file: file.as_ref(), said: &said, aws_config, state_dir: &state_dir };
    let found = places.roles(&defaults, &[])?;
    if args.aliases.is_empty() && found.roles.is_empty() {
        return Err(roles::none(&found));
    }
    let chains = Chains::of(&found, &args.aliases, &defaults.host)?;
    let base = args.base.needed(chains.use_base, environment)?;
    let rendered = config(&base, &chains.roles)
        .map_err(|error| Failure::new(ExitCode::Usage, format!("render the roles: {error}"), ""))?;
    let text = match args.output {
        Format::Config => rendered.text.clone(),
        Format::ConfigMap => config_map(&args.name, args.namespace.as_ref(), &rendered),
    };
    if !chains.roles.is_empty() {
        output::print_document(Zeroizing::new(text.into_bytes()))?;
    }
    let unsaid = rendered.unsaid.iter().map(ToString::to_string);
    for note in found.notes.iter().cloned().chain(unsaid) {
        output::tell(format_args!("note: {note}"));
    }
    for problem in &chains.problems {
        output::tell(format_args!("not rendered: {problem}"));
    }
    Ok(match (chains.roles.is_empty(), chains.problems.is_empty()) {
        (true, _) => ExitCode::AllFailed,
        (false, true) => ExitCode::Ok,
        (false, false) => ExitCode::SomeFailed,
    })
}
