//! The sandbox and ministack, which others wrote, are asked the same by the same client: they must answer the same, but
//! where ministack is known to let through what AWS refuses. And the agent works with ministack as with the sandbox.

use std::path::Path;

use e2e::{Agent, Home, Ministack, Sandbox, aws, boto3, caller, finish};
use serde_json::{Value, json};

/// What AWS refuses and ministack does not: the scenario, the sandbox's and ministack's outcome, who says so.
const KNOWN: [(&str, &str, &str, &str); 8] = [
    (
        "longer than the role allows",
        "ValidationError",
        "ok",
        // "the operation fails" over the maximum session duration setting of the role.
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ),
    (
        "longer than any role allows",
        "ValidationError",
        "ok",
        // DurationSeconds: "Valid Range: Minimum value of 900. Maximum value of 43200."
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ),
    ("too short", "ValidationError", "ok", "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"),
    (
        "a chain for over an hour",
        "ValidationError",
        "ok",
        // "Role chaining limits your [...] role session to a maximum of one hour."
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html",
    ),
    (
        "a bad session name",
        "ValidationError",
        "ok",
        // RoleSessionName: "Pattern: [\w+=,.@-]*"
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ),
    (
        "an ended web identity",
        "ExpiredTokenException",
        "ok",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
    ),
    (
        "a forged web identity",
        "InvalidIdentityToken",
        "ok",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
    ),
    (
        "another audience",
        "InvalidIdentityToken",
        // Refused by both; AWS looks at the audiences of the provider before the role's trust.
        "AccessDenied",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html",
    ),
];

const SUBJECT: &str = "system:serviceaccount:default:app";

fn sandbox(home: &Home) -> Sandbox {
    Sandbox::with_world(home, &Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/oracle/world.toml"))
}

/// The users of the sandbox's world, as `ministack_world.py` prints those of ministack's.
fn sandbox_keys() -> Value {
    json!({
        "alice": ["SANDBOXKEYOFALICE", "not-a-secret-of-alice"],
        "bob": ["SANDBOXKEYOFBOB0", "not-a-secret-of-bob"],
    })
}

#[track_caller]
fn ask(home: &Home, url: &str, what: &str, keys: &Value, more: &Value) -> Value {
    let args = [what, &keys.to_string(), &more.to_string()];
    let answers = finish(&mut boto3(home, url, "oracle.py", &args)).ok();
    serde_json::from_str(&answers).unwrap_or_else(|error| unreachable!("{error}: {answers}"))
}

#[test]
fn the_sandbox_answers_as_ministack_does() {
    let home = Home::new();
    let (sandbox, ministack) = (sandbox(&home), Ministack::start(&home));
    let right = sandbox.token(&json!({ "sub": SUBJECT }));
    let other = sandbox.token(&json!({"sub": "system:serviceaccount:default:other"}));
    let (claims, _) = right.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    let tokens = json!({
        "right": right,
        "other subject": other,
        "other audience": sandbox.token(&json!({"sub": SUBJECT, "aud": "vault"})),
        "ended": sandbox.token(&json!({"sub": SUBJECT, "expires_in_seconds": -60})),
        "forged": format!("{claims}.{signature}"),
    });
    let ours = ask(&home, &sandbox.url(), "matrix", &sandbox_keys(), &tokens);
    let theirs = ask(&home, &ministack.url(), "matrix", &ministack.build_world(&home), &tokens);
    let (ours, theirs) = (ours.as_object().unwrap(), theirs.as_object().unwrap());
    assert_eq!((ours.len(), theirs.len()), (30, 30), "{ours:#?}");
    for (scenario, our) in ours {
        let their = &theirs[scenario];
        match KNOWN.iter().find(|(known, ..)| known == scenario) {
            None => assert_eq!(our, their, "{scenario}"),
            Some((_, expected, of_ministack, page)) => {
                assert_eq!(our, expected, "{scenario}: {page}");
                let their = their.as_str().unwrap().split(' ').next().unwrap();
                assert_eq!(their, *of_ministack, "{scenario}: when ministack refuses it, too, take it out of the list");
            }
        }
    }
    // Not only the same: what AWS answers.
    for (scenario, expected) in [
        ("an unknown key", "InvalidClientTokenId"),
        ("a wrong secret", "SignatureDoesNotMatch"),
        ("a tampered token", "InvalidClientTokenId"),
        ("a user who is not trusted", "AccessDenied"),
        ("a role that is not there", "AccessDenied"),
        ("no external id", "AccessDenied"),
        ("another external id", "AccessDenied"),
        ("another subject", "AccessDenied"),
        ("a session", "ok arn:aws:sts::111122223333:assumed-role/Hub/me@host"),
        ("a chain into another account", "ok arn:aws:sts::444455556666:assumed-role/Spoke/me@host"),
        ("the right web identity", "ok arn:aws:sts::111122223333:assumed-role/Web/me@host"),
    ] {
        assert_eq!(ours[scenario], expected, "{scenario}");
    }
}

#[test]
fn a_session_ends_for_both() {
    let home = Home::new();
    let (sandbox, ministack) = (sandbox(&home), Ministack::start(&home));
    sandbox.session_seconds(3);
    let ours = ask(&home, &sandbox.url(), "expiry", &sandbox_keys(), &json!(900));
    // ministack takes any length, AWS and the sandbox none below 900 s.
    let theirs = ask(&home, &ministack.url(), "expiry", &ministack.build_world(&home), &json!(3));
    let expected = json!({
        "before its end": "ok arn:aws:sts::111122223333:assumed-role/Hub/me@host",
        "who am I, after its end": "ExpiredToken",
        "assume a role, after its end": "ExpiredToken",
    });
    assert_eq!((ours, theirs), (expected.clone(), expected));
}

/// What the agent is given to use ministack as somebody with these keys.
fn environment(ministack: &Ministack, id: &Value, secret: &Value, token: Option<&Value>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut variables = vec![
        ("AWS_ENDPOINT_URL".to_owned(), ministack.url()),
        ("AWS_REGION".into(), e2e::REGION.into()),
        ("AWS_ACCESS_KEY_ID".into(), text(id)),
        ("AWS_SECRET_ACCESS_KEY".into(), text(secret)),
        ("AWS_ROLE_1".into(), "arn:aws:iam::111122223333:role/team/Hub:Hub".into()),
        ("AWS_ROLE_2".into(), "arn:aws:iam::111122223333:role/Bobs:Bobs".into()),
    ];
    variables.extend(token.map(|token| ("AWS_SESSION_TOKEN".into(), text(token))));
    variables
}

#[test]
fn the_agent_rotates_sessions_of_ministack_and_tells_what_it_denies() {
    let home = Home::new();
    let ministack = Ministack::start(&home);
    let keys = ministack.build_world(&home);
    let alice = environment(&ministack, &keys["alice"][0], &keys["alice"][1], None);
    let agent = Agent::start(&home, alice, &[]);
    agent.wait_for_state("Hub", "fresh");
    let denied = agent.wait_for_fault("Bobs", "denied");
    assert!(denied["fault"]["message"].as_str().unwrap().contains("role/Bobs"), "{denied:#}");

    let who = ["--profile", "Hub", "sts", "get-caller-identity"];
    let mut before = agent.credentials("Hub");
    for _rotation in 0..2 {
        let found = caller(&mut aws(&home, &ministack.url(), &who));
        assert!(found.starts_with("arn:aws:sts::111122223333:assumed-role/Hub/Hub@"), "{found}");
        finish(&mut home.rolecall(&["refresh", "Hub"])).ok();
        before = agent.wait_for_rotation("Hub", &before);
    }
    // The role begins to trust alice, and the agent finds out by itself.
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"},
    }]});
    let args = ["update-assume-role-policy", "--role-name", "Bobs", "--policy-document", &trust.to_string()];
    ministack.iam(&home, "111122223333", &args);
    agent.wait_for_state("Bobs", "fresh");
}

#[test]
fn a_base_that_ministack_calls_expired_is_expired() {
    let home = Home::new();
    let ministack = Ministack::start(&home);
    let keys = ministack.build_world(&home);
    let base = ask(&home, &ministack.url(), "session", &keys, &json!(2));
    let session = environment(&ministack, &base["AccessKeyId"], &base["SecretAccessKey"], Some(&base["SessionToken"]));
    // Before its end this base is denied both roles, since they do not trust it.
    let agent = Agent::start(&home, session, &[]);
    let fault = agent.wait_for_fault("Hub", "base_expired");
    assert!(fault["fault"]["message"].as_str().unwrap().contains("expired"), "{fault:#}");
}
