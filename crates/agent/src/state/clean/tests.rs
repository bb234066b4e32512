//! A home with everything of ours in it, cleaned; and what must stay.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;
use crate::publish::files::Access;
use crate::state::state_dir::StateDir;
use crate::testing::{role, session};

const FOREIGN: &str = "[default]\nregion = eu-west-1\n";

/// A home with the user's two files and a state directory that an agent used.
struct Home {
    dir: tempfile::TempDir,
    state: PathBuf,
}

/// What an agent writes for the `cat` form.
fn document() -> String {
    rolecall_formats::process::file(&role("a"), &session(1)).to_string()
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let opened = StateDir::open(&state, &[], Access::default()).unwrap();
        let home = Self { dir, state: opened.path().to_owned() };
        let body = "[profile a]\nregion = x\n[profile b]\n";
        home.write("config", &block::replace(FOREIGN, &opened.id(), Some(body)).unwrap());
        home.write("config.rolecall.lock", "");
        home.write(".config.rolecall-x.tmp", "half");
        home.write("credentials", FOREIGN);
        home.write("state/credentials", "# rolecall store 1, written by rolecall\n[a]\n");
        home.write("state/config", "# rolecall config 1, written by rolecall\n");
        home.write("state/roles.json", r#"{"version":1,"written_by":"rolecall"}"#);
        home.write("state/.rolecall-x.tmp", "half");
        drop(UnixListener::bind(state.join("agent.sock")).unwrap());
        home.write("state/json/a.json", &document());
        home.write("state/turns/a", "");
        home
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn users(&self) -> Vec<UsersFile> {
        [("config", File::Config), ("credentials", File::Credentials)]
            .map(|(name, kind)| UsersFile { path: self.dir.path().join(name), kind })
            .into()
    }

    fn clean(&self, dry_run: bool) -> Report {
        clean(&self.state, self.users(), dry_run).unwrap()
    }

    /// Every file with its text, and every directory.
    fn everything(&self) -> BTreeMap<PathBuf, String> {
        fn look(path: &Path, into: &mut BTreeMap<PathBuf, String>) {
            for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    into.insert(entry.path(), "directory".into());
                    look(&entry.path(), into);
                } else if !entry.file_type().unwrap().is_file() {
                    into.insert(entry.path(), "special".into());
                } else {
                    into.insert(entry.path(), fs::read_to_string(entry.path()).unwrap());
                }
            }
        }
        let mut found = BTreeMap::new();
        look(self.dir.path(), &mut found);
        found
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(name)
    }
}

#[test]
fn everything_of_ours_goes_and_nothing_else() {
    let home = Home::new();
    let report = home.clean(false);
    assert_eq!(report.stays, []);
    let profiles = Gone::Profiles { path: home.at("config"), names: vec!["a".into(), "b".into()] };
    assert!(report.gone.contains(&profiles), "{report:?}");
    assert_eq!(report.gone.last(), Some(&Gone::Directory(home.at("state"))));
    let left: Vec<_> = home.everything().into_iter().collect();
    let users = ["config", "credentials"].map(|name| (home.dir.path().join(name), FOREIGN.to_owned()));
    assert_eq!(left, users);
    // Once more: there is nothing.
    assert_eq!(home.clean(false), Report::default());
}

#[test]
fn a_dry_run_says_the_same_and_touches_nothing() {
    let home = Home::new();
    fs::write(home.state.join("mine"), "x").unwrap();
    let before = home.everything();
    let planned = home.clean(true);
    assert_eq!(home.everything(), before);
    assert_eq!(home.clean(false), planned);
}

#[test]
fn files_of_others_stay_whatever_their_names() {
    let home = Home::new();
    fs::remove_dir_all(&home.state).unwrap();
    let document = document();
    for (name, text) in [
        ("lock", "notes"),
        ("agent.sock", "x"),
        ("agent.new", "x"),
        (".rolecall-notes", "mine"),
        ("turns/plan.txt", "mine"),
        ("turns/plan of mine", ""),
        ("turns/a", "mine"),
        ("json/notes.txt", document.as_str()),
        ("elsewhere/a", ""),
    ] {
        home.write(&format!("state/{name}"), text);
    }
    let before = home.everything();
    for dry_run in [true, false] {
        let report = clean(&home.state, vec![], dry_run).unwrap();
        assert_eq!((report.gone, home.everything()), (vec![], before.clone()));
    }
    // What a symlink leads to is not ours either.
    fs::remove_dir_all(home.state.join("turns")).unwrap();
    symlink("elsewhere", home.state.join("turns")).unwrap();
    symlink(home.at("credentials"), home.state.join("config")).unwrap();
    let before = home.everything();
    let report = clean(&home.state, vec![], false).unwrap();
    assert_eq!((report.gone, home.everything()), (vec![], before));
}

#[test]
fn an_empty_directory_is_nobodys() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(clean(home.path(), vec![], false).unwrap(), Report::default());
    assert!(home.path().exists());
}

/// As a process leaves it that was killed just after it replaced the file, while the AWS CLI had the old one open.
#[test]
fn what_the_user_wrote_into_a_replaced_file_is_not_lost() {
    let home = Home::new();
    let text = fs::read_to_string(home.at("config")).unwrap();
    home.write(".config.rolecall-1.old", "[default]\nregion = eu-west-1\n[profile theirs]\n");
    home.write(".config.rolecall-1.copy", FOREIGN);
    let planned = home.clean(true);
    assert_eq!(fs::read_to_string(home.at("config")).unwrap(), text);
    assert_eq!(home.clean(false), planned);
    assert_eq!(fs::read_to_string(home.at("config")).unwrap(), format!("{FOREIGN}[profile theirs]\n"));
    let left = fs::read_dir(home.dir.path()).unwrap().count();
    assert_eq!(left, 2, "{:?}", home.everything());
}

#[test]
fn nothing_goes_while_an_agent_writes_the_file() {
    let home = Home::new();
    fs::write(home.at("config"), FOREIGN).unwrap();
    let _agent = crate::state::lock_file::take(&home.at("config.rolecall.lock"), std::time::Duration::ZERO).unwrap();
    let (report, error) = clean(&home.state, home.users(), false).unwrap_err();
    assert!(matches!(error, CleanError::File(FileError::LockBusy { .. })), "{error}");
    assert_eq!(report, Report::default());
    assert!(home.at(".config.rolecall-x.tmp").exists());
}

#[test]
fn nothing_goes_while_an_agent_runs() {
    let home = Home::new();
    let _agent = state_dir::lock(&home.state).unwrap();
    let before = home.everything();
    let (report, error) = clean(&home.state, home.users(), false).unwrap_err();
    assert!(matches!(error, CleanError::StateDir(StateDirError::InUse { .. })), "{error}");
    assert_eq!((report, home.everything()), (Report::default(), before));
}

#[test]
fn what_stays_is_named() {
    let home = Home::new();
    let other: Id = "0123abcd".parse().unwrap();
    let text = fs::read_to_string(home.at("config")).unwrap();
    home.write("config", &block::replace(&text, &other, Some("[profile other]\n")).unwrap());
    home.write("credentials.rolecall-backup-20260101T000000Z", "keys");
    home.write("state/notes.txt", "mine");
    home.write("state/json/mine.json", "{}");
    home.write("state/config", "[default]\n");
    let report = home.clean(false);
    let expected = [
        Stays::Block { path: home.at("config"), id: other },
        Stays::Backup(home.at("credentials.rolecall-backup-20260101T000000Z")),
        Stays::Foreign(home.at("state/json/mine.json")),
        Stays::Foreign(home.at("state/config")),
        Stays::Foreign(home.at("state/json")),
        Stays::Foreign(home.at("state/notes.txt")),
    ];
    assert_eq!(report.stays, expected);
    // The other agent uses it.
    assert!(home.at("config.rolecall.lock").exists());
    assert_eq!(block::cut(&fs::read_to_string(home.at("config")).unwrap()).unwrap(), FOREIGN);
    assert!(!home.at("state/credentials").exists() && home.at("state/notes.txt").exists());
}

#[test]
fn the_block_of_a_directory_that_is_gone_is_found() {
    let home = Home::new();
    fs::remove_dir_all(&home.state).unwrap();
    home.clean(false);
    assert_eq!(fs::read_to_string(home.at("config")).unwrap(), FOREIGN);
}

#[test]
fn a_file_that_only_the_agent_was_told_of_is_cleaned() {
    let home = Home::new();
    let text = fs::read_to_string(home.at("config")).unwrap();
    home.write("elsewhere", &text);
    let definitions = include_str!("../../../tests/formats/v1/state/roles.json");
    home.write(
        "state/roles.json",
        &definitions.replace("/tmp/home/.aws/config", home.at("elsewhere").to_str().unwrap()),
    );
    home.clean(false);
    assert_eq!(fs::read_to_string(home.at("elsewhere")).unwrap(), FOREIGN);
}

#[test]
fn a_broken_block_is_told_with_what_was_done_before() {
    let home = Home::new();
    home.write("credentials", "# >>> rolecall 3fa9c2d1 >>> written\n[a]\n");
    let (report, error) = clean(&home.state, home.users(), false).unwrap_err();
    assert!(error.to_string().contains("/credentials: line 1"), "{error}");
    assert!(report.gone.iter().any(|gone| matches!(gone, Gone::Profiles { .. })), "{report:?}");
    assert!(home.state.join("roles.json").exists(), "what names the files is needed the next time");
}
