//! Four chained profiles and nothing but a token: through the agent, and through the config that we render and that the
//! clients resolve alone. The sandbox and ministack give the same answers.

use std::fmt::Write as _;

use e2e::{Agent, Home, Ministack, Sandbox, aws, boto3, caller, finish};
use serde_json::{Value, json};

const POD: &str = "arn:aws:iam::123456789012:role/svc-eks-podrole";
const ISSUER: &str = "oidc.example.com/prod";
const SUBJECT: &str = "system:serviceaccount:default:app";

/// Each profile with its role, and what it is assumed from.
const PROFILES: [(&str, &str, Option<&str>); 4] = [
    ("default", POD, None),
    ("account-a-admin", "arn:aws:iam::345678901234:role/Administrator-role", Some("default")),
    ("account-b-admin", "arn:aws:iam::567890123456:role/Administrator-role", Some("default")),
    ("account-b-specialized", "arn:aws:iam::567890123456:role/special-s3-access", Some("account-b-admin")),
];

/// The role that a profile is assumed from.
fn source(profile: &str) -> Option<&'static str> {
    let (.., source) = PROFILES.iter().find(|(name, ..)| *name == profile)?;
    PROFILES.iter().find(|(name, ..)| Some(*name) == *source).map(|(_, arn, _)| *arn)
}

/// The same roles with the same trust in each of the two; the token is the sandbox's.
struct World {
    home: Home,
    sandbox: Sandbox,
}

impl World {
    fn new() -> Self {
        let home = Home::new();
        let mut world = format!("version = 1\n[account.123456789012.issuer.\"https://{ISSUER}\"]\n");
        for (profile, arn, _) in PROFILES {
            let parts: Vec<&str> = arn.split(':').collect();
            let name = parts[5].strip_prefix("role/").unwrap();
            let table = match source(profile) {
                Some(source) => format!("[account.{}.role.{name}]\ntrusts = [\"{source}\"]\n", parts[4]),
                None => format!(
                    "[account.{}.role.{name}.web_identity]\nissuer = \"https://{ISSUER}\"\nsub = \"{SUBJECT}\"\n",
                    parts[4]
                ),
            };
            world.push_str(&table);
        }
        home.write("world.toml", &world);
        let sandbox = Sandbox::with_world(&home, &home.at("world.toml"));
        home.write("token", &sandbox.token(&json!({ "sub": SUBJECT })));
        Self { home, sandbox }
    }

    /// The user's own config: the four profiles, as everybody writes them.
    fn write_aws_config(&self) -> String {
        let mut config = String::new();
        for (profile, arn, source) in PROFILES {
            let header = if profile == "default" { "default".into() } else { format!("profile {profile}") };
            let from = source.map_or_else(
                || format!("web_identity_token_file = {}", self.home.at("token").display()),
                |source| format!("source_profile = {source}"),
            );
            writeln!(config, "[{header}]\nrole_arn = {arn}\n{from}").unwrap();
        }
        self.home.write(".aws/config", &config);
        config
    }

    /// The session of the role that each client sees behind each profile.
    #[track_caller]
    fn check(&self, url: &str, environment: &[(&str, String)]) {
        for (profile, arn, _) in PROFILES {
            let expected = arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/";
            let mut cli = aws(&self.home, url, &["sts", "get-caller-identity", "--profile", profile]);
            let mut python = boto3(&self.home, url, "identity.py", &[profile]);
            for client in [&mut cli, &mut python] {
                client.env("AWS_DEFAULT_REGION", "us-east-1").envs(environment.iter().cloned());
                let found = caller(client);
                assert!(found.starts_with(&expected), "{profile}: {found}");
            }
        }
    }
}

/// Builds the same roles in ministack. Whoever asks there has to be allowed by a policy of its own, too.
fn build(ministack: &Ministack, home: &Home) {
    let allowed = json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]});
    let provider = format!("https://{ISSUER}");
    let create = ["create-open-id-connect-provider", "--client-id-list", "sts.amazonaws.com", "--thumbprint-list"];
    ministack.iam(home, "123456789012", &[&create[..], &[&"0".repeat(40), "--url", &provider]].concat());
    for (profile, arn, _) in PROFILES {
        let parts: Vec<&str> = arn.split(':').collect();
        let (account, name) = (parts[4], parts[5].strip_prefix("role/").unwrap());
        let statement: Value = match source(profile) {
            Some(source) => json!({"Effect": "Allow", "Principal": {"AWS": source}, "Action": "sts:AssumeRole"}),
            None => json!({"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": format!("arn:aws:iam::{account}:oidc-provider/{ISSUER}")},
                "Condition": {"StringEquals": {format!("{ISSUER}:sub"): SUBJECT}}}),
        };
        let trust = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let create = ["create-role", "--role-name", name, "--assume-role-policy-document", &trust];
        ministack.iam(home, account, &create);
        let put = ["put-role-policy", "--role-name", name, "--policy-name", "assume", "--policy-document"];
        ministack.iam(home, account, &[&put[..], &[&allowed.to_string()]].concat());
    }
}

#[test]
fn each_profile_is_its_role_through_the_agent_and_alone() {
    let world = World::new();
    let ministack = Ministack::start(&world.home);
    build(&ministack, &world.home);
    let config = world.write_aws_config();
    for url in [world.sandbox.url(), ministack.url()] {
        // The CLI keeps sessions, and those of the one are nothing to the other.
        let _ = std::fs::remove_dir_all(world.home.at(".aws/cli"));
        // The config as the user wrote it, and as it is rendered of itself.
        world.check(&url, &[]);
        let rendered = finish(&mut world.home.rolecall(&["render", "aws-config", "--from-aws-config"])).ok();
        world.home.write("rendered", &rendered);
        world.check(&url, &[("AWS_CONFIG_FILE", world.home.at("rendered").display().to_string())]);

        let state = world.home.state();
        let of_state = |name: &str| state.join(name).display().to_string();
        let environment = [("AWS_ENDPOINT_URL", url.clone()), ("AWS_REGION", "us-east-1".into())];
        let agent = Agent::start(&world.home, environment, &["--from-aws-config"]);
        agent.wait_for_state("account-b-specialized", "fresh");
        agent.wait_for_state("account-a-admin", "fresh");
        let pair = [("AWS_CONFIG_FILE", of_state("config")), ("AWS_SHARED_CREDENTIALS_FILE", of_state("credentials"))];
        world.check(&url, &pair);
        let client = aws(&world.home, &url, &["sts", "get-caller-identity"]);
        let mut exec = world.home.rolecall(&["exec", "default", "--"]);
        exec.arg(client.get_program()).args(client.get_args()).env("AWS_ENDPOINT_URL", &url);
        assert!(caller(&mut exec).contains(":assumed-role/svc-eks-podrole/"));
        agent.stop(rustix::process::Signal::TERM);
        std::fs::remove_file(state.join("credentials")).unwrap();
        assert_eq!(world.home.read(".aws/config"), config, "it is the user's");
        assert!(!world.home.at(".aws/credentials").exists(), "it would be the user's");
    }
}

#[test]
fn roles_of_variables_and_of_the_settings_file_are_rendered_for_a_pod() {
    let world = World::new();
    let ministack = Ministack::start(&world.home);
    build(&ministack, &world.home);
    let mut settings = "version = 1\n".to_owned();
    for (profile, arn, source) in &PROFILES[2..] {
        let source =
            source.filter(|source| *source != "default").map_or("base".into(), |source| format!("role:{source}"));
        writeln!(settings, "[role.{profile}]\narn = \"{arn}\"\nsource = \"{source}\"").unwrap();
    }
    world.home.write(".config/rolecall/rolecall.toml", &settings);
    let (name, arn, _) = PROFILES[1];
    let token = world.home.at("token").display().to_string();
    let args = ["render", "aws-config", "--base", "web-identity", "--role-arn", POD, "--token-file", &token];
    let mut render = world.home.rolecall(&args);
    let rendered = finish(render.env("AWS_ROLE_1", format!("{arn}:{name}"))).ok();
    assert!(!rendered.contains("key"), "{rendered}");
    world.home.write("rendered", &rendered);
    for url in [world.sandbox.url(), ministack.url()] {
        let _ = std::fs::remove_dir_all(world.home.at(".aws/cli"));
        world.check(&url, &[("AWS_CONFIG_FILE", world.home.at("rendered").display().to_string())]);
    }
}
