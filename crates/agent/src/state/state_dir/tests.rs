//! Which directories are taken, and which are refused before anything in them is touched.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};

use super::*;

fn open(path: &Path) -> Result<StateDir, StateDirError> {
    StateDir::open(path, &[], Access::default())
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

#[test]
fn it_is_created_private() {
    let home = tempfile::tempdir().unwrap();
    let state = open(&home.path().join("a/b")).unwrap();
    assert_eq!(mode(state.path()), 0o700);
    assert_eq!(mode(&home.path().join("a")), 0o700);
    assert_eq!(mode(&state.path().join("lock")), 0o600);
}

#[test]
fn a_second_agent_learns_who_holds_it() {
    let home = tempfile::tempdir().unwrap();
    let first = open(home.path()).unwrap();
    let Err(StateDirError::InUse { pid, .. }) = open(home.path()) else { panic!("not refused") };
    assert_eq!(pid, Some(std::process::id()));
    drop(first);
    open(home.path()).unwrap();
}

#[test]
fn what_others_may_write_into_is_refused() {
    let home = tempfile::tempdir().unwrap();
    for bits in [0o777, 0o770, 0o702] {
        fs::set_permissions(home.path(), fs::Permissions::from_mode(bits)).unwrap();
        let error = open(home.path()).unwrap_err();
        assert!(matches!(error, StateDirError::Writable { mode, .. } if mode == bits), "{error}");
    }
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    open(home.path()).unwrap();
}

#[test]
fn the_id_is_of_the_real_path() {
    let home = tempfile::tempdir().unwrap();
    let (real, link) = (home.path().join("real"), home.path().join("link"));
    let direct = open(&real).unwrap().id();
    symlink(&real, &link).unwrap();
    let linked = open(&link).unwrap();
    assert_eq!(linked.id(), direct);
    assert_eq!(id(Path::new("/state")).to_string(), "7ac1387d");
}

#[test]
fn a_lock_that_is_a_symlink_is_not_followed() {
    let home = tempfile::tempdir().unwrap();
    let precious = home.path().join("precious");
    fs::write(&precious, "1234\n").unwrap();
    let state = home.path().join("state");
    DirBuilder::new().mode(0o700).create(&state).unwrap();
    symlink(&precious, state.join("lock")).unwrap();
    assert!(matches!(open(&state), Err(StateDirError::Lock { .. })));
    assert_eq!(fs::read_to_string(&precious).unwrap(), "1234\n");
}

#[test]
fn a_long_path_is_told_before_the_socket_fails() {
    let home = tempfile::tempdir().unwrap();
    let error = open(&home.path().join("x".repeat(100))).unwrap_err();
    assert!(matches!(error, StateDirError::SocketPath { length, .. } if length > 100), "{error}");
}

#[test]
fn a_file_in_its_place_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(open(&file), Err(StateDirError::NotADirectory { .. })));
}

/// All files of a directory with their content.
fn files(directory: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let mut files: Vec<_> =
        entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap_or_default())).collect();
    files.sort();
    files
}

#[test]
fn a_directory_with_somebody_elses_files_is_refused_before_anything_is_written() {
    for name in ["credentials", "config", "roles.json", "lock", "agent.sock", "agent.new"] {
        for text in [&b"[default]\naws_access_key_id = mine\n"[..], b"\xff", b"# rolecall's store 1"] {
            let home = tempfile::tempdir().unwrap();
            fs::write(home.path().join(name), text).unwrap();
            let before = files(home.path());
            let error = open(home.path()).unwrap_err();
            assert!(matches!(&error, StateDirError::Foreign { path } if path.ends_with(name)), "{error}");
            assert!(error.to_string().contains("name a directory of its own"), "{error}");
            assert_eq!(files(home.path()), before);
        }
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(name)).unwrap();
        assert!(matches!(open(home.path()), Err(StateDirError::Foreign { .. })));
    }
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("json")).unwrap();
    fs::write(home.path().join("json/package.json"), "{}").unwrap();
    let error = open(home.path()).unwrap_err();
    assert!(matches!(&error, StateDirError::Foreign { path } if path.ends_with("json/package.json")), "{error}");
    assert!(matches!(tenants::check(Path::new("/"), &[]), Err(StateDirError::Root { .. })));
}

#[test]
fn what_an_agent_left_is_taken_whatever_its_version() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("credentials"), "# rolecall store 2\n").unwrap();
    fs::write(home.path().join("config"), rolecall_formats::store::config(&[], None)).unwrap();
    fs::write(home.path().join("lock"), "4711\n").unwrap();
    symlink("gone", home.path().join("roles.json")).unwrap();
    open(home.path()).unwrap();
}

#[test]
fn no_file_of_the_directory_is_the_users_own_by_whatever_path() {
    let home = tempfile::tempdir().unwrap();
    let (state, link) = (home.path().join("state"), home.path().join("link"));
    DirBuilder::new().mode(0o700).create(&state).unwrap();
    symlink(&state, &link).unwrap();
    let (hard, soft) = (home.path().join("hard"), home.path().join("soft"));
    fs::write(state.join("config"), rolecall_formats::store::config(&[], None)).unwrap();
    fs::hard_link(state.join("config"), &hard).unwrap();
    symlink("link/credentials", &soft).unwrap();
    for (users, name) in [
        (state.join("credentials"), "credentials"),
        (link.join("credentials"), "credentials"),
        (soft, "credentials"),
        (hard, "config"),
        (home.path().join("state/../state/lock"), "lock"),
    ] {
        let users = UsersFile { path: &users, variable: "AWS_CONFIG_FILE" };
        let before = files(&state);
        let error = StateDir::open(&link, &[users], Access::default()).unwrap_err();
        assert!(matches!(&error, StateDirError::UsersFile { path, .. } if path.ends_with(name)), "{error}");
        assert!(error.to_string().contains("AWS_CONFIG_FILE"), "{error}");
        assert_eq!(files(&state), before);
    }
    let users = UsersFile { path: &home.path().join("config"), variable: "AWS_CONFIG_FILE" };
    StateDir::open(&link, &[users], Access::default()).unwrap();
}
