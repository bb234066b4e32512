//! Role chains: what is asked of AWS for them, and what becomes of the children while a parent ends, is refused, or has
//! another token.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use e2e::{Agent, Home, Sandbox, finish};
use rustix::process::Signal;
use serde_json::{Value, json};

const WORLD: &str = r#"
version = 1
[account.123456789012.issuer."https://oidc.example.com/prod"]
[account.123456789012.role.pod.web_identity]
issuer = "https://oidc.example.com/prod"
sub = "system:serviceaccount:default:*"
[account.123456789012.role.hub]
trusts = ["arn:aws:iam::123456789012:role/pod"]
[account.210987654321.role.leaf]
trusts = ["arn:aws:iam::123456789012:role/hub"]
"#;

const POD: &str = "arn:aws:iam::123456789012:role/pod";
const HUB: &str = "arn:aws:iam::123456789012:role/hub";
const LEAF: &str = "arn:aws:iam::210987654321:role/leaf";

/// A home with a chain of three from a token, and the AWS that it is for. The token is not written yet.
struct World {
    home: Home,
    sandbox: Sandbox,
}

impl World {
    fn new(leaves: usize) -> Self {
        let home = Home::new();
        home.write("world.toml", WORLD);
        let sandbox = Sandbox::with_world(&home, &home.at("world.toml"));
        let token = home.at("token").display().to_string();
        let mut settings = format!(
            "version = 1\n[role.pod]\narn = \"{POD}\"\nsource = \"web-identity:{token}\"\n\
             [role.hub]\narn = \"{HUB}\"\nsource = \"role:pod\"\n"
        );
        for leaf in 0..leaves {
            writeln!(settings, "[role.leaf{leaf}]\narn = \"{LEAF}\"\nsource = \"role:hub\"").unwrap();
        }
        home.write(".config/rolecall/rolecall.toml", &settings);
        Self { home, sandbox }
    }

    fn write_token(&self, claims: &Value) {
        self.home.write("token", &self.sandbox.token(claims));
    }

    fn write_good_token(&self) {
        self.write_token(&json!({"sub": "system:serviceaccount:default:app"}));
    }

    /// No keys: a token is all that there is.
    fn environment(&self) -> [(&'static str, String); 2] {
        [("AWS_ENDPOINT_URL", self.sandbox.url()), ("AWS_REGION", "eu-central-1".into())]
    }

    fn agent(&self) -> Agent<'_> {
        Agent::start(&self.home, self.environment(), &[])
    }

    /// How often each role was asked for, by the name of its session, and how.
    fn calls(&self) -> BTreeMap<String, usize> {
        let mut calls = BTreeMap::new();
        for call in self.sandbox.calls() {
            let alias =
                call["session_name"].as_str().unwrap_or_default().split('@').next().unwrap_or_default().to_owned();
            *calls.entry(alias).or_default() += 1;
        }
        calls
    }
}

#[test]
fn a_parent_is_assumed_once_for_all_of_its_children() {
    let world = World::new(20);
    world.write_good_token();
    let agent = world.agent();
    finish(&mut world.home.rolecall(&["wait"])).code(0);
    let calls = world.calls();
    assert!(calls.len() == 22 && calls.values().all(|calls| *calls == 1), "{calls:?}");
    let callers: Vec<Value> = world.sandbox.calls().iter().map(|call| call["caller"].clone()).collect();
    let hub =
        callers.iter().filter(|caller| caller.as_str().is_some_and(|caller| caller.contains("assumed-role/hub/")));
    assert_eq!(hub.count(), 20, "{callers:?}");

    // A session that is left is enough for the next agent: nothing is asked.
    agent.stop(Signal::TERM);
    let before = world.sandbox.calls().len();
    let agent = world.agent();
    finish(&mut world.home.rolecall(&["wait"])).code(0);
    assert_eq!(world.sandbox.calls().len(), before, "{}", agent.output());
}

#[test]
fn children_go_on_while_a_parent_is_refused_and_end_with_what_they_hold() {
    let world = World::new(1);
    world.write_good_token();
    let agent = world.agent();
    finish(&mut world.home.rolecall(&["wait"])).code(0);
    let held = agent.credentials("leaf0");
    world.sandbox.faults(&json!({ "roles": { HUB: { "denied": true } } }));
    finish(&mut world.home.rolecall(&["refresh", "hub"])).code(3);
    // What is held is served on, by the parent and by its child, which STS still gives new sessions for it.
    assert_eq!(agent.credentials("leaf0"), held);
    finish(&mut world.home.rolecall(&["refresh", "leaf0"])).code(0);

    world.sandbox.faults(&json!({ "session_seconds": 4, "roles": { HUB: { "denied": true } } }));
    finish(&mut world.home.rolecall(&["refresh", "leaf0"])).code(0);
    // The child is fresh for as long as its parent is, however short its own sessions are.
    let short = agent.credentials("leaf0");
    agent.wait_for_rotation("leaf0", &short);
    agent.stop(Signal::TERM);
}

#[test]
fn whoever_waits_for_a_refused_parent_is_told_why_and_recovers_without_a_restart() {
    let world = World::new(1);
    world.write_good_token();
    world.sandbox.faults(&json!({ "roles": { HUB: { "denied": true } } }));
    let agent = world.agent();
    let told = agent.wait_for_fault("leaf0", "denied");
    let message = told["fault"]["message"].as_str().unwrap();
    assert!(message.starts_with("waits for hub, which it is assumed from: could not assume") && message.contains(HUB));
    let asked = finish(&mut world.home.rolecall(&["credentials", "leaf0"])).code(4);
    assert!(asked.stderr.contains("waits for hub"), "{asked:#?}");
    assert!(!world.calls().contains_key("leaf0"), "{:?}", world.calls());

    world.sandbox.mend();
    finish(&mut world.home.rolecall(&["refresh", "leaf0"])).code(0);
    assert_eq!(agent.wait_for_state("leaf0", "fresh")["fault"], Value::Null);
}

#[test]
fn a_session_of_the_parent_that_is_not_taken_is_replaced() {
    let world = World::new(1);
    world.write_good_token();
    let agent = world.agent();
    finish(&mut world.home.rolecall(&["wait"])).code(0);
    let (hub, leaf) = (agent.credentials("hub"), agent.credentials("leaf0"));
    let key = hub["AccessKeyId"].as_str().unwrap();
    world.sandbox.faults(&json!({ "keys": { key: "inactive" } }));
    finish(&mut world.home.rolecall(&["refresh", "leaf0"])).code(3);
    agent.wait_for_rotation("hub", &hub);
    agent.wait_for_rotation("leaf0", &leaf);
    assert_eq!(agent.profile("leaf0")["fault"], Value::Null);
}

#[test]
fn a_token_is_read_again_at_each_exchange() {
    let world = World::new(1);
    world.write_token(&json!({"sub": "system:serviceaccount:default:app", "expires_in_seconds": -60}));
    let agent = world.agent();
    let told = agent.wait_for_fault("pod", "base_expired");
    assert!(told["fault"]["message"].as_str().unwrap().contains("token"), "{told}");
    world.write_good_token();
    agent.wait_for_state("leaf0", "fresh");
}

#[test]
fn without_an_agent_a_chain_is_walked_and_what_it_needed_is_kept() {
    let world = World::new(2);
    world.write_good_token();
    let agent = world.agent();
    finish(&mut world.home.rolecall(&["wait"])).code(0);
    agent.stop(Signal::TERM);
    std::fs::remove_file(world.home.state().join("credentials")).unwrap();
    let calls = || world.sandbox.calls().len();
    let before = calls();
    for (alias, more) in [("leaf0", 3), ("leaf1", 1), ("hub", 0), ("leaf0", 0)] {
        let at_first = calls();
        finish(world.home.rolecall(&["credentials", alias]).envs(world.environment())).ok();
        assert_eq!(calls() - at_first, more, "{alias}");
    }
    let mut exec =
        world.home.rolecall(&["exec", "leaf0", "--", "sh", "-c", "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI"]);
    assert!(finish(exec.envs(world.environment())).ok().starts_with("http://127.0.0.1:"));
    assert_eq!(calls() - before, 4);
}

#[test]
fn a_parent_that_becomes_another_role_is_another_source() {
    let world = World::new(1);
    world.write_good_token();
    let agent = world.agent();
    finish(&mut world.home.rolecall(&["wait"])).code(0);
    let (pod, leaf) = (agent.credentials("pod"), agent.credentials("leaf0"));
    let settings = world.home.read(".config/rolecall/rolecall.toml");
    world.home.write(
        ".config/rolecall/rolecall.toml",
        &settings.replace("[role.leaf0]", "session_name = \"other\"\n[role.leaf0]"),
    );
    agent.reload();
    agent.wait_for_rotation("leaf0", &leaf);
    assert_eq!(agent.credentials("pod"), pod, "what is before it stays what it was");
}
