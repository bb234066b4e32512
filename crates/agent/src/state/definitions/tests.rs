//! The file written and read back, and refused where it is not what this version knows.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::*;
use crate::testing::role;

fn definitions() -> Definitions {
    let nameless = Role { region: None, ..role("b") };
    Definitions {
        roles: vec![role("a"), nameless],
        default: Some("a".parse().unwrap()),
        store: false,
        refresh_before: Lead::Percent(25),
        base_profile: Some("work \"x\"".into()),
        config_file: "/home/me/.aws/config".into(),
        credentials_file: "/home/me/.aws/credentials".into(),
        socket_group: None,
    }
}

#[test]
fn what_is_written_is_read_back_and_is_private() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(Definitions::read(home.path()).unwrap(), None);
    let none = Definitions { default: None, base_profile: None, ..definitions() };
    for definitions in [definitions(), none] {
        definitions.write(home.path()).unwrap();
        assert_eq!(Definitions::read(home.path()).unwrap(), Some(definitions));
    }
    let path = home.path().join(FILE);
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
    assert!(is_ours(&fs::read_to_string(path).unwrap()));
}

#[test]
fn chains_and_all_that_assume_role_takes_are_read_back() {
    let home = tempfile::tempdir().unwrap();
    let policy = SessionPolicy::new(Some(r#"{"Statement":[]}"#), vec!["arn:aws:iam::aws:policy/P".parse().unwrap()]);
    let parent = Role {
        tags: SessionTags::new([("team".to_owned(), "x".to_owned())], ["team".to_owned()]).unwrap(),
        source_identity: Some("me".parse().unwrap()),
        session_policy: policy.unwrap(),
        ..role("a")
    };
    let roles = vec![(role("c"), "role:a"), (parent, "environment"), (role("b"), "profile:x")];
    let named = roles.into_iter().map(|(role, source)| (role, source.parse().unwrap())).collect();
    let roles = chain::link(named).into_iter().map(|(_, role)| role.unwrap()).collect();
    let chained = Definitions { roles, ..definitions() };
    chained.write(home.path()).unwrap();
    let read = Definitions::read(home.path()).unwrap().unwrap();
    assert_eq!(read, chained);
    assert_eq!(read.roles[0].key(), chained.roles[0].key());
}

#[test]
fn another_file_of_that_name_is_not_ours() {
    for text in ["", "[]", "{}", r#"{"version":1,"roles":[]}"#, r#"{"written_by":"me"}"#, "roles"] {
        assert!(!is_ours(text), "{text}");
    }
}

#[test]
fn a_later_version_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(FILE), r#"{"version":2,"written_by":"rolecall","other":"shape"}"#).unwrap();
    let error = Definitions::read(home.path()).unwrap_err();
    assert!(matches!(error, DefinitionsError::Newer { version: 2, .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("roles.json: it has version 2") && text.contains("knows up to 1"), "{text}");
}

#[test]
fn a_broken_file_says_what_is_wrong_with_it() {
    let home = tempfile::tempdir().unwrap();
    let good = serde_json::to_string(&Document::of(&definitions())).unwrap();
    for (from, to, part) in [
        ("\"source\":\"base\"", "\"source\":\"elsewhere\"", "source: \"elsewhere\""),
        ("\"source\":\"base\"", "\"source\":\"role:gone\"", "a: its source is not among the roles"),
        ("\"alias\":\"a\"", "\"alias\":\"../a\"", "alias: "),
        ("\"session_name\":\"a@host\"", "\"session_name\":\"a b\"", "session_name: "),
        ("\"refresh_before\":\"25%\"", "\"refresh_before\":\"soon\"", "refresh_before: "),
        ("\"roles\":[", "\"holes\":[", "missing field `roles`"),
        ("{\"version\":1", "{\"version\":", "column"),
    ] {
        assert!(good.contains(from), "{from}");
        fs::write(home.path().join(FILE), good.replacen(from, to, 1)).unwrap();
        let error = Definitions::read(home.path()).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("roles.json"), "{error}");
    }
    fs::remove_file(home.path().join(FILE)).unwrap();
    fs::create_dir(home.path().join(FILE)).unwrap();
    assert!(matches!(Definitions::read(home.path()), Err(DefinitionsError::Unreadable(_))));
}

#[test]
fn a_path_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let home = tempfile::tempdir().unwrap();
    let config_file = std::ffi::OsString::from_vec(b"/a\xff".to_vec()).into();
    let error = Definitions { config_file, ..definitions() }.write(home.path()).unwrap_err();
    assert!(error.to_string().contains("roles.json: path contains invalid UTF-8"), "{error}");
}
