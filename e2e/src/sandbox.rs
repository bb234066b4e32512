//! `rolecall sandbox` as a child process, and its knobs.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::http;
use crate::{Home, Running};

/// A sandbox under way.
pub struct Sandbox {
    address: SocketAddr,
    process: Running,
}

impl Sandbox {
    /// The access key id of the user of its default world.
    pub const KEY: &str = "SANDBOXKEYOFROLECALL";
    /// The secret that belongs to it. Opens nothing but a sandbox.
    pub const SECRET: &str = "not-a-secret/it+opens=the-sandbox-only";
    /// Who that user is.
    pub const USER: &str = "arn:aws:iam::123456789012:user/rolecall";

    /// Starts one on a free port.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn start(home: &Home) -> Self {
        Self::run(&mut home.rolecall(&["sandbox", "--listen", "127.0.0.1:0"]))
    }

    /// Starts one with the world of a file.
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn with_world(home: &Home, world: &Path) -> Self {
        Self::run(home.rolecall(&["sandbox", "--listen", "127.0.0.1:0", "--config"]).arg(world))
    }

    fn run(command: &mut Command) -> Self {
        let mut process = Running::start(command);
        let address = process.wait_for("the address of the sandbox", |output| {
            let (_, rest) = output.split_once("http://")?;
            let (address, _) = rest.split_once(|c: char| c != '.' && c != ':' && !c.is_ascii_digit())?;
            address.parse().ok()
        });
        Self { address, process }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same as an address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the agent, and the base's owner, set to use it.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![
            ("AWS_ENDPOINT_URL".into(), self.url()),
            ("AWS_ACCESS_KEY_ID".into(), Self::KEY.into()),
            ("AWS_SECRET_ACCESS_KEY".into(), Self::SECRET.into()),
        ]
    }

    /// Puts these faults in the place of those in force.
    pub fn faults(&self, faults: &Value) {
        http::json(self.address, "PUT", "/_sandbox/faults", faults);
    }

    /// A token of its identity provider that says so, such as `{"sub": "x"}`.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        http::text(self.address, "POST", "/_sandbox/tokens", claims)
    }

    /// A login to its IAM Identity Center, as the file that belongs into `~/.aws/sso/cache`.
    #[must_use]
    pub fn login(&self, like: &Value) -> String {
        http::text(self.address, "POST", "/_sandbox/sso/logins", like)
    }

    /// Ends all logins that were made.
    pub fn end_logins(&self) {
        http::json(self.address, "DELETE", "/_sandbox/sso/logins", &Value::Null);
    }

    /// The token of a container with this role, such as `{"role": "arn:…"}`.
    #[must_use]
    pub fn container_token(&self, of: &Value) -> String {
        http::text(self.address, "POST", "/_sandbox/container/tokens", of)
    }

    /// Puts `policy` in the place of the trust policy of a role, by ARN.
    pub fn trust(&self, role: &str, policy: &Value) {
        let role = role.replace(':', "%3A").replace('/', "%2F");
        http::json(self.address, "PUT", &format!("/_sandbox/roles/{role}/trust-policy"), policy);
    }

    /// Every new session lives this long.
    pub fn session_seconds(&self, seconds: u64) {
        self.faults(&json!({ "session_seconds": seconds }));
    }

    /// Lifts all faults.
    pub fn mend(&self) {
        http::json(self.address, "DELETE", "/_sandbox/faults", &Value::Null);
    }

    /// The calls that reached it, from old to new.
    ///
    /// # Panics
    /// When its answer has none.
    #[must_use]
    pub fn calls(&self) -> Vec<Value> {
        let listing = http::json(self.address, "GET", "/_sandbox/calls", &Value::Null);
        listing["calls"].as_array().expect("a list of calls").clone()
    }

    /// Who called `AssumeRole`, each caller once.
    #[must_use]
    pub fn assumers(&self) -> Vec<String> {
        let calls = self.calls();
        let assumed = calls.iter().filter(|call| call["action"] == "AssumeRole");
        let mut callers: Vec<String> = assumed.map(|call| call["caller"].as_str().unwrap_or("-").to_owned()).collect();
        callers.sort();
        callers.dedup();
        callers
    }

    /// What it has printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }
}
