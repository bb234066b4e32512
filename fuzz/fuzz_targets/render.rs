//! Whatever a role is called and whatever STS returned: what is written for it reads back as it is, and opens no section
//! but its own.
//!
//! The input is the path of the program, the state directory, and then for each role its name, ARN, Region, host, access
//! key id, secret and token; all divided by `|`.

#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use rolecall_core::role::DEFAULT_DURATION;
use rolecall_core::{Alias, Role, Session, SessionCredentials};
use rolecall_formats::block::{self, BlockError};
use rolecall_formats::command::Command;
use rolecall_formats::config::{File, Profiles, read};
use rolecall_formats::profile::{self, Held};
use rolecall_formats::{container, process, shell, store};

fuzz_target!(|input: &str| {
    let mut fields = input.split('|');
    let (program, state_dir) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
    let mut assumed: Vec<(Role, Session)> = Vec::new();
    while let Some((role, session)) = one(&mut fields) {
        if assumed.iter().all(|(other, _)| other.alias != role.alias) {
            assumed.push((role, session));
        }
    }
    let roles: Vec<&Role> = assumed.iter().map(|(role, _)| role).collect();
    let default = roles.last().map(|role| role.alias.clone());

    regions(&read_back(&profile::region_config(&roles, default.as_ref()), File::Config, &roles), &roles);
    regions(&read_back(&store::config(&roles, default.as_ref()), File::Config, &roles), &roles);
    if let Ok(command) = Command::new(program, state_dir) {
        let words =
            |alias: &Alias| [program, "credentials", "--state-dir", state_dir, alias.as_str()].map(Into::into).into();
        commands(&roles, default.as_ref(), &command, words);
    }
    if let Ok(command) = Command::cat(state_dir) {
        commands(&roles, default.as_ref(), &command, |alias| vec!["cat".into(), format!("{state_dir}/{alias}.json")]);
    }
    for (role, session) in &assumed {
        documents(role, session);
        // One that a file cannot hold is refused as a whole and stops no other.
        let held = [Held { role, session }];
        let values = values(session);
        let legal = values.iter().all(|(_, value)| !value.is_empty() && value.bytes().all(is_legal));
        let texts = [profile::credentials(&held, None), store::credentials(&held, None)];
        for text in texts {
            assert_eq!(text.is_ok(), legal, "{text:?}");
            let Ok(text) = text else { continue };
            let profiles = read(&text, File::Credentials).expect("it is ours");
            assert_eq!(profiles.iter().count(), 1);
            let found = profiles.get(role.alias.as_str()).expect("its section");
            assert!(values.iter().all(|(name, value)| found.get(name) == Some(value)));
        }
    }
});

fn one<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<(Role, Session)> {
    let mut field = || fields.next();
    let (name, arn, region, host) = (field()?, field()?, field()?, field()?);
    let credentials = SessionCredentials::new(field()?.into(), field()?.into(), field()?.into());
    let alias = Alias::from_name(name).ok()?;
    let role = Role { name: name.into(), region: region.parse().ok(), ..Role::new(alias, arn.parse().ok()?, host) };
    Some((role, Session { credentials, issued_at: at(0), expires_at: at(3600), asked_for: DEFAULT_DURATION }))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time that jiff knows")
}

/// What no SDK takes for a quote, a comment or the end of a line.
fn is_legal(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"'#;".contains(&byte)
}

fn values(session: &Session) -> [(&'static str, &str); 3] {
    let credentials = &session.credentials;
    [
        ("aws_access_key_id", credentials.access_key_id()),
        ("aws_secret_access_key", credentials.secret_access_key()),
        ("aws_session_token", credentials.session_token()),
    ]
}

/// Exactly the sections that there must be.
fn read_back(text: &str, file: File, roles: &[&Role]) -> Profiles {
    let profiles = read(text, file).unwrap_or_else(|fault| panic!("{fault}: {text}"));
    let mut expected: Vec<&str> = roles.iter().map(|role| role.alias.as_str()).collect();
    if !roles.is_empty() {
        expected.insert(0, "default");
    }
    let found: Vec<&str> = profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(found, expected, "{text}");
    profiles
}

fn regions(profiles: &Profiles, roles: &[&Role]) {
    for role in roles {
        let found = profiles.get(role.alias.as_str()).expect("its section");
        assert_eq!(found.get("region"), role.region.as_ref().map(|region| region.as_str()));
        assert_eq!(found.keys.len(), usize::from(role.region.is_some()));
    }
}

/// Every reader of the line starts what it is meant to start.
fn commands(roles: &[&Role], default: Option<&Alias>, command: &Command, words: impl Fn(&Alias) -> Vec<String>) {
    let text = profile::process_config(roles, default, command);
    let profiles = read_back(&text, File::Config, roles);
    for role in roles {
        let found = profiles.get(role.alias.as_str()).and_then(|profile| profile.get("credential_process"));
        let found = found.expect("its command");
        let words = Some(words(&role.alias));
        assert_eq!(shell::split(found), words, "{found}");
        assert_eq!(shlex::split(found), words, "{found}");
    }
    let id = "3fa9c2d1".parse().expect("8 hex digits");
    match block::replace("[theirs]\n", &id, Some(&text)) {
        Ok(file) => assert_eq!(block::cut(&file).as_deref(), Ok("[theirs]\n")),
        Err(error) => assert!(matches!(error, BlockError::Body { .. }), "{error}"),
    }
}

/// What programs are told, which can hold any value.
fn documents(role: &Role, session: &Session) {
    for (text, token) in
        [(process::document(role, session, at(0)), "SessionToken"), (container::document(role, session), "Token")]
    {
        let found: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        for ((_, value), name) in values(session).iter().zip(["AccessKeyId", "SecretAccessKey", token]) {
            assert_eq!(found[name], *value);
        }
        assert_eq!(found["AccountId"], role.arn.account());
    }
}
