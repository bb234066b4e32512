//! What each landed version wrote and answered, read by today's readers.
//!
//! The files of `tests/formats/v<version>` are never changed. Who changes a format so that a test in here fails gives it
//! a new version, a folder of its own, and a reader that takes both.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::rotation::Lead;
use rolecall_core::{Alias, Role, Session};
use rolecall_formats::block::{self, Id};
use rolecall_formats::{config, container, process};
use rolecall_testkit::canary;

use crate::publish::files::Access;
use crate::publish::store::read_back;
use crate::run::endpoint::bring;
use crate::serve::keyring::Keyring;
use crate::serve::wire::{ErrorDocument, LeaseDocument, LeaseRequest, ProfilesDocument, StatusDocument, VERSION};
use crate::settings::file::FileSettings;
use crate::state::definitions::{self, Definitions};
use crate::state::endpoint_file::EndpointFile;
use crate::state::state_dir::{StateDir, id};
use crate::testing::role;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| unreachable!("{name}: {error}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_store_of_version_1_is_taken_over() {
    let home = tempfile::tempdir().unwrap();
    for name in ["credentials", "config"] {
        fs::write(home.path().join(name), text(&format!("v1/state/{name}"))).unwrap();
    }
    let state_dir = StateDir::open(home.path(), &[], Access::default()).unwrap();
    let roles: Vec<Arc<Role>> = ["a", "b"].map(|alias| Arc::new(role(alias))).to_vec();
    let left = read_back(state_dir.path(), &roles, at("2026-01-01T00:30:00Z"));
    assert_eq!(left.keys().map(Alias::as_str).collect::<Vec<_>>(), ["a"]);
    // It did not say when they were issued and for how long: as long as the role asks for.
    let (issued_at, asked_for) = (at("2026-01-01T00:00:00Z"), Duration::from_secs(3600));
    let credentials = canary::credentials(1);
    assert_eq!(*left["a"], Session { credentials, issued_at, expires_at: at("2026-01-01T01:00:00Z"), asked_for });
}

#[test]
fn definitions_of_version_1_are_read() {
    let found = Definitions::read(&path("v1/state")).unwrap().unwrap();
    assert_eq!(
        found,
        Definitions {
            roles: vec![role("a"), Role { region: None, ..role("b") }],
            default: Some("a".parse().unwrap()),
            store: true,
            refresh_before: Lead::Time(Duration::from_secs(600)),
            base_profile: Some("work".into()),
            config_file: "/tmp/home/.aws/config".into(),
            credentials_file: "/tmp/home/.aws/credentials".into(),
            socket_group: None,
        }
    );
    // And the next agent takes the file for its own.
    assert!(definitions::is_ours(&text("v1/state/roles.json")));
}

#[test]
fn blocks_of_version_1_are_found_and_taken_out() {
    let ours: Id = id("/tmp/home/state".as_ref());
    let foreign = ("[default]\nregion = us-east-1", text("v1/process/credentials"));
    for (form, profiles) in [("process", &["default", "a", "b"][..]), ("file", &["default", "a"])] {
        let (config, credentials) = (text(&format!("v1/{form}/config")), text(&format!("v1/{form}/credentials")));
        for (text, rest) in [(&config, foreign.0), (&credentials, &foreign.1)] {
            assert_eq!(*block::replace(text, &ours, None).unwrap(), rest, "{form}");
            assert_eq!(block::cut(text).unwrap(), rest, "{form}");
        }
        let names = config::read(&config, config::File::Config).unwrap();
        assert_eq!(names.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>(), profiles, "{form}");
        config::read(&credentials, config::File::Credentials).unwrap();
    }
}

#[test]
fn documents_of_version_1_are_read() {
    let profiles: ProfilesDocument = serde_json::from_str(&text("v1/profiles.json")).unwrap();
    assert_eq!((profiles.version, profiles.default.as_deref()), (VERSION, Some("a")));
    let states: Vec<_> =
        profiles.profiles.iter().map(|p| (p.alias.as_str(), p.state.as_str(), p.fault.is_some())).collect();
    assert_eq!(states, [("a", "fresh", false), ("b", "failed", true)]);
    assert_eq!((profiles.problems[0].origin.as_str(), profiles.problems[0].column), ("AWS_ROLE_3", Some(1)));

    let status: StatusDocument = serde_json::from_str(&text("v1/status.json")).unwrap();
    let of = |n: usize| &status.profiles[n];
    assert_eq!((status.version, of(0).session_version, of(1).session_version), (VERSION, 1, 0));
    assert_eq!((of(0).access_key_id.as_deref(), &of(1).access_key_id), (Some("ASIATEST000000000001"), &None));
    assert_eq!(of(0).profile, profiles.profiles[0]);

    let error: ErrorDocument = serde_json::from_str(&text("v1/error.json")).unwrap();
    assert_eq!((error.code.as_str(), error.action.as_str()), ("denied", "do this"));
}

#[test]
fn what_the_endpoint_of_version_1_left_is_used_again() {
    let home = tempfile::tempdir().unwrap();
    for directory in ["tokens", "env"] {
        fs::create_dir(home.path().join(directory)).unwrap();
    }
    for name in ["endpoint.json", "tokens/a", "env/a.config", "env/a.credentials"] {
        fs::write(home.path().join(name), text(&format!("v1/state/{name}"))).unwrap();
    }
    let state_dir = StateDir::open(home.path(), &[], Access::default()).unwrap();
    let (place, a) = (state_dir.path(), role("a"));
    assert_eq!(EndpointFile::read(place).unwrap().address(), Some("127.0.0.1:43210".parse().unwrap()));
    let keyring = Keyring::default();
    let address = "127.0.0.1:43210".parse().unwrap();
    bring(place, std::slice::from_ref(&a), Some(address), Access::default(), &keyring).unwrap();
    // The token is another one; what else programs were pointed at stays as it was, byte for byte.
    let token = fs::read_to_string(place.join("tokens/a")).unwrap();
    assert!(token != text("v1/state/tokens/a") && keyring.open("a", token.as_bytes()).is_some());
    for name in ["env/a.config", "env/a.credentials"] {
        assert_eq!(fs::read_to_string(place.join(name)).unwrap(), text(&format!("v1/state/{name}")), "{name}");
    }
}

#[test]
fn leases_of_version_1_are_understood_on_both_sides() {
    let LeaseRequest { alias, token, policy, policy_arns, .. } =
        serde_json::from_str(&text("v1/lease-request.json")).unwrap();
    assert!(alias == "a" && token.len() == 43 && policy_arns.len() == 1);
    assert_eq!(policy.as_deref(), Some(r#"{"Statement":[]}"#));
    let lease: LeaseDocument = serde_json::from_str(&text("v1/lease.json")).unwrap();
    assert_eq!((lease.version, lease.name.as_str(), lease.region.as_deref()), (1, "a~00ab0001", Some("eu-central-1")));
}

#[test]
fn a_settings_file_of_version_1_is_read() {
    let settings = FileSettings::read("rolecall.toml", &text("v1/rolecall.toml")).unwrap();
    assert_eq!(settings.roles.len(), 1);
    assert!(settings.roles[0].is_ok());
}

/// Their readers are the AWS SDKs: what was answered once is what is answered for ever.
#[test]
fn answers_for_aws_programs_stay_as_they_were() {
    let (issued_at, expires_at) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z"));
    let session = Session { credentials: canary::credentials(1), issued_at, expires_at, asked_for: role("a").duration };
    assert_eq!(*process::document(&role("a"), &session, issued_at), text("v1/process.json"));
    // A file of the `cat` form that an earlier version left is taken for ours.
    assert!(process::is_ours(&text("v1/process.json")));
    assert_eq!(*container::document(&role("a"), &session), text("v1/container.json"));
}
