//! The world that is explained: a user who may do everything, and roles that each break in a way of their own.

use std::process::Command;

use e2e::{Agent, Home, Sandbox, finish};
use serde_json::Value;

const WORLD: &str = r#"
version = 1

[account.111122223333.user.alice]
access_key_id = "SANDBOXKEYOFALICE"
secret_access_key = "not-a-secret-of-alice"
policies = ['''{"Version": "2012-10-17", "Statement": {
  "Effect": "Allow", "Action": ["sts:*", "iam:GetRole"], "Resource": "*"}}''']

[account.111122223333.user.bare]
access_key_id = "SANDBOXKEYOFBARE"
secret_access_key = "not-a-secret-of-bare"
policies = ['''{"Version": "2012-10-17", "Statement": {
  "Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}}''']

[account.111122223333.user.blind]
access_key_id = "SANDBOXKEYOFBLIND"
secret_access_key = "not-a-secret-of-blind"
policies = []

[account.111122223333.role.Hub]
path = "/team/"
max_session = "12h"

[account.444455556666.role.Spoke]
trusts = ["arn:aws:iam::111122223333:role/team/Hub"]
external_id = "handshake"

[account.444455556666.role.Far]

[account.111122223333.role.Closed]
trusts = ["arn:aws:iam::444455556666:root"]

[account.111122223333.role.Account]
trusts = ["111122223333"]

[account.111122223333.role.Guarded]
external_id = "handshake"

[account.111122223333.role.Untagged]
trust_policy = '''{"Version": "2012-10-17", "Statement": {
  "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}'''

[account.111122223333.role.Conditional]
trust_policy = '''{"Version": "2012-10-17", "Statement": {
  "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole",
  "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}'''

[account.111122223333.role.Short]

[account.111122223333.role.App]
trusts = []

[account.111122223333.issuer."https://oidc.example.com/prod"]
"#;

const SETTINGS: &str = r#"
version = 1

[role.hub]
arn = "arn:aws:iam::111122223333:role/team/Hub"
duration = "12h"
tags = { team = "blue" }
transitive_tags = ["team"]

[role.spoke]
arn = "arn:aws:iam::444455556666:role/Spoke"
source = "role:hub"
external_id = "handshake"
duration = "12h"

[role.far]
arn = "arn:aws:iam::444455556666:role/Far"

[role.closed]
arn = "arn:aws:iam::111122223333:role/Closed"

[role.account]
arn = "arn:aws:iam::111122223333:role/Account"

[role.guarded]
arn = "arn:aws:iam::111122223333:role/Guarded"

[role.misguarded]
arn = "arn:aws:iam::111122223333:role/Guarded"
external_id = "wrong"

[role.untagged]
arn = "arn:aws:iam::111122223333:role/Untagged"
tags = { team = "blue" }

[role.conditional]
arn = "arn:aws:iam::111122223333:role/Conditional"

[role.short]
arn = "arn:aws:iam::111122223333:role/Short"
duration = "2h"

[role.pathless]
arn = "arn:aws:iam::111122223333:role/Hub"

[role.missing]
arn = "arn:aws:iam::111122223333:role/Missing"

[role.narrowed]
arn = "arn:aws:iam::444455556666:role/Far"
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]

[role.app]
arn = "arn:aws:iam::111122223333:role/App"
source = "web-identity:TOKEN"
"#;

/// A home with these settings, and a sandbox with this world.
pub(super) struct World {
    pub(super) home: Home,
    pub(super) sandbox: Sandbox,
}

impl World {
    pub(super) fn start() -> Self {
        let home = Home::new();
        home.write("world.toml", WORLD);
        let settings = SETTINGS.replace("TOKEN", home.at("token").to_str().unwrap());
        home.write(".config/rolecall/rolecall.toml", &settings);
        let sandbox = Sandbox::with_world(&home, &home.at("world.toml"));
        Self { home, sandbox }
    }

    /// The command as alice runs it.
    pub(super) fn rolecall(&self, args: &[&str]) -> Command {
        let mut command = self.home.rolecall(args);
        command.envs(self.environment("alice"));
        command
    }

    pub(super) fn environment(&self, user: &str) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.sandbox.url()),
            ("AWS_REGION", e2e::REGION.into()),
            ("AWS_ACCESS_KEY_ID", format!("SANDBOXKEYOF{}", user.to_uppercase())),
            ("AWS_SECRET_ACCESS_KEY", format!("not-a-secret-of-{user}")),
        ]
    }

    pub(super) fn agent(&self) -> Agent<'_> {
        Agent::start(&self.home, self.environment("alice"), &[])
    }
}

/// What is said of a role that cannot be assumed by alice: the hop that failed, or the last, and the whole document.
pub(super) fn failed(world: &World, alias: &str, code: i32) -> (Value, Value) {
    failed_as(world, "alice", alias, code)
}

/// The same of another user.
pub(super) fn failed_as(world: &World, user: &str, alias: &str, code: i32) -> (Value, Value) {
    let mut command = world.rolecall(&["explain", alias, "--output", "json"]);
    let told = finish(command.envs(world.environment(user))).code(code);
    for secret in ["not-a-secret-of", "SANDBOXKEYOF"] {
        assert!(!told.stdout.contains(secret) && !told.stderr.contains(secret), "{told:#?}");
    }
    let document: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(document["assumable"], false);
    let hops = document["hops"].as_array().unwrap();
    let hop = hops.iter().find(|hop| hop["outcome"] == "failed").or(hops.last()).unwrap();
    (hop.clone(), document)
}

/// The causes of a hop as `certainty: what`.
pub(super) fn causes(hop: &Value) -> Vec<String> {
    let text = |cause: &Value, key: &str| cause[key].as_str().unwrap().to_owned();
    let one = |cause: &Value| format!("{}: {}", text(cause, "certainty"), text(cause, "what"));
    hop["causes"].as_array().unwrap().iter().map(one).collect()
}
