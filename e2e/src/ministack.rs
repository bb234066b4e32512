//! ministack, an AWS look-alike that others wrote and that says no: the outside judge of the sandbox and the agent.
//!
//! With `AUTH=true` it evaluates trust policies, signatures and expiry. What it lets through although AWS does not is
//! named where it is asked.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;

use crate::setup::ministack;
use crate::{Home, Running, finish};

/// A ministack server under way.
pub struct Ministack {
    address: SocketAddr,
    _process: Running,
}

impl Ministack {
    /// Starts one on a free port of loopback.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(home: &Home) -> Self {
        let mut command = home.command(ministack());
        command.envs([
            ("AUTH", "true"),
            ("SERVICES", "iam,sts"),
            ("BIND_HOST", "127.0.0.1"),
            ("GATEWAY_PORT", "0"),
            // Its process id file is named after the port that it was told.
            ("TMPDIR", &home.path().to_string_lossy()),
        ]);
        let mut process = Running::start(&mut command);
        let address = process.wait_for("the address of ministack", |output| {
            let (_, rest) = output.split_once("Running on http://")?;
            let (address, _) = rest.split_once(char::is_whitespace)?;
            address.parse().ok()
        });
        Self { address, _process: process }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Builds the world of `clients/oracle/world.toml` in it, and returns the keys of its users: name to id and secret.
    ///
    /// # Panics
    /// When it refuses.
    #[must_use]
    pub fn build_world(&self, home: &Home) -> Value {
        let keys = finish(&mut crate::boto3(home, &self.url(), "ministack_world.py", &[])).ok();
        serde_json::from_str(&keys).expect("the program prints JSON")
    }

    /// Changes something through its IAM API, with the `aws` command line, as the root user of `account`.
    ///
    /// # Panics
    /// When it refuses.
    #[track_caller]
    pub fn iam(&self, home: &Home, account: &str, args: &[&str]) {
        let mut command: Command = crate::aws(home, &self.url(), &[&["iam"], args].concat());
        let root =
            [("AWS_ACCESS_KEY_ID", account), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1")];
        finish(command.envs(root)).ok();
    }
}
