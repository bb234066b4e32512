//! Where the base is looked for when the environment leads to ourselves.

use std::time::Duration;

use rolecall_core::rotation::Lead;

use super::*;

fn definitions(base_profile: Option<&str>) -> Definitions {
    let role = Role::new("ours".parse().unwrap(), "arn:aws:iam::123456789012:role/R".parse().unwrap(), "host");
    Definitions {
        roles: vec![role],
        default: None,
        store: true,
        refresh_before: Lead::Percent(10),
        base_profile: base_profile.map(Into::into),
        config_file: "/home/me/.aws/config".into(),
        credentials_file: "/home/me/.aws/credentials".into(),
        socket_group: None,
    }
}

#[test]
fn a_profile_of_ours_is_never_the_base() {
    for (profile, recorded, expected) in [
        (Some("ours"), Some("work"), Some("work")),
        (Some("ours"), None, None),
        (None, Some("work"), Some("work")),
        (Some("theirs"), Some("work"), Some("theirs")),
    ] {
        let variables: Vec<_> = profile.map(|profile| ("AWS_PROFILE", profile)).into_iter().collect();
        let base =
            base_environment(&Environment::from(variables.as_slice()), &definitions(recorded), Path::new("/nowhere"));
        assert_eq!(base.text("AWS_PROFILE").as_deref(), expected, "{profile:?} {recorded:?}");
        assert_eq!(base.text(DEPTH).as_deref(), Some("1"));
    }
    let python = Environment::from([("AWS_DEFAULT_PROFILE", "ours")]);
    assert_eq!(base_environment(&python, &definitions(None), Path::new("/nowhere")).text("AWS_DEFAULT_PROFILE"), None);
}

#[test]
fn a_profile_of_the_user_is_the_base_though_a_role_has_its_name() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config");
    std::fs::write(&config, "[profile ours]\nregion = eu-west-1\n").unwrap();
    let environment = Environment::from([
        ("AWS_PROFILE", "ours"),
        ("AWS_CONFIG_FILE", config.to_str().unwrap()),
        ("HOME", home.path().to_str().unwrap()),
    ]);
    let base = base_environment(&environment, &definitions(Some("work")), Path::new("/nowhere"));
    assert_eq!(base.text("AWS_PROFILE").as_deref(), Some("ours"));
}

#[test]
fn the_store_is_never_where_the_base_is_looked_for() {
    let state = tempfile::tempdir().unwrap();
    let (store, other) = (state.path().join("credentials"), state.path().join("elsewhere/config"));
    let environment = Environment::from([
        ("AWS_SHARED_CREDENTIALS_FILE", store.to_str().unwrap()),
        ("AWS_CONFIG_FILE", other.to_str().unwrap()),
    ]);
    let base = base_environment(&environment, &definitions(None), state.path());
    assert_eq!(base.text("AWS_SHARED_CREDENTIALS_FILE").as_deref(), Some("/home/me/.aws/credentials"));
    assert_eq!(base.text("AWS_CONFIG_FILE").as_deref(), other.to_str());
}

#[test]
fn what_had_ended_before_it_came_is_refused() {
    let now = SystemClock.now().wall;
    for (seconds, usable) in [(900, true), (-1, false)] {
        let expires_at = now + jiff::SignedDuration::from_secs(seconds);
        let credentials = rolecall_core::SessionCredentials::new("A".into(), "S".into(), "T".into());
        let asked_for = Duration::from_secs(900);
        let assumed = Assumed { credentials, expires_at, asked_for, date: Some(now) };
        assert_eq!(alive(assumed).err().map(|fault| fault.kind), (!usable).then_some(FaultKind::Clock), "{seconds}");
    }
}
