//! What may be wrong with the base: each source of the default chain, missing, wrong or ended.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use e2e::{Agent, Home, Sandbox};
use serde_json::json;

use super::server::{Answer, Server};
use super::told::{ALIAS, fails, is_well, one_role, told_everywhere, with_keys};

#[test]
fn no_base_at_all_says_where_one_may_come_from() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    fails(&home, &one_role(&[("AWS_ENDPOINT_URL", &sandbox.url())]), "misconfigured");
    assert!(sandbox.calls().is_empty());
}

#[test]
fn half_a_base_is_named() {
    let home = Home::new();
    fails(&home, &one_role(&[("AWS_ACCESS_KEY_ID", Sandbox::KEY)]), "misconfigured");
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    let home = Home::new();
    home.write(".aws/credentials", "[default]\naws_access_key_id = A\naws_secret_access_key = s\n");
    let (_agent, message) = fails(&home, &one_role(&[("AWS_PROFILE", "nosuch")]), "misconfigured");
    assert!(message.contains("AWS_PROFILE names the profile \"nosuch\""), "{message}");
}

#[test]
fn a_source_profile_that_is_not_there_is_named() {
    let home = Home::new();
    home.write(".aws/config", "[profile work]\nrole_arn = arn:aws:iam::1:role/B\nsource_profile = nosuch\n");
    fails(&home, &one_role(&[("AWS_PROFILE", "work")]), "misconfigured");
}

#[test]
fn keys_that_aws_does_not_know_and_a_secret_that_is_wrong_are_misconfigured() {
    for (id, secret) in [("SANDBOXKEYOFNOBODY", "x"), (Sandbox::KEY, "not-the-secret")] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        let keys = [
            ("AWS_ENDPOINT_URL", sandbox.url()),
            ("AWS_ACCESS_KEY_ID", id.into()),
            ("AWS_SECRET_ACCESS_KEY", secret.into()),
        ];
        let keys: Vec<(&str, &str)> = keys.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fails(&home, &one_role(&keys), "misconfigured");
    }
}

#[test]
fn keys_that_end_while_the_agent_runs_are_base_expired_and_pass() {
    for state in ["expired", "inactive"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        sandbox.session_seconds(6);
        let agent = Agent::start(&home, with_keys(&sandbox.url(), &[]), &[]);
        is_well(&agent, ALIAS);
        sandbox.faults(&json!({"session_seconds": 6, "keys": {Sandbox::KEY: state}}));
        told_everywhere(&home, &agent, ALIAS, "base_expired");
        agent.wait_for_state(ALIAS, "expired");
        sandbox.session_seconds(60);
        is_well(&agent, ALIAS);
    }
}

/// The config of a login session, and where the AWS CLI keeps the login: named after the SHA-1 of the session's name.
const SSO: &str = "[profile work]\nsso_session = dev\nsso_account_id = 123456789012\nsso_role_name = R\nregion = \
                   eu-central-1\n[sso-session dev]\nsso_region = eu-central-1\nsso_start_url = https://example.com/start\n";
const LOGIN: &str = ".aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json";

#[test]
fn a_login_that_was_never_made_or_has_ended_says_the_command_that_makes_one() {
    for login in [None, Some("2020-01-01T00:00:00Z"), Some("2099-01-01T00:00:00Z")] {
        let home = Home::new();
        home.write(".aws/config", SSO);
        if let Some(ends) = login {
            home.write(LOGIN, &json!({"accessToken": "canary", "expiresAt": ends}).to_string());
        }
        // The last one is good by itself, but AWS has ended it.
        let portal = Server::start(Answer::Say(401, json!({"__type": "UnauthorizedException"}).to_string()));
        let url = format!("http://{}", portal.address());
        let environment = one_role(&[("AWS_PROFILE", "work"), ("AWS_ENDPOINT_URL", &url)]);
        let (agent, _) = fails(&home, &environment, "sso_login_needed");
        let action = agent.profile(ALIAS)["fault"]["action"].to_string();
        assert!(action.contains("`aws sso login --sso-session dev`"), "{action}");
    }
}

#[test]
fn a_new_login_is_enough() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    home.write(".aws/config", SSO);
    // What a login gives: a session of the sandbox, from another agent.
    let other = Home::new();
    let first = Agent::start(&other, with_keys(&sandbox.url(), &[]), &[]);
    is_well(&first, ALIAS);
    let keys = first.credentials(ALIAS);
    let portal = json!({"roleCredentials": {
        "accessKeyId": keys["AccessKeyId"], "secretAccessKey": keys["SecretAccessKey"],
        "sessionToken": keys["SessionToken"], "expiration": 4_070_908_800_000_u64,
    }});
    let portal = Server::start(Answer::Say(200, portal.to_string()));
    let url = format!("http://{}", portal.address());
    let environment =
        one_role(&[("AWS_PROFILE", "work"), ("AWS_ENDPOINT_URL", &sandbox.url()), ("AWS_ENDPOINT_URL_SSO", &url)]);
    let agent = Agent::start(&home, environment, &[]);
    told_everywhere(&home, &agent, ALIAS, "sso_login_needed");
    home.write(LOGIN, &json!({"accessToken": "canary", "expiresAt": "2099-01-01T00:00:00Z"}).to_string());
    is_well(&agent, ALIAS);
    assert!(portal.seen()[0].starts_with("GET /federation/credentials"), "{:?}", portal.seen());
}

#[test]
fn a_token_file_that_is_missing_is_named_and_one_that_has_ended_is_told_apart() {
    let home = Home::new();
    let token = home.at("token");
    let body = "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token expired</Message></Error>\
                </ErrorResponse>";
    let server = Server::start(Answer::Say(400, body.into()));
    let url = format!("http://{}", server.address());
    let environment = one_role(&[
        ("AWS_ENDPOINT_URL", &url),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/Base"),
    ]);
    drop(fails(&home, &environment, "misconfigured"));
    home.write("token", "canary");
    fails(&home, &environment, "base_expired");
}

#[test]
fn a_container_without_a_role_is_misconfigured() {
    let home = Home::new();
    let server = Server::start(Answer::Say(404, "canary".into()));
    let url = format!("http://{}/credentials", server.address());
    fails(&home, &one_role(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]), "misconfigured");
}

/// A program that gives credentials, as the base.
fn program(home: &Home, text: &str) -> String {
    let path = home.at("base");
    home.write("base", &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    home.write(".aws/config", &format!("[default]\ncredential_process = {}\n", path.display()));
    path.display().to_string()
}

#[test]
fn a_program_that_fails_or_babbles_is_misconfigured() {
    for text in ["echo canary; echo canary >&2; exit 3", "echo canary"] {
        let home = Home::new();
        program(&home, text);
        let (agent, message) = fails(&home, &one_role(&[]), "misconfigured");
        assert!(message.contains("the credential_process of the profile \"default\""), "{message}");
        assert!(!agent.output().contains("canary"), "{}", agent.output());
    }
}

#[test]
fn a_program_that_hangs_is_unreachable() {
    let home = Home::new();
    program(&home, "exec sleep 600");
    let agent = Agent::start(&home, one_role(&[]), &[]);
    told_everywhere(&home, &agent, ALIAS, "unreachable");
}

#[test]
fn a_role_of_the_base_that_may_not_be_assumed_is_denied() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({"roles": {"arn:aws:iam::123456789012:role/team/Admin": {"denied": true}}}));
    home.write(
        ".aws/config",
        "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/team/Admin\nsource_profile = keys\n",
    );
    let keys = format!("[keys]\naws_access_key_id = {}\naws_secret_access_key = {}\n", Sandbox::KEY, Sandbox::SECRET);
    home.write(".aws/credentials", &keys);
    let environment = one_role(&[("AWS_PROFILE", "work"), ("AWS_ENDPOINT_URL", &sandbox.url())]);
    let (_agent, message) = fails(&home, &environment, "denied");
    assert!(message.starts_with("could not load the base credentials"), "{message}");
}
