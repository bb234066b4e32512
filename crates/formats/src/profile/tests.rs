//! The sections of each form, and that no value renders to a second one.

use jiff::Timestamp;
use proptest::prelude::*;
use rolecall_core::{Region, SessionCredentials};

use super::*;
use crate::config::{self, File};
use crate::{container, process, store};

fn role(alias: Alias, arn: &str, region: Option<Region>) -> Role {
    Role { region, ..Role::new(alias, arn.parse().unwrap(), "host") }
}

fn roles() -> [Role; 2] {
    let region = "eu-central-1".parse().unwrap();
    [
        role("MyFirstAccount".parse().unwrap(), "arn:aws:iam::123456789012:role/MyFirstRole", Some(region)),
        role("second".parse().unwrap(), "arn:aws:iam::123456789013:role/MySecondRole", None),
    ]
}

fn session(access_key_id: &str, secret_access_key: &str, session_token: &str) -> Session {
    Session {
        credentials: SessionCredentials::new(access_key_id.into(), secret_access_key.into(), session_token.into()),
        issued_at: Timestamp::UNIX_EPOCH,
        expires_at: "2025-03-01T10:00:00.5Z".parse().unwrap(),
        asked_for: rolecall_core::role::DEFAULT_DURATION,
    }
}

#[test]
fn the_process_form_is_a_section_with_region_and_command() {
    let [first, second] = &roles();
    let command = Command::new("/usr/local/bin/rolecall", "/home/me/.local/state/rolecall").unwrap();
    let text = process_config(&[first, second], Some(&second.alias), &command);
    assert_eq!(
        text,
        r#"[default]
credential_process = "/usr/local/bin/rolecall" credentials --state-dir /home/me/.local/state/rolecall second
[profile MyFirstAccount]
region = eu-central-1
credential_process = "/usr/local/bin/rolecall" credentials --state-dir /home/me/.local/state/rolecall MyFirstAccount
[profile second]
credential_process = "/usr/local/bin/rolecall" credentials --state-dir /home/me/.local/state/rolecall second
"#
    );
}

#[test]
fn the_file_form_has_keys_in_one_file_and_the_region_in_the_other() {
    let [first, second] = &roles();
    let session = session("ASIA1", "secret/+1", "token=");
    let held = [Held { role: first, session: &session }];
    assert_eq!(
        credentials(&held, Some(&first.alias)).unwrap().as_str(),
        "[default]
aws_access_key_id = ASIA1
aws_secret_access_key = secret/+1
aws_session_token = token=
x_security_token_expires = 2025-03-01T10:00:00Z
[MyFirstAccount]
aws_access_key_id = ASIA1
aws_secret_access_key = secret/+1
aws_session_token = token=
x_security_token_expires = 2025-03-01T10:00:00Z
"
    );
    let text = region_config(&[first, second], Some(&first.alias));
    assert_eq!(
        text,
        "[default]\nregion = eu-central-1\n[profile MyFirstAccount]\nregion = eu-central-1\n[profile second]\n"
    );
}

#[test]
fn a_default_that_is_not_among_the_roles_gets_no_section() {
    let [first, second] = &roles();
    assert!(!region_config(&[first], Some(&second.alias)).contains("[default]"));
}

#[test]
fn the_store_says_its_format_and_whose_session_each_is() {
    let [first, second] = &roles();
    let session = session("ASIA1", "secret", "token");
    let key = first.key();
    assert_eq!(
        store::credentials(&[Held { role: first, session: &session }], None).unwrap().as_str(),
        format!(
            "# rolecall store 1, written by rolecall, edits in here are lost
[MyFirstAccount]
aws_access_key_id = ASIA1
aws_secret_access_key = secret
aws_session_token = token
x_security_token_expires = 2025-03-01T10:00:00Z
x_rolecall_issued = 1970-01-01T00:00:00Z
x_rolecall_asked_for_seconds = 3600
x_rolecall_key = {key}
"
        )
    );
    assert_eq!(
        store::config(&[first, second], None),
        "# rolecall config 1, written by rolecall, edits in here are lost
[profile MyFirstAccount]
region = eu-central-1
[profile second]
"
    );
}

#[test]
fn a_value_that_no_credential_has_is_refused_and_not_shown() {
    let [role, _] = &roles();
    for bad in ["", "canary x", "canary\n[evil]", "canary\r", "canary\u{85}", "#canary", "canary;", "\"canary\"", "é"]
    {
        for (session, field) in [
            (session(bad, "s", "t"), "access key id"),
            (session("a", bad, "t"), "secret access key"),
            (session("a", "s", bad), "session token"),
        ] {
            let error = store::credentials(&[Held { role, session: &session }], None).unwrap_err();
            assert_eq!(error, ValueError { alias: role.alias.clone(), field });
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }
}

fn any_role() -> impl Strategy<Value = Role> {
    let part = "[\\PC\\x00-\\x20=#;:\\[\\]\"']{1,12}";
    let arn = (part, part, part);
    ("\\PC{1,24}|[ -~]{1,24}", arn, prop::option::of("[a-z0-9-]{1,12}|\\PC{1,6}")).prop_filter_map(
        "not a role",
        |(name, (account, path, name_in_arn), region)| {
            let alias = Alias::from_name(&name).ok()?;
            let tried = format!("arn:aws:iam::{account}:role/{path}/{name_in_arn}");
            let arn = if tried.parse::<rolecall_core::RoleArn>().is_ok() {
                tried
            } else {
                "arn:aws:iam::123456789012:role/R".into()
            };
            Some(role(alias, &arn, region.and_then(|r| r.parse().ok())))
        },
    )
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[A-Za-z0-9/+=]{1,40}", 1 => "[ -~]{0,8}", 1 => ".{0,8}", 1 => "[a\\x00-\\x20#;=\\[\\]]{1,6}"]
}

proptest! {
    #[test]
    fn no_role_renders_to_a_second_section_or_line(role in any_role(), default in any::<bool>()) {
        let command = Command::new("/bin/rolecall", "/state").unwrap();
        let text = process_config(&[&role], default.then_some(&role.alias), &command);
        let profiles = config::read(&text, File::Config).unwrap();
        let found: Vec<_> = profiles.iter().collect();
        prop_assert_eq!(found.len(), 1 + usize::from(default));
        for profile in found {
            let name = if profile.line == 1 && default { "default" } else { role.alias.as_str() };
            prop_assert_eq!(&profile.name, name);
            prop_assert_eq!(profile.get("region"), role.region.as_ref().map(Region::as_str));
            let command = command.line(&role.alias);
            prop_assert_eq!(profile.get("credential_process"), Some(command.as_str()));
            prop_assert_eq!(profile.keys.len(), 1 + usize::from(role.region.is_some()));
        }
        prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }

    #[test]
    fn no_session_renders_to_a_second_section_or_line(
        role in any_role(), id in any_value(), secret in any_value(), token in any_value(),
    ) {
        let session = session(&id, &secret, &token);
        let Ok(text) = store::credentials(&[Held { role: &role, session: &session }], Some(&role.alias)) else {
            let odd = |c: char| !c.is_ascii_graphic() || "\"'#;".contains(c);
            prop_assert!([id, secret, token].iter().any(|v| v.is_empty() || v.contains(odd)));
            return Ok(());
        };
        let profiles = config::read(&text, File::Credentials).unwrap();
        prop_assert_eq!(profiles.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["default", role.alias.as_str()]);
        for profile in profiles.iter() {
            prop_assert_eq!(profile.keys.len(), 7);
            prop_assert_eq!(profile.get("aws_access_key_id"), Some(id.as_str()));
            prop_assert_eq!(profile.get("aws_secret_access_key"), Some(secret.as_str()));
            prop_assert_eq!(profile.get("aws_session_token"), Some(token.as_str()));
        }
    }

    #[test]
    fn documents_hold_any_value_in_one_line(role in any_role(), id in ".*", secret in any_value(), token in ".*") {
        let session = session(&id, &secret, &token);
        let printed = process::document(&role, &session, Timestamp::UNIX_EPOCH);
        let served = container::document(&role, &session);
        prop_assert_eq!(printed.find('\n'), Some(printed.len() - 1));
        prop_assert_eq!(served.find('\n'), None);
        for (text, token_name) in [(printed, "SessionToken"), (served, "Token")] {
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&json["AccessKeyId"], &id);
            prop_assert_eq!(&json["SecretAccessKey"], &secret);
            prop_assert_eq!(&json[token_name], &token);
            prop_assert_eq!(&json["AccountId"], role.arn.account());
        }
    }

    /// A text that grows is copied, and the copy that it leaves behind is not wiped.
    #[test]
    fn a_text_with_secrets_never_grows(role in any_role(), token in "[a-z]{1,3000}", default in any::<bool>()) {
        let session = session("ASIA", "secret", &token);
        let held = [Held { role: &role, session: &session }];
        let text = store::credentials(&held, default.then_some(&role.alias)).unwrap();
        prop_assert_eq!(text.capacity(), ini::room_for([&session].into_iter()).capacity());
    }
}

#[test]
fn a_role_that_is_named_default_has_one_section() {
    let [first, _] = roles();
    let role = Role { alias: Alias::of_profile("default").unwrap(), ..first };
    let text = region_config(&[&role], Some(&role.alias));
    assert_eq!(text.matches("[default]").count(), 1, "{text}");
    assert!(!text.contains("profile"), "{text}");
}
