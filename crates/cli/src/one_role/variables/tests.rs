//! The changes as a table, and what an environment looks like after them.

use std::collections::BTreeMap;

use super::*;

/// The environment after the changes, without what they do not touch.
fn after(before: &[(&str, &str)], handover: Handover<'_>) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<OsString, OsString> =
        before.iter().map(|(name, value)| (name.into(), value.into())).collect();
    for Change { name, value } in changes(environment.clone().into_keys(), handover) {
        match value {
            Some(value) => environment.insert(name, value.as_os_str().into()),
            None => environment.remove(&name),
        };
    }
    let text = |text: OsString| text.into_string().unwrap();
    environment.into_iter().map(|(name, value)| (text(name), text(value))).collect()
}

fn table(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn files() -> EnvFiles {
    EnvFiles { config: "/p/config".into(), credentials: "/p/credentials".into() }
}

fn endpoint(files: &EnvFiles) -> Handover<'_> {
    let credentials =
        Credentials::Endpoint { url: "http://127.0.0.1:1/v1/credentials/a", token_file: "/p/token".as_ref() };
    Handover { credentials, region: None, files }
}

const OF_FILES: [(&str, &str); 5] = [
    ("AWS_CONFIG_FILE", "/p/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", "/p/credentials"),
    ("AWS_CREDENTIAL_PROFILES_FILE", "/p/credentials"),
    ("BOTO_CONFIG", "/p/credentials"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

const OF_ENDPOINT: [(&str, &str); 2] = [
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/v1/credentials/a"),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/p/token"),
];

#[test]
fn an_empty_environment_gets_the_endpoint_and_files_without_credentials() {
    assert_eq!(after(&[], endpoint(&files())), table(&[&OF_ENDPOINT[..], &OF_FILES].concat()));
}

#[test]
fn the_region_of_the_role_is_set_and_else_left() {
    let (files, frankfurt): (EnvFiles, Region) = (files(), "eu-central-1".parse().unwrap());
    let before = [("AWS_REGION", "us-east-1"), ("AWS_DEFAULT_REGION", "us-east-2")];
    for (region, expected) in [(Some(&frankfurt), ["eu-central-1"; 2]), (None, ["us-east-1", "us-east-2"])] {
        let environment = after(&before, Handover { region, ..endpoint(&files) });
        assert_eq!([&environment["AWS_REGION"], &environment["AWS_DEFAULT_REGION"]], expected);
    }
}

#[test]
fn whatever_would_win_or_lend_more_is_gone() {
    let lent = [
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_ACCOUNT_ID",
        "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY",
        "AMAZON_ACCESS_KEY_ID",
        "AMAZON_SECRET_ACCESS_KEY",
        "AMAZON_SESSION_TOKEN",
        "EC2_ACCESS_KEY",
        "EC2_SECRET_KEY",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CREDENTIAL_FILE",
        "AWS_BEARER_TOKEN_BEDROCK",
    ];
    let before: Vec<(&str, &str)> = lent.into_iter().map(|name| (name, "of the parent")).collect();
    assert_eq!(after(&before, endpoint(&files())), table(&[&OF_ENDPOINT[..], &OF_FILES].concat()));
    for ours in OF_ENDPOINT.iter().chain(&OF_FILES) {
        assert_eq!(after(&[(ours.0, "of the parent")], endpoint(&files()))[ours.0], ours.1);
    }
}

#[test]
fn what_lends_nothing_stays() {
    let before = [
        ("PATH", "/bin"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:2"),
        ("AWS_CA_BUNDLE", "/ca"),
        ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/R:a"),
        ("AWS_MAX_ATTEMPTS", "5"),
        ("ROLECALL_STATE_DIR", "/s"),
    ];
    assert_eq!(after(&before, endpoint(&files())), table(&[&before[..], &OF_ENDPOINT, &OF_FILES].concat()));
}

#[test]
fn keys_stand_in_the_place_of_the_endpoint() {
    let keys = Keys::parse(
        br#"{"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T","Expiration":"2026-01-01T00:00:00Z","AccountId":"123456789012"}"#,
    )
    .unwrap();
    let of_keys = [
        ("AWS_ACCESS_KEY_ID", "A"),
        ("AWS_SECRET_ACCESS_KEY", "S"),
        ("AWS_SESSION_TOKEN", "T"),
        ("AWS_CREDENTIAL_EXPIRATION", "2026-01-01T00:00:00Z"),
        ("AWS_ACCOUNT_ID", "123456789012"),
    ];
    let files = files();
    let handover = Handover { credentials: Credentials::Keys(&keys), ..endpoint(&files) };
    let before = [OF_ENDPOINT[0], OF_ENDPOINT[1], ("AWS_ACCESS_KEY_ID", "of the parent"), ("AWS_ACCOUNT_ID", "other")];
    assert_eq!(after(&before, handover), table(&[&of_keys[..], &OF_FILES].concat()));
}

#[test]
fn nothing_is_named_twice() {
    let files = files();
    let mut names: Vec<_> =
        changes(std::iter::empty(), endpoint(&files)).into_iter().map(|change| change.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
