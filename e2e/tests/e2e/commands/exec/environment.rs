//! What the command finds in its environment and in its private files, and what others see of us.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use e2e::{Agent, Home, REGION, Running, Sandbox, Secrets, finish, seed_environment};
use serde_json::{Value, json};

use super::{ALIAS, LIMIT, SHOW, World, ask, exec, on_each_ground, on_each_ground_with, shown};

fn environment_of(command: &mut Command) -> BTreeMap<String, String> {
    let shown = finish(command).ok();
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    shown.lines().filter_map(pair).collect()
}

/// What a user may have set for another role. The base, if it is needed, is in `seed_environment`.
const OTHERS: [(&str, &str); 15] = [
    ("AWS_PROFILE", ALIAS),
    ("AWS_DEFAULT_PROFILE", "other"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_SECURITY_TOKEN", "other"),
    ("AWS_CREDENTIAL_EXPIRATION", "2030-01-01T00:00:00Z"),
    ("AWS_ACCOUNT_ID", "999999999999"),
    ("AWS_ACCESS_KEY", "other"),
    ("AWS_SECRET_KEY", "other"),
    ("AMAZON_ACCESS_KEY_ID", "other"),
    ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/Other"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "/other"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/other"),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "other"),
    ("AWS_BEARER_TOKEN_BEDROCK", "other"),
    ("KEPT", "as it is"),
];

/// What an environment is like without us, less what belongs to the base or to another role.
fn expected(world: &World<'_>) -> BTreeMap<String, String> {
    let mut exec = world.exec(&[], &["env"]);
    let without_us = exec.envs(OTHERS).get_envs().filter_map(|(name, value)| Some((name, value?)));
    let text = |(name, value): (&std::ffi::OsStr, &std::ffi::OsStr)| {
        (name.to_str().unwrap().to_owned(), value.to_str().unwrap().to_owned())
    };
    let mut expected: BTreeMap<String, String> = without_us.map(text).collect();
    let gone = OTHERS.map(|(name, _)| name).into_iter().filter(|name| *name != "KEPT");
    for name in gone.chain(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
        expected.remove(name);
    }
    for (name, value) in [
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("ROLECALL_EXEC", ALIAS),
        // Of the directory that the command runs in.
        ("PWD", world.home.path().to_str().unwrap()),
    ] {
        expected.insert(name.into(), value.into());
    }
    expected
}

/// Takes out of an environment what names a private file, and returns the folder that all of them are in.
#[track_caller]
fn folder(environment: &mut BTreeMap<String, String>, files: &[(&str, &str)]) -> String {
    let mut folders = Vec::new();
    for (name, file) in files {
        let path = environment.remove(*name).unwrap_or_else(|| unreachable!("no {name}"));
        folders.push(path.strip_suffix(file).unwrap_or_else(|| unreachable!("{name}={path}")).to_owned());
    }
    folders.sort();
    folders.dedup();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders.remove(0)
}

const FILES: [(&str, &str); 4] = [
    ("AWS_CONFIG_FILE", "/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/credentials"),
    ("AWS_CREDENTIAL_PROFILES_FILE", "/credentials"),
    ("BOTO_CONFIG", "/credentials"),
];

#[test]
fn the_environment_is_what_it_was_with_one_role_in_it_and_no_other() {
    on_each_ground(|world| {
        let mut found = environment_of(world.exec(&[], &["env"]).envs(OTHERS));
        let url = found.remove("AWS_CONTAINER_CREDENTIALS_FULL_URI").unwrap();
        assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/v1/credentials/MyFirstAccount"), "{url}");
        let token = [("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token")];
        let folder = folder(&mut found, &[&FILES[..], &token].concat());
        assert!(folder.starts_with(world.home.at("tmp").to_str().unwrap()), "{folder}");
        found.entry("PWD".into()).or_insert_with(|| world.home.path().to_str().unwrap().into());
        assert_eq!(found, expected(&world));
    });
}

#[test]
fn with_keys_they_stand_in_the_place_of_the_endpoint() {
    on_each_ground(|world| {
        let ended = finish(world.exec(&["--keys"], &["env"]).envs(OTHERS)).code(0);
        assert_eq!(ended.stderr, "", "an hour is enough");
        let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut found: BTreeMap<String, String> = ended.stdout.lines().filter_map(pair).collect();
        folder(&mut found, &FILES);
        assert!(found.remove("AWS_ACCESS_KEY_ID").unwrap().starts_with("ASIA"));
        for (name, least) in
            [("AWS_SECRET_ACCESS_KEY", 40), ("AWS_SESSION_TOKEN", 100), ("AWS_CREDENTIAL_EXPIRATION", 20)]
        {
            assert!(found.remove(name).unwrap().len() >= least, "{name}");
        }
        assert_eq!(found.remove("AWS_ACCOUNT_ID").unwrap(), "123456789012");
        found.entry("PWD".into()).or_insert_with(|| world.home.path().to_str().unwrap().into());
        assert_eq!(found, expected(&world));
    });
}

#[test]
fn keys_that_end_soon_are_told_when_there_are_no_others() {
    on_each_ground_with(
        |sandbox| sandbox.session_seconds(300),
        |world| {
            let told = || finish(&mut world.exec(&["--keys"], &["true"])).code(0).stderr;
            let note = told();
            assert!(note.contains("MyFirstAccount are valid for ") && note.lines().count() == 1, "{note}");
            // An agent that holds such still is asked for others first.
            world.sandbox.mend();
            assert_eq!(told(), "");
        },
    );
}

#[test]
fn the_private_files_are_for_this_user_alone_and_hold_a_region() {
    on_each_ground(|world| {
        let line = r#"cd "$(dirname "$AWS_CONFIG_FILE")" && stat -c '%a %n' . * && grep -v '^#' config credentials; wc -c token"#;
        let shown = finish(&mut world.shell(line)).ok();
        let expected = format!(
            "700 .\n600 config\n600 credentials\n600 token\n\
             config:[default]\nconfig:region = {REGION}\nconfig:[profile {ALIAS}]\nconfig:region = {REGION}\n43 token\n"
        );
        assert_eq!(shown, expected);
    });
}

#[test]
fn nothing_secret_is_seen_of_us_or_of_the_command() {
    on_each_ground(|world| {
        let mut running = Running::start(&mut world.shell(&format!("{SHOW}; exec sleep 60")));
        let (url, token) = shown(&mut running);
        let (status, body) = ask(&url, &token).unwrap();
        assert_eq!(status, 200);
        let mut secrets = Secrets::default();
        let answer: Value = serde_json::from_str(&body).unwrap();
        secrets.add(&json!({ "SecretAccessKey": answer["SecretAccessKey"], "SessionToken": answer["Token"] }));
        secrets.add(&json!({ "SecretAccessKey": token, "SessionToken": token }));
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", running.id())).unwrap();
        let child: u32 = children.trim().parse().unwrap();
        for id in [running.id(), child] {
            for what in ["cmdline", "environ"] {
                let seen = fs::read(format!("/proc/{id}/{what}")).unwrap_or_default();
                secrets.assert_absent(what, &String::from_utf8_lossy(&seen));
            }
        }
        running.signal(rustix::process::Signal::TERM);
        secrets.assert_absent("what we say", &running.wait(LIMIT).stderr);
    });
}

#[test]
fn a_role_that_the_last_agent_had_needs_no_variable() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state(ALIAS, "fresh");
    let key = agent.credentials(ALIAS)["AccessKeyId"].clone();
    agent.stop(rustix::process::Signal::TERM);
    let calls = sandbox.calls().len();
    // The session that it left is taken over, and no call is made.
    let mut running =
        Running::start(&mut exec(&home, sandbox.environment(), &[], &["sh", "-c", &format!("{SHOW}; exec sleep 60")]));
    let (url, token) = shown(&mut running);
    let answer: Value = serde_json::from_str(&ask(&url, &token).unwrap().1).unwrap();
    assert_eq!((&answer["AccessKeyId"], sandbox.calls().len()), (&key, calls));
    // A narrowed one is another session.
    finish(&mut exec(&home, sandbox.environment(), &["--read-only"], &["true"])).code(0);
    assert_eq!(sandbox.calls().len(), calls + 1);
}
