//! The base is never ourselves: a restart next to our own output finds the same base as the first start, or says
//! clearly why not. The sandbox tells who called.

use std::time::Duration;

use e2e::{Agent, Home, Sandbox, finish, seed_environment, until};
use rustix::process::Signal;

/// An environment without base keys: they stand in the user's own `[default]` instead.
fn without_keys(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut environment = seed_environment(sandbox.environment());
    environment.retain(|(name, _)| !name.starts_with("AWS_ACCESS_KEY") && !name.starts_with("AWS_SECRET"));
    environment
}

fn user_profile(section: &str) -> String {
    format!("[{section}]\naws_access_key_id = {}\naws_secret_access_key = {}\n", Sandbox::KEY, Sandbox::SECRET)
}

#[track_caller]
fn rotated_twice(agent: &Agent<'_>) {
    let first = agent.credentials("MyFirstAccount");
    let second = agent.wait_for_rotation("MyFirstAccount", &first);
    agent.wait_for_rotation("MyFirstAccount", &second);
}

#[test]
fn our_default_profile_is_not_the_base_after_a_restart() {
    for form in ["process", "file"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        sandbox.session_seconds(4);
        // The base is in a profile of the user's own that is not `default`, so that `default` is free for us.
        home.write(".aws/credentials", &user_profile("mine"));
        let mut environment = without_keys(&sandbox);
        environment.push(("AWS_PROFILE".into(), "mine".into()));
        environment.push(("ROLECALL_DEFAULT".into(), "MyFirstAccount".into()));
        for _start in 0..2 {
            let agent = Agent::start(&home, environment.clone(), &["--publish", form]);
            agent.wait_for_state("MyFirstAccount", "fresh");
            agent.wait_for_state("MySecondAccount", "fresh");
            let file = if form == "file" { ".aws/credentials" } else { ".aws/config" };
            until("default profile", Duration::from_secs(20), || {
                let ours = home.read(file);
                if ours.contains("[default]") { Ok(()) } else { Err(ours) }
            });
            rotated_twice(&agent);
            agent.stop(Signal::TERM);
        }
        assert_eq!(sandbox.assumers(), [Sandbox::USER], "{form}");
    }
}

#[test]
fn our_default_profile_is_never_a_base_even_when_there_is_no_other() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(4);
    let mut environment = seed_environment(sandbox.environment());
    environment.push(("ROLECALL_DEFAULT".into(), "MyFirstAccount".into()));
    let agent = Agent::start(&home, environment, &["--publish", "file"]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    agent.stop(Signal::TERM);

    let mut environment = without_keys(&sandbox);
    environment.push(("ROLECALL_DEFAULT".into(), "MyFirstAccount".into()));
    let agent = Agent::start(&home, environment, &["--publish", "file"]);
    agent.wait_for_fault("MyFirstAccount", "misconfigured");
    agent.wait_for_fault("MySecondAccount", "misconfigured");
    assert_eq!(sandbox.assumers(), [Sandbox::USER]);
}

#[test]
fn a_profile_of_ours_as_aws_profile_is_refused_by_name() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let mut environment = without_keys(&sandbox);
    home.write(".aws/credentials", &user_profile("default"));
    let agent = Agent::start(&home, environment.clone(), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    agent.stop(Signal::TERM);
    let calls = sandbox.calls().len();

    environment.push(("AWS_PROFILE".into(), "MyFirstAccount".into()));
    let refused = finish(Agent::command(&home, &[]).envs(environment)).code(2);
    assert!(refused.stderr.contains("AWS_PROFILE"), "{refused:#?}");
    assert!(refused.stderr.contains("MyFirstAccount"), "{refused:#?}");
    assert_eq!(sandbox.calls().len(), calls, "nothing was asked of STS");
}

#[test]
fn the_base_that_changes_is_taken_up() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(4);
    home.write(".aws/credentials", "[default]\naws_access_key_id = SANDBOXKEYOFNOBODY\naws_secret_access_key = x\n");
    let agent = Agent::start(&home, without_keys(&sandbox), &[]);
    agent.wait_for_fault("MyFirstAccount", "misconfigured");
    home.write(".aws/credentials", &user_profile("default"));
    agent.wait_for_state("MyFirstAccount", "fresh");
    assert_eq!(agent.profile("MyFirstAccount")["fault"], serde_json::Value::Null);
}
