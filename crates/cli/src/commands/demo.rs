//! `rolecall demo`: the whole of it on a machine without AWS, to watch and to try.
//!
//! Starts a sandbox and an agent in this process, with sessions so short that they can be watched being rotated.
//! Everything is below one temporary directory, which `home` removes when the demo ends. Nothing of the user's AWS files
//! or environment is read or written.

mod home;
mod try_it;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rolecall_agent::Agent;
use rolecall_agent::settings::env_roles::{RoleDefaults, env_roles};
use rolecall_agent::settings::{AgentSettings, Publish, parse_duration};
use rolecall_aws::{Base, Sts};
use rolecall_core::Region;
use rolecall_core::port::Clock as _;
use rolecall_core::role::DEFAULT_DURATION;
use rolecall_core::rotation::{Lead, Policy};
use rolecall_rotator::SystemClock;
use rolecall_sandbox::{Config, Faults, Sandbox};

use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::live::{Picture, Screen, rows};
use crate::stop_signal::StopSignal;
use crate::{hardening, output, runtime};
use home::Home;

/// How long each session lasts.
const SESSION: Duration = Duration::from_secs(20);
/// How often the screen is drawn.
const FRAME: Duration = Duration::from_millis(250);
/// The Region of the profiles.
const REGION: &str = "eu-central-1";
/// The roles, as anybody would name them.
const ROLES: [(&str, &str); 3] = [
    ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/MyFirstRole:MyFirstAccount"),
    ("AWS_ROLE_2", "arn:aws:iam::123456789012:role/team/Admin:MyFirstAdmin"),
    ("AWS_ROLE_3", "arn:aws:iam::123456789013:role/MySecondRole:MySecondAccount"),
];

/// Watch three roles being kept assumed, without AWS
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// End after this time; without it, at Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    duration: Option<Duration>,
}

const AFTER_HELP: &str = "\
Needs neither AWS nor a network, and leaves your AWS files alone. What it prints at the start can be pasted into a \
second terminal, where the AWS CLI then uses the profiles.

Examples:
  rolecall demo
  rolecall demo --for 1m";

/// Shows it until a signal comes, the time is over, or nobody reads the output any more.
///
/// # Errors
/// When the parts cannot be started.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    hardening::no_core_dumps();
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(ExitCode::Bug, format!("find the path of this program: {error}"), ""))?;
    runtime::run(async {
        let mut stop = StopSignal::catch()?.and_those_of_the_terminal()?;
        // Whatever ends this block, the home is removed behind it.
        let home = Home::new(environment)?;
        home.remove_at_panic();
        let (agent, sandbox) = start(&home, program.clone()).await?;
        let mut screen = Screen::below(environment);
        let greeting = try_it::text(&home, sandbox.addr(), &program, environment, screen.is_live());
        let shown = tokio::select! {
            shown = show(&agent, &mut screen, &greeting) => shown,
            _ = stop.received() => Ok(()),
            () = sleep(args.duration) => Ok(()),
        };
        let live = screen.is_live();
        let closed = screen.close();
        agent.stop().await;
        sandbox.stop().await;
        home.remove()?;
        output::settle(shown.and(closed))?;
        if live {
            output::print_styled("Ended. Nothing is left behind.\n")?;
        }
        Ok(ExitCode::Ok)
    })
}

/// Starts the sandbox and the agent that uses it.
async fn start(home: &Home, program: PathBuf) -> Result<(Agent, Sandbox), Failure> {
    let clock = Arc::new(|| SystemClock.now().wall);
    let sandbox = Sandbox::start(Config::default(), SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), clock).await?;
    let faults = Faults { session_seconds: Some(SESSION.as_secs()), ..Faults::default() };
    sandbox.control().set_faults(faults).map_err(|error| bug(&error))?;
    let region: Region = REGION.parse().map_err(|error| bug(&error))?;
    let user = sandbox.control().config().users().next().cloned().ok_or_else(|| bug(&"the sandbox has no user"))?;
    let base = Base::Keys {
        access_key_id: user.access_key_id,
        secret_access_key: user.secret_access_key,
        endpoint_url: format!("http://{}", sandbox.addr()),
        region: region.clone(),
    };
    let agent = Agent::start(settings(home, program, region), Arc::new(Sts::new(base)), Arc::new(SystemClock)).await?;
    Ok((agent, sandbox))
}

fn settings(home: &Home, command: PathBuf, region: Region) -> AgentSettings {
    let defaults = RoleDefaults { region: Some(region), duration: DEFAULT_DURATION, host: "demo".into() };
    let found = env_roles(ROLES.map(|(name, value)| (name.into(), value.into())), &defaults);
    AgentSettings {
        roles: found.roles,
        origins: found.origins,
        file: None,
        problems: found.problems,
        notes: found.notes,
        default: None,
        publish: Publish::Process,
        take_over: Vec::new(),
        endpoint: None,
        health_listen: None,
        metrics_listen: None,
        store: true,
        state_dir: home.state_dir(),
        config_file: home.config_file(),
        credentials_file: home.credentials_file(),
        base_profile: None,
        socket_group: None,
        command,
        // Late enough that each session is seen to run down.
        policy: Policy { refresh_before: Lead::Percent(25), ..Policy::default() },
        adopt: true,
    }
}

/// Draws until the output takes no more.
async fn show(agent: &Agent, screen: &mut Screen, greeting: &str) -> io::Result<()> {
    screen.greet(greeting)?;
    loop {
        let picture = Picture { rows: rows(&agent.status().await), ..Picture::default() };
        screen.draw(&picture, SystemClock.now().wall)?;
        tokio::time::sleep(FRAME).await;
    }
}

async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

fn bug(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(ExitCode::Bug, format!("start the demo: {error}"), "report this")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roles_of_the_demo_are_roles_of_the_sandbox() {
        let home = Home::new(&Environment::from([])).unwrap();
        let settings = settings(&home, "/bin/rolecall".into(), REGION.parse().unwrap());
        assert_eq!((settings.roles.len(), settings.problems.len(), settings.notes.len()), (3, 0, 0));
        let world = Config::default();
        for role in settings.roles {
            assert!(world.roles().any(|arn| *arn == role.arn), "{}", role.arn);
        }
    }
}
