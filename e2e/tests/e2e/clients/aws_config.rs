//! The AWS config and credentials files mean to our reader what they mean to botocore: the same profiles with the same
//! values, the same roles with the same sources, and the same refusals. Botocore reads hundreds of pairs of files in
//! one child process; the pairs that were thought of stand beside the reader's own tests.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use e2e::{Home, finish, python};
use proptest::prelude::*;
use rolecall_core::role::DEFAULT_DURATION;
use rolecall_formats::aws_config::{AssumedProfile, AwsConfig, Key, ProfileSource, Why, read};
use rolecall_formats::chained::{self, Base, Chained, Origin, Rendered};
use rolecall_formats::config_map::config_map;
use serde_json::{Map, Value, json};

/// Botocore, waiting for files to read.
struct Botocore {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    _home: Home,
}

impl Botocore {
    fn start() -> Self {
        let home = Home::new();
        let mut command = home.command(python("python"));
        command.env("AWS_CONFIG_FILE", home.at("config")).env("AWS_SHARED_CREDENTIALS_FILE", home.at("credentials"));
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/python/aws_config.py"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (asks, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, asks, answers, _home: home }
    }

    fn reads(&mut self, config: &str, credentials: &str) -> Value {
        let ask = json!({"config": config, "credentials": credentials});
        writeln!(self.asks.as_mut().unwrap(), "{ask}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }
}

impl Drop for Botocore {
    fn drop(&mut self) {
        // It ends with its input.
        self.asks = None;
        let _ = self.child.wait();
    }
}

/// What our reader makes of both files, as the program on botocore tells it; null where the files are refused.
fn ours(config: &str, credentials: &str) -> Value {
    let Ok(read) = read(config, credentials) else { return Value::Null };
    let profiles = read.profiles().iter().map(|profile| {
        let keys = profile.keys.iter().map(|key| (key.name.clone(), value(key)));
        (profile.name.clone(), Value::Object(keys.collect()))
    });
    json!({"profiles": Map::from_iter(profiles), "roles": roles(&read)})
}

fn value(key: &Key) -> Value {
    match key.nested() {
        Some(nested) => nested.map(|(name, value)| (name.to_owned(), value.into())).collect::<Map<_, _>>().into(),
        None => key.text().into(),
    }
}

fn roles(read: &AwsConfig) -> Map<String, Value> {
    let assumed = read.assumed();
    let kept = assumed.roles.iter().map(|role| (role.name.clone(), role_json(role, &assumed.roles)));
    let out = assumed.left_out.iter().map(|out| {
        let found = if out.why == Why::Mfa { json!("mfa") } else { Value::Null };
        (out.name.clone(), found)
    });
    kept.chain(out).collect()
}

fn role_json(role: &AssumedProfile, all: &[AssumedProfile]) -> Value {
    let source = match &role.source {
        ProfileSource::Role(name) => role_json(all.iter().find(|other| other.name == *name).unwrap(), all),
        ProfileSource::Profile(name) => json!({"profile": name}),
        ProfileSource::Environment => json!({"source": "Environment"}),
        ProfileSource::EcsContainer => json!({"source": "EcsContainer"}),
        ProfileSource::Ec2InstanceMetadata => json!({"source": "Ec2InstanceMetadata"}),
        ProfileSource::WebIdentity { token_file } => token_file.as_str().into(),
    };
    let token = matches!(role.source, ProfileSource::WebIdentity { .. });
    let mut said = Map::from_iter([("RoleArn".into(), role.role_arn.as_str().into())]);
    said.insert(if token { "token" } else { "from" }.into(), source);
    said.extend(role.external_id.iter().map(|id| ("ExternalId".into(), id.as_str().into())));
    said.extend(role.role_session_name.iter().map(|name| ("RoleSessionName".into(), name.as_str().into())));
    said.extend(role.duration_seconds.map(|seconds| ("DurationSeconds".into(), seconds.into())));
    said.into()
}

/// `theirs` with one word for every chain in which a code is asked for. A chain with a code and a fault behind it is
/// refused by botocore, and left out for the code by us.
fn compared(mut theirs: Value, ours: &Value) -> Value {
    let roles = theirs.get_mut("roles").and_then(Value::as_object_mut);
    for (name, role) in roles.into_iter().flatten() {
        if role.to_string().contains(r#""SerialNumber":"#) || (role.is_null() && ours["roles"][name] == "mfa") {
            *role = "mfa".into();
        }
    }
    theirs
}

/// Lines that are legal, nearly legal, or wrong in a way that some reader forgives.
fn text() -> impl Strategy<Value = String> {
    let name = || prop_oneof![9 => "[a-z]", 2 => "default", 1 => "c d|é|DEFAULT|profile"];
    let blank = || prop_oneof![9 => "", 3 => "[ \t]", 1 => "[\u{85}\x1f\u{2003}]"];
    let header = prop_oneof![
        8 => name().prop_map(|name| format!("[profile {name}]")),
        4 => name().prop_map(|name| format!("[{name}]")),
        4 => name().prop_map(|name| format!("[profile \"{name}\"]")),
        2 => (blank(), name(), blank()).prop_map(|(a, name, b)| format!("[{a}profile\t'{name}'{b}] # x")),
        2 => r"\[(sso-session a|services a|profiles x|a\]|profile it's|profile a\\ b|profile ''|profile a\]b)\]",
        1 => r"\[\]|\[profile",
    ];
    let of_roles = "role_arn|source_profile|credential_source|web_identity_token_file|mfa_serial|external_id";
    let key = prop_oneof![
        20 => of_roles,
        20 => "duration_seconds|role_session_name|aws_access_key_id|aws_secret_access_key|credential_process",
        20 => "Region|s3|Ä|[a-z]{2}|x y",
        1 => "",
    ];
    let value =
        prop_oneof!["[a-z]|default|Environment|900|1h", "|x # y|x;y|\"q\"|a = b : c|%\\(x\\)s|日本\u{2028}x|\\[b\\]",];
    let entry = (blank(), key, "=|=|:| = |\t:", value)
        .prop_map(|(blank, key, divider, value)| format!("{blank}{key}{divider}{value}"));
    let line = prop_oneof![
        20 => header,
        80 => entry,
        5 => ("[ \t]{1,3}", "[a-cA=: #;\u{2028}\x1c]{0,6}").prop_map(|(blank, rest)| blank + &rest),
        5 => "|[#;] ?[a-c=]{0,3}",
        1 => "[a-c ]{1,3}",
    ];
    let line = (line, prop_oneof![8 => "\n", 1 => "\r\n", 1 => "\r"]).prop_map(|(line, end)| line + &end);
    let lines = prop::collection::vec(line, 0..14).prop_map(|lines| lines.concat());
    let first = prop_oneof![10 => "\\[profile [a-z]\\]\n", 3 => "", 1 => "\u{feff}|\n"];
    (first, lines).prop_map(|(first, lines)| first + &lines)
}

/// Profiles without a fault of grammar, so that it is their chains that count.
fn chains() -> impl Strategy<Value = String> {
    let role = prop_oneof![1 => Just(""), 4 => Just("role_arn = r\n"), 1 => Just("role_arn =\n")];
    let source = prop_oneof![1 => Just(String::new()), 4 => "source_profile = p[0-3]\n", 1 => "source_profile =\n"];
    let rest = prop_oneof![
        8 => "",
        2 => "credential_source = EcsContainer\n",
        1 => "credential_source = ecscontainer\n",
        1 => "mfa_serial = m\n",
        2 => "aws_access_key_id = k\naws_secret_access_key = s\n",
        1 => "aws_secret_access_key = s\n",
        2 => "credential_process = c\n",
        2 => "web_identity_token_file = /t\nduration_seconds = 900\nexternal_id = e\n",
        1 => "web_identity_token_file =\n",
        1 => "(external_id|duration_seconds|role_session_name|region|source_profile|mfa_serial) =\n  a = b\n",
        1 => "external_id = e\nduration_seconds = 900\nrole_session_name = s\n",
        1 => "sso_account_id = x\n",
    ];
    let profile = (role, source, rest).prop_map(|(role, source, rest)| format!("{role}{source}{rest}"));
    prop::collection::vec(profile, 3).prop_map(|profiles| {
        let sections = profiles.iter().enumerate().map(|(number, keys)| format!("[profile p{number}]\n{keys}"));
        sections.collect()
    })
}

#[test]
fn any_pair_of_files_is_read_or_refused_alike() {
    let botocore = RefCell::new(Botocore::start());
    let credentials = || prop_oneof![1 => Just(String::new()), 1 => text()];
    let pairs = prop_oneof![1 => (text(), credentials()), 2 => (chains(), credentials())];
    proptest!(ProptestConfig::with_cases(500), |((config, credentials) in pairs)| {
        let ours = ours(&config, &credentials);
        let theirs = compared(botocore.borrow_mut().reads(&config, &credentials), &ours);
        prop_assert_eq!(ours, theirs);
    });
}

/// A pod with a role of its own, from which one role is assumed, and from that another.
fn of_a_pod() -> Rendered {
    let role = |alias: &str, arn: &str, origin| Chained {
        alias: alias.parse().unwrap(),
        arn: arn.parse().unwrap(),
        origin,
        region: None,
        external_id: Some("ticket-7".parse().unwrap()),
        session_name: Some("pod".parse().unwrap()),
        duration: DEFAULT_DURATION / 2,
        session_policy: false,
        tags: false,
        source_identity: false,
    };
    let base = Base::WebIdentity {
        role: "arn:aws:iam::123456789012:role/svc-eks-podrole".parse().unwrap(),
        token_file: "/var/run/secrets/eks.amazonaws.com/serviceaccount/token".parse().unwrap(),
    };
    let admin = role("account-b-admin", "arn:aws:iam::567890123456:role/Administrator-role", Origin::Base);
    let of_admin = Origin::Role(admin.alias.clone());
    let special = role("account-b-specialized", "arn:aws:iam::567890123456:role/special-s3-access", of_admin);
    chained::config(&base, &[admin, special]).unwrap()
}

#[test]
fn what_a_pod_is_to_assume_itself_is_read_by_botocore() {
    let config = of_a_pod();
    let found = Botocore::start().reads(&config.text, "");
    let pod = json!({
        "RoleArn": "arn:aws:iam::123456789012:role/svc-eks-podrole",
        "token": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    });
    let assumed = |arn: &str, from: &Value| -> Value {
        let said =
            [("ExternalId", json!("ticket-7")), ("RoleSessionName", json!("pod")), ("DurationSeconds", json!(1800))];
        let role = [("RoleArn", json!(arn)), ("from", from.clone())];
        said.into_iter().chain(role).collect()
    };
    let admin = assumed("arn:aws:iam::567890123456:role/Administrator-role", &pod);
    let special = assumed("arn:aws:iam::567890123456:role/special-s3-access", &admin);
    assert_eq!(found["roles"], json!({"default": pod, "account-b-admin": admin, "account-b-specialized": special}));
}

#[test]
fn kubernetes_takes_the_config_map_and_hands_the_config_on() {
    let (home, config) = (Home::new(), of_a_pod());
    for namespace in [None, Some("null".parse().unwrap())] {
        home.write("map.yaml", &config_map(&"on".parse().unwrap(), namespace.as_ref(), &config));
        finish(home.command(python("kubernetes-validate")).args(["--strict", "map.yaml"])).ok();
        let script = "import json, yaml; print(json.dumps(yaml.safe_load(open('map.yaml'))))";
        let found: Value =
            serde_json::from_str(&finish(home.command(python("python")).args(["-c", script])).ok()).unwrap();
        assert_eq!(found["data"], json!({"config": config.text}));
        let namespace = namespace.map(|namespace| namespace.to_string());
        assert_eq!((&found["metadata"]["name"], &found["metadata"]["namespace"]), (&json!("on"), &json!(namespace)));
    }
}

#[test]
fn the_cases_of_the_reader_are_botocores() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/formats/tests/aws_config");
    let cases = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut botocore = Botocore::start();
    let mut checked = 0;
    for case in cases {
        checked += 1;
        let text = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
        let (config, credentials) = (text("config"), text("credentials"));
        let expected: Value = serde_json::from_str(&text("expected.json")).unwrap();
        let ours = ours(&config, &credentials);
        let theirs = compared(botocore.reads(&config, &credentials), &ours);
        assert_eq!(theirs["profiles"], expected["profiles"], "{case:?}");
        assert_eq!(ours, theirs, "{case:?}");
    }
    assert!(checked >= 10, "only {checked} cases");
}
