//! Sessions that are taken, refused and put back, and locks that are waited for.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::thread;

use rolecall_core::SessionCredentials;

use super::*;
use crate::settings::group::Group;
use crate::testing::{role, session};

pub(super) fn definitions(aliases: &[&str]) -> Definitions {
    Definitions {
        roles: aliases.iter().map(|alias| role(alias)).collect(),
        default: None,
        store: true,
        refresh_before: Lead::Time(Duration::from_secs(600)),
        base_profile: None,
        config_file: "/c".into(),
        credentials_file: "/k".into(),
        socket_group: None,
    }
}

/// A state directory that an agent with these definitions has left.
fn left_by_an_agent(definitions: &Definitions) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    drop(state_dir::StateDir::open(home.path(), &[], files::Access::default()).unwrap());
    definitions.write(home.path()).unwrap();
    home
}

fn alias(text: &str) -> Alias {
    text.parse().unwrap()
}

#[test]
fn what_was_kept_is_left_until_it_ends_and_due_before() {
    let (definitions, new) = (definitions(&["a", "b"]), session(1));
    let home = left_by_an_agent(&definitions);
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
fn what_is_left_for_a_group_stays_readable_to_it() {
    let group = Group::new(rustix::process::getegid().as_raw());
    for (socket_group, mode) in [(None, 0o600), (group, 0o640)] {
        let definitions = Definitions { socket_group, ..definitions(&["a"]) };
        let home = left_by_an_agent(&definitions);
        keep(home.path(), &definitions, &alias("a"), &session(1), session(1).issued_at);
        assert_eq!(home.path().join(CREDENTIALS).metadata().unwrap().mode() & 0o777, mode);
    }
}

#[test]
fn a_session_that_was_cut_short_is_not_due_before_half_of_its_life() {
    let long = Role { duration: Duration::from_secs(12 * 3600), ..role("a") };
    let definitions =
        Definitions { roles: vec![long.clone()], refresh_before: Lead::Percent(25), ..definitions(&["a"]) };
    let home = left_by_an_agent(&definitions);
    let new = session(1);
    keep(home.path(), &definitions, &alias("a"), &new, new.issued_at);
    for (seconds, due) in [(0, false), (2690, false), (2702, true)] {
        let now = new.issued_at + Duration::from_secs(seconds);
        assert_eq!(left(home.path(), &definitions, &long, now).unwrap().due, due, "{seconds}");
    }
}

#[test]
fn without_a_store_nothing_is_looked_at_or_left() {
    let (kept, new) = (definitions(&["a"]), session(1));
    let home = left_by_an_agent(&kept);
    let none = Definitions { store: false, ..kept.clone() };
    keep(home.path(), &none, &alias("a"), &new, new.issued_at);
    assert!(turn(home.path(), &none, &alias("a")).is_none());
    let names = || fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names().all(|name| name != CREDENTIALS && name != turn::TURNS), "{:?}", names().collect::<Vec<_>>());
    keep(home.path(), &kept, &alias("a"), &new, new.issued_at);
    assert!(left(home.path(), &none, &role("a"), new.issued_at).is_none());
}

#[test]
fn nothing_is_kept_while_an_agent_runs() {
    let (definitions, new) = (definitions(&["a"]), session(1));
    let home = left_by_an_agent(&definitions);
    let agent = state_dir::StateDir::open(home.path(), &[], files::Access::default()).unwrap();
    keep(home.path(), &definitions, &alias("a"), &new, new.issued_at);
    assert!(!home.path().join(CREDENTIALS).exists());
    drop(agent);
    keep(home.path(), &definitions, &alias("a"), &new, new.issued_at);
    assert!(left(home.path(), &definitions, &role("a"), new.issued_at).is_some());
}

#[test]
fn a_session_that_no_file_can_hold_leaves_the_others_alone() {
    let (definitions, new) = (definitions(&["a", "b"]), session(1));
    let home = left_by_an_agent(&definitions);
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

#[test]
fn nothing_is_kept_that_belongs_to_other_definitions_or_to_none() {
    let (asked_with, new) = (definitions(&["a"]), session(1));
    let home = left_by_an_agent(&definitions(&["b"]));
    keep(home.path(), &asked_with, &alias("a"), &new, new.issued_at);
    assert!(!home.path().join(CREDENTIALS).exists(), "another agent has come and gone");
    let cleaned = tempfile::tempdir().unwrap();
    keep(cleaned.path(), &asked_with, &alias("a"), &new, new.issued_at);
    assert_eq!(fs::read_dir(cleaned.path()).unwrap().count(), 0);
}

#[test]
fn what_a_killed_command_left_goes() {
    let (definitions, new) = (definitions(&["a"]), session(1));
    let home = left_by_an_agent(&definitions);
    fs::write(home.path().join(".rolecall-x.tmp"), "secret").unwrap();
    keep(home.path(), &definitions, &alias("a"), &new, new.issued_at);
    assert!(!home.path().join(".rolecall-x.tmp").exists());
}
