//! The seed's two variables as they stand: the profile that each makes is that role, for every client, in every form of
//! publishing, and through the store.

use std::time::Duration;

use e2e::{Agent, Home, Moto, Sandbox, aws, boto3, caller, seed_environment, until};

const WHO_AM_I: [&str; 4] = ["sts", "get-caller-identity", "--output", "json"];

/// The profiles, and the start of the ARN of who uses them; the session name follows.
const PROFILES: [(&str, &str); 2] = [
    ("MyFirstAccount", "arn:aws:sts::123456789012:assumed-role/MyFirstRole/MyFirstAccount@"),
    ("MySecondAccount", "arn:aws:sts::123456789013:assumed-role/MySecondRole/MySecondAccount@"),
];

/// Runs both clients for both profiles, in the home as the agent left it.
#[track_caller]
fn every_client_is_the_role(home: &Home, endpoint: &str, extra: &[(&str, String)]) {
    for (profile, arn) in PROFILES {
        let mut cli = aws(home, endpoint, &[&["--profile", profile], &WHO_AM_I[..]].concat());
        let mut python = boto3(home, endpoint, "identity.py", &[profile]);
        for client in [&mut cli, &mut python] {
            let found = caller(client.envs(extra.iter().cloned()));
            assert!(found.starts_with(arn), "{profile} is {found}");
        }
    }
}

/// An agent whose profiles are where the clients will look. A session is there a moment before the files are, and the
/// Region is the last that is written.
fn published<'home>(home: &'home Home, environment: Vec<(String, String)>, form: &str) -> Agent<'home> {
    let agent = Agent::start(home, seed_environment(environment), &["--publish", form]);
    let config = if form == "none" { ".local/state/rolecall/config" } else { ".aws/config" };
    for (profile, _) in PROFILES {
        agent.wait_for_state(profile, "fresh");
        until(&format!("{profile} in {config}"), Duration::from_secs(5), || {
            let text = home.read(config);
            if text.contains(&format!("[profile {profile}]")) { Ok(()) } else { Err(text) }
        });
    }
    agent
}

fn store(home: &Home) -> [(&'static str, String); 2] {
    let at = |file: &str| home.state().join(file).to_string_lossy().into_owned();
    [("AWS_SHARED_CREDENTIALS_FILE", at("credentials")), ("AWS_CONFIG_FILE", at("config"))]
}

#[test]
fn published_as_a_process() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let _agent = published(&home, sandbox.environment(), "process");
    assert!(home.read(".aws/config").contains("credential_process"), "{}", home.read(".aws/config"));
    assert_eq!(home.read(".aws/credentials"), "");
    every_client_is_the_role(&home, &sandbox.url(), &[]);
}

#[test]
fn published_as_keys_in_a_file() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let _agent = published(&home, sandbox.environment(), "file");
    assert!(!home.read(".aws/config").contains("credential_process"), "{}", home.read(".aws/config"));
    assert!(home.read(".aws/credentials").contains("[MyFirstAccount]"));
    every_client_is_the_role(&home, &sandbox.url(), &[]);
}

#[test]
fn through_the_store_without_a_word_in_the_users_files() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let _agent = published(&home, sandbox.environment(), "none");
    assert!(!home.at(".aws").exists(), "{:#?}", home.everything());
    every_client_is_the_role(&home, &sandbox.url(), &store(&home));
}

#[test]
fn with_moto_in_every_form() {
    let home = Home::new();
    let moto = Moto::start(&home);
    for form in ["process", "file", "none"] {
        let home = Home::new();
        let _agent = published(&home, moto.environment(), form);
        let extra = if form == "none" { store(&home).to_vec() } else { Vec::new() };
        every_client_is_the_role(&home, &moto.url(), &extra);
    }
}

#[test]
fn the_region_goes_along_with_the_profile() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let _agent = published(&home, sandbox.environment(), "process");
    let mut region = aws(&home, &sandbox.url(), &["--profile", "MyFirstAccount", "configure", "get", "region"]);
    assert_eq!(e2e::finish(&mut region).ok().trim(), e2e::REGION);
}

#[test]
fn the_error_of_a_role_without_a_session_reaches_the_user_of_the_client() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let denied = "arn:aws:iam::123456789012:role/MyFirstRole";
    sandbox.faults(&serde_json::json!({"roles": {denied: {"denied": true}}}));
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_fault("MyFirstAccount", "denied");
    agent.wait_for_state("MySecondAccount", "fresh");

    let args = [&["--profile", "MyFirstAccount"], &WHO_AM_I[..]].concat();
    let failed = e2e::finish(&mut aws(&home, &sandbox.url(), &args));
    assert_ne!(failed.code, Some(0));
    assert!(failed.stderr.contains(denied), "{failed:#?}");
    let other = caller(&mut aws(&home, &sandbox.url(), &[&["--profile", "MySecondAccount"], &WHO_AM_I[..]].concat()));
    assert!(other.starts_with(PROFILES[1].1), "{other}");
}
