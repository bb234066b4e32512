//! `AWS_ROLE_<n>`: read in the order of the numbers, gaps told, all bad values reported together.

use e2e::{Agent, Home, Sandbox};
use serde_json::Value;

/// An environment with these roles, each written `<number>=<value>`.
fn environment(sandbox: &Sandbox, roles: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut environment = sandbox.environment();
    environment.push(("AWS_REGION".into(), e2e::REGION.into()));
    environment.extend(roles.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    environment
}

fn aliases(profiles: &Value) -> Vec<&str> {
    let entries = profiles["profiles"].as_array().into_iter().flatten();
    entries.map(|profile| profile["alias"].as_str().unwrap()).collect()
}

#[test]
fn ten_comes_after_nine_and_gaps_are_told() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/MyFirstRole:{name}");
    let (ten, nine, two) = (role("ten"), role("nine"), role("two"));
    let roles = [("AWS_ROLE_10", ten.as_str()), ("AWS_ROLE_9", &nine), ("AWS_ROLE_2", &two)];
    let agent = Agent::start(&home, environment(&sandbox, &roles), &[]);
    assert_eq!(aliases(&agent.profiles()), ["two", "nine", "ten"]);
    let log = agent.output();
    assert!(log.contains("AWS_ROLE_1 is not set") && log.contains("AWS_ROLE_3 is not set"), "{log}");
}

#[test]
fn all_bad_values_are_reported_together_and_the_good_ones_run() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let roles = [
        ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/MyFirstRole:good"),
        ("AWS_ROLE_2", "arn:aws:iam::12345:role/R:short-account"),
        ("AWS_ROLE_3", "not an ARN"),
        ("AWS_ROLE_4", "arn:aws:iam::123456789012:role/NoName"),
        ("AWS_ROLE_5", "arn:aws:iam::123456789013:role/MySecondRole:good"),
        ("AWS_ROLE_6", ""),
    ];
    let agent = Agent::start(&home, environment(&sandbox, &roles), &[]);
    agent.wait_for_state("good", "fresh");
    assert_eq!(agent.profile("good")["arn"], "arn:aws:iam::123456789012:role/MyFirstRole", "the first one wins");
    for (place, text) in
        [("log", agent.output()), ("profiles", agent.profiles().to_string()), ("status", agent.status().to_string())]
    {
        for bad in ["AWS_ROLE_2", "AWS_ROLE_3", "AWS_ROLE_4", "AWS_ROLE_5", "AWS_ROLE_6"] {
            assert!(text.contains(bad), "{bad} is not in {place}:\n{text}");
        }
    }
}

#[test]
fn the_variables_of_aws_itself_are_never_bad() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let roles = [
        ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/MyFirstRole:good"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/MyFirstRole"),
        ("AWS_ROLE_SESSION_NAME", "me"),
    ];
    let agent = Agent::start(&home, environment(&sandbox, &roles), &[]);
    agent.wait_for_state("good", "fresh");
    let log = agent.output();
    assert!(!log.contains("AWS_ROLE_ARN") && !log.contains("AWS_ROLE_SESSION_NAME"), "{log}");
}

#[test]
fn profiles_tell_programs_what_they_need() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let mut variables =
        environment(&sandbox, &[("AWS_ROLE_1", "arn:aws:iam::123456789012:role/team/Admin:My Account")]);
    variables.push(("ROLECALL_DEFAULT".into(), "My-Account".into()));
    let agent = Agent::start(&home, variables, &[]);
    let profile = agent.wait_for_state("My-Account", "fresh");
    for (key, value) in [
        ("alias", "My-Account"),
        ("name", "My Account"),
        ("arn", "arn:aws:iam::123456789012:role/team/Admin"),
        ("account", "123456789012"),
        ("partition", "aws"),
        ("role", "Admin"),
        ("region", "eu-central-1"),
        ("source", "base"),
    ] {
        assert_eq!(profile[key], value, "{key} of {profile:#}");
    }
    // The log tells the new name once, and never again.
    let told = agent.output().matches("the profile of \"My Account\" is called My-Account").count();
    assert_eq!(told, 1, "{}", agent.output());
    assert_eq!(profile["default"], true);
    assert_eq!(profile["fault"], Value::Null);
    for time in ["expires_at", "next_refresh_at"] {
        assert!(profile[time].as_str().unwrap().ends_with('Z'), "{profile:#}");
    }
    let all = agent.profiles();
    assert_eq!((&all["version"], &all["default"]), (&Value::from(1), &Value::from("My-Account")));
}
