//! Whatever stands in a user's AWS files: reading them ends, names lines that are there, and no chain hangs in the air;
//! and the profiles of which an AWS config can be made again read back as they were.
//!
//! The input is the config file and the credentials file, divided by a zero.

#![no_main]

use std::collections::HashMap;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use rolecall_core::Alias;
use rolecall_core::role::DEFAULT_DURATION;
use rolecall_formats::aws_config::{Assumed, AssumedProfile, AwsConfig, Place, ProfileSource, read};
use rolecall_formats::chained::{self, Base, Chained, Origin};
use rolecall_formats::config::File;

fuzz_target!(|text: &str| {
    let (config, credentials) = text.split_once('\0').unwrap_or((text, ""));
    let is_there = |place: Place| {
        let text = if place.file == File::Config { config } else { credentials };
        (1..=text.split(['\n', '\r']).count()).contains(&place.line)
    };
    let read = match read(config, credentials) {
        Ok(read) => read,
        Err(error) => return assert!(is_there(Place { file: error.file, line: error.fault.line }), "{error}"),
    };
    assert!(read.notes().iter().all(|note| is_there(note.at)));
    assert!(read.profiles().iter().all(|p| is_there(p.at) && p.keys.iter().all(|key| is_there(key.at))));
    let assumed = read.assumed();
    sorted(&read, &assumed);
    again(&assumed.roles);
});

/// Every profile with a role is either kept or left out, and what is kept has a source.
fn sorted(read: &AwsConfig, assumed: &Assumed) {
    let roles: HashMap<&str, &AssumedProfile> = assumed.roles.iter().map(|role| (role.name.as_str(), role)).collect();
    for profile in read.profiles() {
        let out = assumed.left_out.iter().any(|out| out.name == profile.name);
        let with_role = profile.has("role_arn") || profile.has("web_identity_token_file");
        assert_eq!(roles.contains_key(profile.name.as_str()) ^ out, with_role, "{}", profile.name);
    }
    for role in &assumed.roles {
        match &role.source {
            ProfileSource::Role(name) => assert!(roles.contains_key(name.as_str()), "{} from {name}", role.name),
            ProfileSource::Profile(name) => assert!(read.get(name).is_some(), "{} from {name}", role.name),
            _ => {}
        }
    }
    assert!(assumed.left_out.iter().all(|out| out.path.first() == Some(&out.name)));
}

/// The roles whose values are legal, in a config of ours: the same profiles, and no other.
fn again(roles: &[AssumedProfile]) {
    let mut written: Vec<Chained> = roles.iter().filter_map(as_chained).collect();
    loop {
        let there: Vec<Alias> = written.iter().map(|role| role.alias.clone()).collect();
        written.retain(|role| !matches!(&role.origin, Origin::Role(source) if !there.contains(source)));
        if written.len() == there.len() {
            break;
        }
    }
    let text = chained::config(&Base::Environment, &written).expect("they are chains").text;
    let read = read(&text, "").unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(read.notes(), [], "{text}");
    let found = read.assumed();
    assert_eq!(found.left_out, [], "{text}");
    assert_eq!(read.profiles().len(), written.len(), "{text}");
    assert_eq!(found.roles.iter().filter_map(as_chained).collect::<Vec<_>>(), clamped(written), "{text}");
}

fn as_chained(role: &AssumedProfile) -> Option<Chained> {
    let seconds = role.duration_seconds.map_or(DEFAULT_DURATION, Duration::from_secs);
    Some(Chained {
        alias: role.name.parse().ok()?,
        arn: role.role_arn.parse().ok()?,
        origin: match &role.source {
            ProfileSource::Role(name) => Origin::Role(name.parse().ok()?),
            ProfileSource::WebIdentity { token_file } => Origin::WebIdentity(token_file.parse().ok()?),
            _ => Origin::Base,
        },
        region: role.region.as_ref().and_then(|region| region.parse().ok()),
        external_id: role.external_id.as_ref().and_then(|id| id.parse().ok()),
        session_name: role.role_session_name.as_ref().and_then(|name| name.parse().ok()),
        duration: seconds,
        session_policy: false,
        tags: false,
        source_identity: false,
    })
}

/// Who is in a role gets an hour.
fn clamped(mut roles: Vec<Chained>) -> Vec<Chained> {
    for role in &mut roles {
        if matches!(role.origin, Origin::Role(_)) {
            role.duration = role.duration.min(DEFAULT_DURATION);
        }
    }
    roles
}
