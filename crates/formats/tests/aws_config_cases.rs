//! The AWS config in whole files, as users have them: each directory under `aws_config` has the files `config` and
//! `credentials`, and in `expected.json` what they mean, or the `error`. The end-to-end tests have botocore read them,
//! too.

use std::fs;
use std::path::Path;

use rolecall_formats::aws_config::{AssumedProfile, AwsConfig, Key, ProfileSource, read};
use serde_json::{Map, Value, json};

fn meaning(read: &AwsConfig) -> Value {
    let profiles = read.profiles().iter().map(|profile| {
        let keys = profile.keys.iter().map(|key| (key.name.clone(), value(key)));
        (profile.name.clone(), Value::Object(keys.collect()))
    });
    let assumed = read.assumed();
    let roles = assumed.roles.iter().map(|role| (role.name.clone(), said(role)));
    json!({
        "profiles": Map::from_iter(profiles),
        "roles": Map::from_iter(roles),
        "left_out": assumed.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "notes": read.notes().iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn value(key: &Key) -> Value {
    match key.nested() {
        Some(nested) => nested.map(|(name, value)| (name.to_owned(), value.into())).collect::<Map<_, _>>().into(),
        None => key.text().into(),
    }
}

fn said(role: &AssumedProfile) -> Value {
    let source = match &role.source {
        ProfileSource::Role(name) => format!("role:{name}"),
        ProfileSource::Profile(name) => format!("profile:{name}"),
        ProfileSource::WebIdentity { token_file } => format!("token:{token_file}"),
        named => format!("{named:?}"),
    };
    let mut said = json!({
        "arn": role.role_arn,
        "source": source,
        "external_id": role.external_id,
        "session_name": role.role_session_name,
        "duration": role.duration_seconds,
        "region": role.region,
        "endpoints": role.sts_regional_endpoints,
    });
    if let Some(said) = said.as_object_mut() {
        said.retain(|_, value| !value.is_null());
    }
    said
}

#[test]
fn every_case_means_what_it_says() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws_config");
    let cases = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut checked = 0;
    for case in cases {
        checked += 1;
        let text = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
        let expected: Value = serde_json::from_str(&text("expected.json")).unwrap();
        let found = match read(&text("config"), &text("credentials")) {
            Ok(read) => meaning(&read),
            Err(error) => json!({"error": error.to_string()}),
        };
        assert_eq!(found, expected, "{case:?}: {found:#}");
    }
    assert!(checked >= 10, "only {checked} cases");
}
