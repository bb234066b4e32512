//! `rolecall sandbox`: an AWS STS in memory, for trying things and for tests.
//!
//! Prints what a shell needs to use it, as lines that can be pasted or evaluated, and runs until it is told to end.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rolecall_agent::settings::LogFormat;
use rolecall_core::port::Clock as _;
use rolecall_formats::shell;
use rolecall_rotator::SystemClock;
use rolecall_sandbox::{Config, DEFAULT_WORLD, Sandbox, StartError};
use serde_json::json;

use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::stop_signal::StopSignal;
use crate::{logging, runtime};

/// The Region that the export lines name; the sandbox answers for every one.
const REGION: &str = "us-east-1";

/// Run an AWS STS in memory: accounts, users and roles to try things with
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Where to listen, on loopback only; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The accounts, users, roles and identity providers, as TOML [default: those of --print-config]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the default accounts, users and roles, to start a file of your own with
    #[arg(long, conflicts_with_all = ["listen", "config"])]
    print_config: bool,
}

const AFTER_HELP: &str = "\
Examples:
  rolecall sandbox --listen 127.0.0.1:4566
  rolecall sandbox --print-config > world.toml

  Sessions of 20 seconds, an outage, at most 5 calls a second, a role that
  nobody may assume, and the log of all calls:
    faults=http://127.0.0.1:4566/_sandbox/faults
    curl -X PUT $faults -d '{\"session_seconds\": 20}'
    curl -X PUT $faults -d '{\"outage\": \"unavailable\"}'
    curl -X PUT $faults -d '{\"throttle\": {\"per_second\": 5}}'
    role=arn:aws:iam::123456789012:role/MyFirstRole
    curl -X PUT $faults -d '{\"roles\": {\"'$role'\": {\"denied\": true}}}'
    curl http://127.0.0.1:4566/_sandbox/calls

  The token of a service account, for AssumeRoleWithWebIdentity:
    curl -d '{\"sub\": \"system:serviceaccount:default:app\"}' \\
      http://127.0.0.1:4566/_sandbox/tokens";

/// Runs until a signal comes.
///
/// # Errors
/// When the configuration is wrong or the address cannot be had.
pub(crate) fn run(args: &Args, environment: &Environment) -> Result<ExitCode, Failure> {
    if args.print_config {
        output::print_styled(DEFAULT_WORLD)?;
        return Ok(ExitCode::Ok);
    }
    logging::start(environment, LogFormat::Text)?;
    let config = args.config.as_deref().map_or_else(|| Ok(Config::default()), read)?;
    runtime::run_on_all_cores(async {
        let mut stop = StopSignal::catch()?;
        let clock = Arc::new(|| SystemClock.now().wall);
        let sandbox = Sandbox::start(config.clone(), args.listen, clock).await?;
        output::print_styled(&instructions(sandbox.addr(), &config))?;
        stop.received().await;
        sandbox.stop().await;
        Ok(ExitCode::Ok)
    })
}

fn read(path: &Path) -> Result<Config, Failure> {
    let usage = |error: &dyn std::fmt::Display, action: &str| {
        Failure::new(ExitCode::Usage, format!("read {}: {error}", path.display()), action)
    };
    let text = fs::read_to_string(path).map_err(|error| usage(&error, "name a file that you can read"))?;
    Config::from_toml(&text).map_err(|error| usage(&error, "`rolecall sandbox --print-config` shows how it is written"))
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::new(ExitCode::Usage, format!("start the sandbox: {error}"), "")
    }
}

/// What to paste: comments and exports only, so that the whole of it can be evaluated.
fn instructions(addr: SocketAddr, config: &Config) -> String {
    let mut text = format!(
        "# An AWS STS in memory, until Ctrl-C. To use it in another terminal, paste:\n\
         export AWS_ENDPOINT_URL=http://{addr}\n\
         export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}\n"
    );
    // Writing to a string cannot fail.
    if let Some(user) = config.users().next() {
        let (id, key) = (shell::quote(&user.access_key_id), shell::quote(&user.secret_access_key));
        let _ = writeln!(text, "export AWS_ACCESS_KEY_ID={id} AWS_SECRET_ACCESS_KEY={key}");
        text.push_str("unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ENDPOINT_URL_STS\n");
    }
    text.push_str("\n# Its roles, as `rolecall agent` takes them:\n");
    // Without a user there is a world of web identities only, or one to look at.
    let roles: Vec<_> = match config.users().next() {
        Some(user) => config.roles_open_to(user).collect(),
        None => config.roles().collect(),
    };
    for (number, role) in (1..).zip(roles) {
        // The path of a role may hold every printable character.
        let value = format!("{role}:{}", role.name());
        let _ = writeln!(text, "# export AWS_ROLE_{number}={}", shell::quote(&value));
    }
    if let Some((role, sub)) = config.roles_open_to_tokens().next() {
        let claims = json!({ "sub": sub.replace(['*', '?'], "x") }).to_string();
        let _ = write!(
            text,
            "\n# Without any key, with a token as in a pod: a base for the agent, or for any AWS program.\n\
             # curl -d {} -o token http://{addr}/_sandbox/tokens\n\
             # unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY\n\
             # export AWS_ROLE_ARN={} AWS_WEB_IDENTITY_TOKEN_FILE=$PWD/token\n",
            shell::quote(&claims),
            shell::quote(&role.to_string())
        );
    }
    let _ = write!(
        text,
        "\n# Its control endpoint: what it shall do wrong, and what it was asked.\n\
         # curl http://{addr}/_sandbox/faults\n\
         # curl -X PUT http://{addr}/_sandbox/faults -d '{{\"session_seconds\": 20}}'\n\
         # curl http://{addr}/_sandbox/calls\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_can_be_pasted() {
        let config = Config::from_toml(
            "version = 1\n[account.123456789012.user.u]\naccess_key_id = \"SANDBOXKEYOFUUUU\"\n\
             secret_access_key = \"a'b\"\n[account.123456789012.role.R]\n",
        )
        .unwrap();
        let text = instructions("127.0.0.1:4566".parse().unwrap(), &config);
        let expected = r#"# An AWS STS in memory, until Ctrl-C. To use it in another terminal, paste:
export AWS_ENDPOINT_URL=http://127.0.0.1:4566
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID=SANDBOXKEYOFUUUU AWS_SECRET_ACCESS_KEY="a'b"
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ENDPOINT_URL_STS

# Its roles, as `rolecall agent` takes them:
# export AWS_ROLE_1=arn:aws:iam::123456789012:role/R:R

# Its control endpoint: what it shall do wrong, and what it was asked.
# curl http://127.0.0.1:4566/_sandbox/faults
# curl -X PUT http://127.0.0.1:4566/_sandbox/faults -d '{"session_seconds": 20}'
# curl http://127.0.0.1:4566/_sandbox/calls
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn only_what_the_user_may_assume_is_offered_and_how_to_go_without_a_key() {
        let config = Config::from_toml(
            "version = 1\n[account.123456789012.user.u]\naccess_key_id = \"SANDBOXKEYOFUUUU\"\n\
             secret_access_key = \"s\"\n[account.123456789012.role.A]\n[account.123456789012.role.B]\ntrusts = []\n\
             [account.123456789012.role.B.web_identity]\nissuer = \"https://i\"\nsub = \"a:*\"\n\
             [account.123456789012.issuer.\"https://i\"]\n",
        )
        .unwrap();
        let text = instructions("127.0.0.1:4566".parse().unwrap(), &config);
        assert!(text.contains("role/A:A") && !text.contains("role/B:B"), "{text}");
        let expected = r#"
# Without any key, with a token as in a pod: a base for the agent, or for any AWS program.
# curl -d '{"sub":"a:x"}' -o token http://127.0.0.1:4566/_sandbox/tokens
# unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
# export AWS_ROLE_ARN=arn:aws:iam::123456789012:role/B AWS_WEB_IDENTITY_TOKEN_FILE=$PWD/token
"#;
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn a_role_is_one_word_whatever_its_path_holds() {
        let config =
            Config::from_toml("version = 1\n[account.123456789012.role.R]\npath = \"/;$(touch)/it's/`y`/!!/\"\n")
                .unwrap();
        let text = instructions("127.0.0.1:4566".parse().unwrap(), &config);
        let line = text.lines().find_map(|line| line.strip_prefix("# export AWS_ROLE_1=")).unwrap();
        let value = "arn:aws:iam::123456789012:role/;$(touch)/it's/`y`/!!/R:R";
        assert_eq!(shell::split(line), Some(vec![value.to_owned()]), "{line}");
        let shown = std::process::Command::new("sh").args(["-c", &format!("printf %s {line}")]).output().unwrap();
        assert_eq!(String::from_utf8(shown.stdout).unwrap(), value);
    }

    #[test]
    fn a_world_that_cannot_be_read_is_a_wrong_setting() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("world.toml");
        for text in [None, Some("version = 1\nbroken")] {
            if let Some(text) = text {
                fs::write(&path, text).unwrap();
            }
            let failure = read(&path).unwrap_err();
            assert_eq!(failure.code, ExitCode::Usage);
            assert!(failure.message.contains("world.toml"), "{failure:?}");
        }
    }
}
