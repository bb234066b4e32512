//! `rolecall agent`: keeps the roles of the environment assumed, as profiles, until it is told to end.
//!
//! Here the parts are joined: settings from flags, variables and a file, base credentials that never are our own, STS, and
//! the agent that writes and serves. Each of them is in its own crate.

mod notify;
mod readiness;
mod ready_file;
mod reload;
mod settings;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ArgAction;
use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser as _};
use rolecall_agent::settings::{
    LogFormat, Publish, SettingsError, parse_endpoint, parse_listen, parse_session_duration,
};
use rolecall_agent::state::state_dir::StateDirError;
use rolecall_agent::{Agent, StartError};
use rolecall_aws::{Base, Sts};
use rolecall_core::rotation::Lead;
use rolecall_rotator::SystemClock;

use crate::args::{BudgetArgs, Sourced, StateDirArg};
use crate::base::UserFiles;
use crate::environment::Environment;
use crate::exit_code::{ExitCode, Tally};
use crate::failure::Failure;
use crate::roles::FROM_AWS_CONFIG;
use crate::settings_file::{self, SettingsFile};
use crate::stop_signal::StopSignal;
use crate::{endpoint, hardening, logging, runtime};
use readiness::Readiness;
use reload::{Reload, Watch};
use settings::{Machine, settings};

/// The most that stopping may take. The agent itself is faster; this is for the day when it is not.
const STOP_LIMIT: Duration = Duration::from_millis(900);

/// Keep every role of the environment assumed, as an AWS profile that does not expire
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// A file with settings and roles; where it and a flag or a variable differ, the file gives way [default:
    /// $XDG_CONFIG_HOME/rolecall/rolecall.toml, else ~/.config/rolecall/rolecall.toml, if it is there]
    #[arg(long, value_name = "PATH", env = settings_file::VARIABLE, hide_env_values = true)]
    config: Option<PathBuf>,
    /// Take every profile of your AWS config that assumes a role as a role, too. They keep their names, and nothing is
    /// written into your AWS files: programs are pointed at the store and the config in the state directory, or at the
    /// endpoint
    #[arg(long, env = FROM_AWS_CONFIG, hide_env_values = true, value_parser = BoolishValueParser::new(),
        default_value_t = false, default_missing_value = "true", num_args = 0..=1, require_equals = true,
        hide_default_value = true, hide_possible_values = true)]
    from_aws_config: bool,
    #[command(flatten)]
    state_dir: StateDirArg,
    /// Let the members of this group use the agent and read its files, by name or number: for programs of other users, such
    /// as the other containers of a pod, which name the same --state-dir
    #[arg(long, value_name = "GROUP", env = "ROLECALL_SOCKET_GROUP", hide_env_values = true)]
    socket_group: Option<String>,
    /// The form of the profiles: `process` has AWS programs ask this agent, `cat` has them print a file of it (no rolecall
    /// is needed where they run), `file` writes keys, `none` leaves your files alone
    #[arg(long, value_name = "FORM", env = "ROLECALL_PUBLISH", hide_env_values = true, default_value_t, hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["process", "cat", "file", "none"]).try_map(|text| text.parse::<Publish>()))]
    publish: Publish,
    /// How long before its end a session is refreshed: a time, or a share of the session such as `50%`
    #[arg(long, value_name = "TIME", env = "ROLECALL_REFRESH_BEFORE", hide_env_values = true, default_value = "10m")]
    refresh_before: Lead,
    /// The length of session to ask for, 15m to 12h
    #[arg(long, value_name = "TIME", env = "ROLECALL_DURATION", hide_env_values = true, default_value = "1h",
        value_parser = parse_session_duration)]
    duration: Duration,
    /// The role that the profile `default` is for, unless you have such a profile yourself
    #[arg(long, value_name = "ALIAS", env = "ROLECALL_DEFAULT", hide_env_values = true)]
    default: Option<String>,
    /// Replace the profile of this name that you have yourself: the file is copied first, to
    /// `<file>.rolecall-backup-<time>`; may be given more than once
    #[arg(long, value_name = "ALIAS", env = "ROLECALL_TAKE_OVER", hide_env_values = true, value_delimiter = ',')]
    take_over: Vec<String>,
    /// Keep no sessions in the state directory: then the next agent begins without any; not with `--publish cat`
    /// [env: ROLECALL_STORE=false]
    #[arg(long)]
    no_store: bool,
    #[arg(long, hide = true, env = "ROLECALL_STORE", default_value_t = true, action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    store: bool,
    /// Create this file once every role was assumed or has failed to be; it is removed at the end
    #[arg(long, value_name = "PATH", env = "ROLECALL_READY_FILE", hide_env_values = true)]
    ready_file: Option<PathBuf>,
    /// Where programs ask for credentials over HTTP with a token: a port of the loopback address, an address with a port, or
    /// `false`; port 0 is the one of last time, else any that is free
    #[arg(long, value_name = "ADDR", env = "ROLECALL_ENDPOINT", hide_env_values = true, default_value = "127.0.0.1:0",
        value_parser = Endpoint::parse)]
    endpoint: Endpoint,
    /// Answer probes at /healthz/live and /healthz/ready: a port of the loopback address, or an address with a port
    #[arg(long, value_name = "ADDR", env = "ROLECALL_HEALTH_LISTEN", hide_env_values = true,
        value_parser = parse_listen)]
    health_listen: Option<SocketAddr>,
    /// Tell metrics at /metrics, in the text format of Prometheus: an address as for the probes
    #[arg(long, value_name = "ADDR", env = "ROLECALL_METRICS_LISTEN", hide_env_values = true,
        value_parser = parse_listen)]
    metrics_listen: Option<SocketAddr>,
    /// The form of the log: `text` for people, `json` for programs, one object a line
    #[arg(long, value_name = "FORMAT", env = "ROLECALL_LOG_FORMAT", hide_env_values = true, default_value_t, hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["text", "json"]).try_map(|text| text.parse::<LogFormat>()))]
    log_format: LogFormat,
    #[command(flatten)]
    budget: BudgetArgs,
    /// Assume every role once, write the profiles, and end
    #[arg(long)]
    once: bool,
}

/// Where the loopback endpoint shall be, if at all. A type of its own, since clap takes an `Option` for a flag that may be
/// left out.
#[derive(Clone, Copy, Debug)]
struct Endpoint(Option<SocketAddr>);

impl Endpoint {
    fn parse(text: &str) -> Result<Self, SettingsError> {
        parse_endpoint(text).map(Self)
    }
}

const AFTER_HELP: &str = "\
Roles come from the environment, AWS_ROLE_1=<role ARN>:<name>, AWS_ROLE_2 and so on, and from the settings file, \
[role.<name>] with arn = \"<role ARN>\". They are assumed with the \
credentials that AWS programs would find here themselves: variables, ~/.aws, SSO, web identity, container, instance.

ROLECALL_LOG sets the level of the log: off, error, warn, info (the default), debug or trace.

The settings file, and with --from-aws-config your AWS files, are read again at SIGHUP and when one has changed. All of it but log_format and socket_group counts from \
then on, roles that stay the same keep their sessions, and a file that cannot be used changes nothing.

Under systemd with Type=notify (or notify-reload) the service is ready when every role was assumed or has failed to be once.

Examples:
  export AWS_REGION=eu-central-1
  export AWS_ROLE_1=arn:aws:iam::123456789012:role/MyFirstRole:MyFirstAccount
  rolecall agent &
  rolecall wait
  aws --profile MyFirstAccount sts get-caller-identity

  In a CI job, keys that last for the job:
    rolecall agent --once --publish file --duration 1h

Exit codes:
  0  ended as told; with --once: all is well
  2  wrong command line or settings
  3  with --once: something is wrong with a role or a setting
  4  with --once: no role can be used
  8  another agent uses the state directory
  130, 143  with --once: ended by Ctrl-C or by `kill` before the round was over";

/// Runs until a signal comes, or for one round.
///
/// # Errors
/// When the settings are wrong or the agent cannot start.
pub(crate) fn run(args: &Sourced<Args>, environment: &Environment) -> Result<ExitCode, Failure> {
    hardening::no_core_dumps();
    hardening::many_files();
    let once = args.args.once;
    let file = SettingsFile::find(args.args.config.as_deref(), environment);
    let watch = Watch::begin(file.as_ref(), environment);
    let machine = Machine::this()?;
    let made = settings(args, environment, &machine, file.as_ref(), &[])?;
    logging::start(environment, made.log_format)?;
    let settings = made.agent.clone();
    let aliases = settings.roles.iter().map(|role| role.alias.clone()).collect();
    endpoint::check(environment)?;
    let files = Arc::new(UserFiles::new(environment, aliases, settings.state_dir.clone())?);
    if let Err(error) = files.texts()
        && error.is_recursion()
    {
        return Err(rolecall_core::Fault::from(error).into());
    }
    let readiness = Readiness::new(made.ready_file.as_deref(), environment)?;
    runtime::run(async {
        let mut stop = StopSignal::catch()?;
        // One round has no time for other settings, and ends with its terminal.
        let hangups = if once { None } else { Some(reload::hangups()?) };
        let variables = rolecall_aws::Environment::new(environment.variables());
        let sts = Arc::new(Sts::new(Base::DefaultChain { files: files.clone(), environment: variables }));
        let agent = Agent::start(settings, sts, Arc::new(SystemClock)).await?;
        readiness.prepare();
        let reload = Reload { args, environment, machine, file, watch, made, base: files };
        let reread = async {
            match hangups {
                Some(hangups) => reload.whenever_asked(hangups, &agent, &readiness).await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            code = work(&agent, once, &readiness) => Ok(code),
            never = reread => match never {},
            signal = stop.received() => Err(signal),
        };
        readiness.stopping();
        if let Err(signal) = ended {
            tracing::info!("{}: stopping", signal.name());
        }
        if tokio::time::timeout(STOP_LIMIT, agent.stop()).await.is_err() {
            tracing::warn!("stopping took too long and was cut short");
        }
        match ended {
            Ok(code) => Ok(code),
            Err(signal) if once => {
                let message = format!("ended by {} before the round was over", signal.name());
                Err(Failure::new(signal.into(), message, ""))
            }
            Err(_) => Ok(ExitCode::Ok),
        }
    })
}

/// The work of the agent: one round, or without end.
async fn work(agent: &Agent, once: bool, readiness: &Readiness) -> ExitCode {
    let outcome = agent.ready().await;
    let summary = agent.summary().await;
    readiness.ready(summary);
    if !once {
        readiness.keep_telling(agent, summary).await;
    }
    Tally { well: outcome.ok, failed: outcome.failed, ..Tally::default() }.into()
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::new(ExitCode::Usage, error.to_string(), "")
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let code = match &error {
            StartError::StateDir(StateDirError::InUse { .. }) => ExitCode::StateDirInUse,
            StartError::StateDir(_)
            | StartError::OneFile { .. }
            | StartError::Path { .. }
            | StartError::Command(_)
            | StartError::Endpoint(_)
            | StartError::Listen(_) => ExitCode::Usage,
            StartError::Socket(_) | StartError::Token(_) | StartError::File(_) | StartError::Task(_) => ExitCode::Bug,
        };
        Self::new(code, error.to_string(), "")
    }
}
