//! What the demo says at its start: what is shown, and what to paste into a second terminal.
//!
//! The line has to work in a terminal of the user's, whose environment may have AWS settings of its own. `--profile` wins
//! over every key and profile variable; what it does not win over is set in the line or taken out by it.

use std::net::SocketAddr;
use std::path::Path;

use rolecall_formats::shell::quote;

use super::home::Home;
use super::{ROLES, SESSION};
use crate::environment::Environment;
use crate::output::duration;

/// Variables with which the AWS CLI would not talk to our endpoint.
const IN_THE_WAY: [&str; 4] = [
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
];

/// Variables with which it would talk to a proxy instead of this machine.
const PROXIES: [&str; 2] = ["HTTP_PROXY", "http_proxy"];

/// The text; for people, long commands are broken into lines.
pub(super) fn text(
    home: &Home,
    sandbox: SocketAddr,
    program: &Path,
    environment: &Environment,
    for_people: bool,
) -> String {
    let separator = if for_people { " \\\n    " } else { " " };
    let roles: String = ROLES.iter().map(|(name, value)| format!("  {name}={value}\n")).collect();
    let state_dir = home.state_dir();
    let (program, state_dir) = (program.to_string_lossy(), state_dir.to_string_lossy());
    format!(
        "Three roles in two accounts, each kept as an AWS profile that does not expire:\n\n{roles}\n\
         The AWS here is a sandbox in this process. Its sessions last {}, so that you\n\
         can watch them being rotated. In a second terminal, as long as this runs:\n\n  {}\n\n\
         Or without the AWS CLI:\n\n  {} status --state-dir {}\n\n",
        duration::words(SESSION),
        words(home, sandbox, environment).join(separator),
        quote(&program),
        quote(&state_dir),
    )
}

/// The command that uses a profile, in pieces that may stand on a line each.
fn words(home: &Home, sandbox: SocketAddr, environment: &Environment) -> Vec<String> {
    let set = |name: &&str| environment.text(name).is_some();
    let mut words = Vec::new();
    let in_the_way: String =
        IN_THE_WAY.iter().copied().filter(|name| set(name)).map(|name| format!(" -u {name}")).collect();
    if !in_the_way.is_empty() {
        words.push(format!("env{in_the_way}"));
    }
    let (config, credentials) = (home.config_file(), home.credentials_file());
    words.push(format!("AWS_CONFIG_FILE={}", quote(&config.to_string_lossy())));
    words.push(format!("AWS_SHARED_CREDENTIALS_FILE={}", quote(&credentials.to_string_lossy())));
    words.push(format!("AWS_ENDPOINT_URL=http://{sandbox}"));
    if PROXIES.iter().any(set) {
        words.push("NO_PROXY=127.0.0.1 no_proxy=127.0.0.1".into());
    }
    words.push("aws --profile MyFirstAccount sts get-caller-identity".into());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_in(variables: &[(&str, &str)]) -> String {
        let home = Home::new(&Environment::from([])).unwrap();
        let line = words(&home, "127.0.0.1:4566".parse().unwrap(), &Environment::from(variables)).join(" ");
        line.replace(home.path().to_str().unwrap(), "/home")
    }

    #[test]
    fn the_line_sets_what_a_profile_needs() {
        let expected = "AWS_CONFIG_FILE=/home/config AWS_SHARED_CREDENTIALS_FILE=/home/credentials \
                        AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws --profile MyFirstAccount sts get-caller-identity";
        assert_eq!(line_in(&[("AWS_PROFILE", "mine"), ("AWS_ACCESS_KEY_ID", "A")]), expected);
    }

    #[test]
    fn the_line_takes_out_what_would_be_in_the_way() {
        let line = line_in(&[("AWS_ENDPOINT_URL_STS", "https://x"), ("http_proxy", "http://proxy")]);
        assert!(line.starts_with("env -u AWS_ENDPOINT_URL_STS AWS_CONFIG_FILE="), "{line}");
        assert!(line.contains(" NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 aws "), "{line}");
    }
}
