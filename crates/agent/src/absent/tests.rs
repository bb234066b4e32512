//! Sessions that are taken, refused and put back, and locks that are waited for.

use std::fs;

use rolecall_core::SessionCredentials;

use super::*;
use crate::settings::Publish;
use crate::testing::{role, session};

fn definitions(aliases: &[&str]) -> Definitions {
    Definitions {
        roles: aliases.iter().map(|alias| role(alias)).collect(),
        default: None,
        publish: Publish::Process,
        store: true,
        refresh_before: Lead::Time(Duration::from_secs(600)),
        base_profile: None,
        config_file: "/c".into(),
        credentials_file: "/k".into(),
        region: None,
    }
}

fn alias(text: &str) -> Alias {
    text.parse().unwrap()
}

#[test]
fn what_was_kept_is_left_until_it_ends_and_due_before() {
    let home = tempfile::tempdir().unwrap();
    let (definitions, new) = (definitions(&["a", "b"]), session(1));
    let now = new.issued_at;
    assert!(left(home.path(), &definitions, &role("a"), now).is_none());
    keep(home.path(), &definitions, &alias("a"), &new, now);
    keep(home.path(), &definitions, &alias("b"), &session(2), now);
    for (seconds, due) in [(0, Some(false)), (2999, Some(false)), (3001, Some(true)), (3599, Some(true)), (3601, None)]
    {
        let found = left(home.path(), &definitions, &role("a"), now + Duration::from_secs(seconds));
        assert_eq!(found.as_ref().map(|left| left.due), due, "{seconds}");
        let credentials = found.map(|left| left.session.credentials.clone());
        assert_eq!(credentials, due.map(|_| new.credentials.clone()), "{seconds}");
    }
    let other = Role { arn: "arn:aws:iam::123456789012:role/other".parse().unwrap(), ..role("a") };
    assert!(left(home.path(), &definitions, &other, now).is_none(), "made for another definition");
}

#[test]
fn without_a_store_nothing_is_looked_at_or_left() {
    let home = tempfile::tempdir().unwrap();
    let (kept, new) = (definitions(&["a"]), session(1));
    let none = Definitions { store: false, ..kept.clone() };
    keep(home.path(), &none, &alias("a"), &new, new.issued_at);
    assert!(turn(home.path(), &none, &alias("a")).is_none());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    keep(home.path(), &kept, &alias("a"), &new, new.issued_at);
    assert!(left(home.path(), &none, &role("a"), new.issued_at).is_none());
}

#[test]
fn nothing_is_kept_while_an_agent_runs() {
    let home = tempfile::tempdir().unwrap();
    let (definitions, new) = (definitions(&["a"]), session(1));
    let agent = state_dir::StateDir::open(home.path(), &[]).unwrap();
    keep(home.path(), &definitions, &alias("a"), &new, new.issued_at);
    assert!(!home.path().join(CREDENTIALS).exists());
    drop(agent);
    keep(home.path(), &definitions, &alias("a"), &new, new.issued_at);
    assert!(left(home.path(), &definitions, &role("a"), new.issued_at).is_some());
}

#[test]
fn a_session_that_no_file_can_hold_leaves_the_others_alone() {
    let home = tempfile::tempdir().unwrap();
    let (definitions, new) = (definitions(&["a", "b"]), session(1));
    keep(home.path(), &definitions, &alias("a"), &new, new.issued_at);
    let credentials = SessionCredentials::new("A\n[x]".into(), "S".into(), "T".into());
    keep(home.path(), &definitions, &alias("b"), &Session { credentials, ..new.clone() }, new.issued_at);
    assert!(left(home.path(), &definitions, &role("a"), new.issued_at).is_some());
    assert!(left(home.path(), &definitions, &role("b"), new.issued_at).is_none());
}

#[test]
fn commands_take_turns_for_one_role_and_not_for_others() {
    let home = tempfile::tempdir().unwrap();
    let definitions = definitions(&["a", "b"]);
    let first = turn(home.path(), &definitions, &alias("a")).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let _second = turn(home.path(), &definitions, &alias("a")).unwrap();
            tell.send(()).unwrap();
        });
        let _other = turn(home.path(), &definitions, &alias("b")).unwrap();
        assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "two at once");
        drop(first);
        told.recv_timeout(Duration::from_secs(5)).unwrap();
    });
}

#[test]
fn a_directory_that_others_write_into_is_not_believed() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    assert!(super::definitions(home.path()).unwrap().is_none());
    assert!(super::definitions(&home.path().join("missing")).unwrap().is_none());
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(super::definitions(home.path()), Err(AbsentError::StateDir(StateDirError::Writable { .. }))));
}
