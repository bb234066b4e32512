//! The agent's credentials endpoint, as a program meets it: by its environment alone.

use std::process::Command;

use serde_json::Value;

use crate::{Home, REGION};

/// Equips a program with the credentials of one alias, from the endpoint of the agent of this home.
///
/// SDKs prefer a profile or keys to the endpoint, so it sees none of either.
///
/// # Panics
/// When no agent has an endpoint there.
pub fn through_endpoint(home: &Home, alias: &str, program: &mut Command) {
    let told = home.read(".local/state/rolecall/endpoint.json");
    let told: Value =
        serde_json::from_str(&told).unwrap_or_else(|error| unreachable!("endpoint.json: {error}: {told}"));
    let url = told["url"].as_str().expect("an endpoint has a URL");
    program.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{url}/v1/credentials/{alias}"));
    program.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", home.state().join("tokens").join(alias));
    program.env("AWS_REGION", REGION).env("AWS_DEFAULT_REGION", REGION);
    home.write("no-profiles", "");
    for file in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        program.env(file, home.at("no-profiles"));
    }
}
