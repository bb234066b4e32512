//! The real clients, as a user runs them: each call is a new process in the home, with nothing in its environment but
//! where AWS is.

use std::process::Command;

use serde_json::Value;

use crate::{Home, finish, python};

/// The `aws` command line.
#[must_use]
pub fn aws(home: &Home, endpoint: &str, args: &[&str]) -> Command {
    let mut command = home.command(python("aws"));
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_PAGER", "").args(args);
    command
}

/// One of the programs in `clients/python`, which use boto3.
#[must_use]
pub fn boto3(home: &Home, endpoint: &str, program: &str, args: &[&str]) -> Command {
    let mut command = home.command(python("python"));
    command.env("AWS_ENDPOINT_URL", endpoint).env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg(format!("{}/clients/python/{program}", env!("CARGO_MANIFEST_DIR"))).args(args);
    command
}

/// Who AWS says the caller is: the ARN in the answer of `GetCallerIdentity`.
///
/// # Panics
/// When the client fails.
#[track_caller]
#[must_use]
pub fn caller(client: &mut Command) -> String {
    let answer = finish(client).ok();
    let identity: Value = serde_json::from_str(&answer).expect("the client prints JSON");
    identity["Arn"].as_str().expect("an identity has an ARN").to_owned()
}
