//! A profile that is in use while the settings change: the `aws` CLI goes on, whatever changes round its role.

use std::time::Duration;

use e2e::{Agent, Home, REGION, Sandbox, aws, caller, until};

const FILE: &str = ".config/rolecall/rolecall.toml";

fn role(alias: &str, arn: &str) -> String {
    format!("[role.{alias}]\narn = \"arn:aws:iam::{arn}\"\n")
}

#[test]
fn a_profile_works_before_in_between_and_behind() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let first = role("first", "123456789012:role/MyFirstRole");
    let others = role("second", "123456789013:role/MySecondRole");
    home.write(FILE, &format!("version = 1\n{first}"));
    let environment = sandbox.environment().into_iter().chain([("AWS_REGION".into(), REGION.into())]);
    let agent = Agent::start(&home, environment, &[]);
    agent.wait_for_state("first", "fresh");
    let who =
        |profile: &str| caller(&mut aws(&home, &sandbox.url(), &["--profile", profile, "sts", "get-caller-identity"]));
    let before = who("first");
    assert!(before.contains("assumed-role/MyFirstRole/"), "{before}");
    for settings in [
        format!("version = 1\npublish = \"file\"\n{others}{first}"),
        format!("version = 1\npublish = \"cat\"\n{first}{others}"),
        format!("version = 1\ndefault = \"second\"\n{first}{others}"),
    ] {
        home.write(FILE, &settings);
        agent.reload();
        agent.wait_for_state("second", "fresh");
        // Whoever learns from this that a profile is there can use it.
        until("both profiles", Duration::from_secs(10), || {
            let there = ["first", "second"].iter().all(|alias| agent.profile(alias)["published"] == true);
            if there { Ok(()) } else { Err(agent.output()) }
        });
        assert_eq!(who("first"), before);
    }
    assert!(who("second").contains("assumed-role/MySecondRole/"));
    assert!(who("default").contains("assumed-role/MySecondRole/"));
    let assumed = sandbox.calls().into_iter().filter(|call| call["action"] == "AssumeRole").count();
    assert_eq!(assumed, 2);
}
