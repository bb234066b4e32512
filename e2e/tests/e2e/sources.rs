//! Where base credentials come from: each source of the default chain, against the sandbox that plays it. Who assumed
//! the roles tells that it was this source and no other.

use e2e::{Agent, Home, Sandbox, seed_environment};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/MyFirstRole";

/// The SHA-1 of `sandbox`, and of the start URL of the sandbox's logins: the SDKs name the files of logins so.
const OF_SESSION: &str = ".aws/sso/cache/9ed037b84943c4caa3a520e48a5540181c46c98c.json";
const OF_START_URL: &str = ".aws/sso/cache/e009d2e714015aae0f6dc0696568e5d668596a14.json";

/// What the agent needs besides a base: where AWS is, the Region, the roles.
fn without_base(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut environment = seed_environment(sandbox.environment());
    environment.retain(|(name, _)| !name.starts_with("AWS_ACCESS_KEY") && !name.starts_with("AWS_SECRET"));
    environment
}

fn with<'a>(sandbox: &Sandbox, more: impl IntoIterator<Item = (&'a str, String)>) -> Vec<(String, String)> {
    let more = more.into_iter().map(|(name, value)| (name.to_owned(), value));
    without_base(sandbox).into_iter().chain(more).collect()
}

/// Runs an agent until both roles are fresh, and returns who assumed them.
#[track_caller]
fn assumers(home: &Home, sandbox: &Sandbox, environment: Vec<(String, String)>) -> Vec<String> {
    let agent = Agent::start(home, environment, &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    agent.wait_for_state("MySecondAccount", "fresh");
    sandbox.assumers()
}

/// A profile with a login, and its two forms.
fn profile(form: &str) -> String {
    let of_login = "sso_region = us-east-1\nsso_start_url = https://sandbox.awsapps.com/start\n";
    let of_role = "sso_account_id = 123456789012\nsso_role_name = MyFirstRole\n";
    match form {
        "session" => format!("[profile work]\nsso_session = sandbox\n{of_role}[sso-session sandbox]\n{of_login}"),
        _ => format!("[profile work]\n{of_role}{of_login}"),
    }
}

fn file(form: &str) -> &'static str {
    if form == "session" { OF_SESSION } else { OF_START_URL }
}

#[test]
fn keys_in_the_environment_or_a_profile_are_a_base() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    assert_eq!(assumers(&home, &sandbox, seed_environment(sandbox.environment())), [Sandbox::USER]);

    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let (key, secret) = (Sandbox::KEY, Sandbox::SECRET);
    home.write(".aws/credentials", &format!("[work]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"));
    let environment = with(&sandbox, [("AWS_PROFILE", "work".into())]);
    assert_eq!(assumers(&home, &sandbox, environment), [Sandbox::USER]);
}

#[test]
fn a_login_of_either_form_is_a_base() {
    for form in ["session", "legacy"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        home.write(".aws/config", &profile(form));
        home.write(file(form), &sandbox.login(&json!({"user": "ann"})));
        let environment = with(&sandbox, [("AWS_PROFILE", "work".into())]);
        let session = "arn:aws:sts::123456789012:assumed-role/MyFirstRole/ann";
        assert_eq!(assumers(&home, &sandbox, environment), [session], "{form}");
    }
}

#[test]
fn a_login_that_is_missing_or_over_is_told_with_its_command_and_a_new_one_is_used() {
    for (form, command) in
        [("session", "aws sso login --sso-session sandbox"), ("legacy", "aws sso login --profile work")]
    {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        sandbox.session_seconds(4);
        home.write(".aws/config", &profile(form));
        let agent = Agent::start(&home, with(&sandbox, [("AWS_PROFILE", "work".into())]), &[]);
        let told = |agent: &Agent<'_>| {
            let profile = agent.wait_for_fault("MyFirstAccount", "sso_login_needed");
            let action = profile["fault"]["action"].as_str().unwrap_or_default();
            assert!(action.contains(&format!("`{command}`")), "{form}: {profile}");
        };
        told(&agent);
        home.write(file(form), &sandbox.login(&Value::Null));
        agent.wait_for_state("MyFirstAccount", "fresh");

        // By its file the login still holds: it is the portal that says no.
        sandbox.end_logins();
        told(&agent);
    }
}

#[test]
fn an_access_token_that_is_over_is_renewed_and_a_portal_that_is_down_needs_no_login() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    home.write(".aws/config", &profile("session"));
    let mut login: Value = serde_json::from_str(&sandbox.login(&json!({"user": "ann"}))).unwrap();
    login["expiresAt"] = "2026-01-01T00:00:00Z".into();
    home.write(OF_SESSION, &login.to_string());
    let environment = with(&sandbox, [("AWS_PROFILE", "work".into())]);
    sandbox.faults(&json!({"outage": "unavailable"}));
    let agent = Agent::start(&home, environment, &[]);
    agent.wait_for_fault("MyFirstAccount", "unreachable");
    sandbox.mend();
    agent.wait_for_state("MyFirstAccount", "fresh");
    assert_eq!(sandbox.assumers(), ["arn:aws:sts::123456789012:assumed-role/MyFirstRole/ann"]);
    assert!(sandbox.calls().iter().any(|call| call["action"] == "CreateToken" && call["outcome"] == "ok"));
    assert!(!home.read(OF_SESSION).contains("2026-01-01"), "the SDK saves the renewed login");
}

#[test]
fn a_web_identity_is_a_base_and_its_file_is_read_at_each_exchange() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(4);
    let token = |name: &str| sandbox.token(&json!({"sub": format!("system:serviceaccount:default:{name}")}));
    home.write("token", &token("one"));
    let environment = with(
        &sandbox,
        [
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/WebApp".into()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", home.at("token").display().to_string()),
            ("AWS_ROLE_SESSION_NAME", "pod".into()),
        ],
    );
    let agent = Agent::start(&home, environment, &[]);
    let first = agent.credentials("MyFirstAccount");
    home.write("token", &token("two"));
    let exchanged_by = |name: &str| {
        let caller = format!("system:serviceaccount:default:{name}");
        sandbox.calls().iter().any(|call| call["action"] == "AssumeRoleWithWebIdentity" && call["caller"] == *caller)
    };
    assert!(exchanged_by("one"));
    let mut last = first;
    e2e::until("an exchange of the new token", std::time::Duration::from_secs(60), || {
        last = agent.wait_for_rotation("MyFirstAccount", &last);
        if exchanged_by("two") { Ok(()) } else { Err(agent.output()) }
    });
    assert_eq!(sandbox.assumers(), ["arn:aws:sts::123456789012:assumed-role/WebApp/pod"]);
}

#[test]
fn tasks_and_pods_have_a_base_from_their_endpoint() {
    let pod = json!({"cluster": "prod", "namespace": "shop", "service_account": "cart", "name": "cart-0"});
    for (of, name) in [(json!({"role": ROLE, "pod": pod}), "eks-prod-cart-0-"), (json!({ "role": ROLE }), "")] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        home.write("token", &sandbox.container_token(&of));
        let environment = with(
            &sandbox,
            [
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container/credentials", sandbox.url())),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", home.at("token").display().to_string()),
            ],
        );
        let assumers = assumers(&home, &sandbox, environment);
        let session = format!("arn:aws:sts::123456789012:assumed-role/MyFirstRole/{name}");
        assert!(assumers.iter().all(|caller| caller.starts_with(&session)) && !assumers.is_empty(), "{assumers:?}");
    }
}

#[test]
fn an_instance_has_a_base_and_a_region() {
    let home = Home::new();
    let world = "version = 1\n[account.123456789012.role.Web]\n[account.123456789012.role.MyFirstRole]\n\
                 [account.123456789013.role.MySecondRole]\n[instance]\n\
                 role = \"arn:aws:iam::123456789012:role/Web\"\nregion = \"eu-north-1\"\n";
    home.write("world.toml", world);
    let sandbox = Sandbox::with_world(&home, &home.at("world.toml"));
    let mut environment = with(
        &sandbox,
        [("AWS_EC2_METADATA_DISABLED", "false".into()), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", sandbox.url())],
    );
    environment.retain(|(name, _)| name != "AWS_REGION");
    let session = "arn:aws:sts::123456789012:assumed-role/Web/i-0a1b2c3d4e5f60718";
    assert_eq!(assumers(&home, &sandbox, environment), [session]);
    assert!(sandbox.calls().iter().any(|call| call["action"] == "GET /latest/meta-data/placement/region"));
}
