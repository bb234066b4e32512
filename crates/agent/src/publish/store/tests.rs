//! The store over the life of an agent and the next one.

use std::os::unix::fs::MetadataExt;

use rolecall_core::Sink;
use rolecall_core::port::Clock;
use rolecall_rotator::SystemClock;

use super::*;
use crate::publish::file_sink::FileSink;
use crate::testing::{delivery, log, role, session};

fn store(directory: &Path, aliases: &[&str], left: BTreeMap<Alias, Arc<Session>>) -> FileSink<Store> {
    let roles = aliases.iter().map(|alias| Arc::new(role(alias))).collect();
    let store = Store {
        directory: directory.into(),
        default: Some("a".parse().unwrap()),
        kept: true,
        access: Access::default(),
    };
    FileSink::new(store, Arc::new(SystemClock), Arc::default(), Holdings::new(roles, left))
}

fn read(path: &Path, file: config::File) -> config::Profiles {
    config::read(&fs::read_to_string(path).unwrap(), file).unwrap()
}

#[tokio::test]
async fn it_holds_what_is_held_and_the_regions_of_all() {
    let home = tempfile::tempdir().unwrap();
    let (credentials, regions) = (home.path().join("credentials"), home.path().join("config"));
    let store = store(home.path(), &["a", "b"], BTreeMap::new());
    store.write().await.unwrap();
    assert_eq!(read(&credentials, config::File::Credentials).iter().count(), 0);
    let inode = regions.metadata().unwrap().ino();

    store.deliver(&[delivery("a", Some(session(1)))]).await.unwrap();
    let profiles = read(&credentials, config::File::Credentials);
    assert_eq!(profiles.get("a").unwrap().get("aws_access_key_id"), Some("ASIATEST000000000001"));
    assert!(profiles.get("default").is_some() && profiles.get("b").is_none());
    assert_eq!(read(&regions, config::File::Config).get("b").unwrap().get("region"), Some("eu-central-1"));

    store.deliver(&[delivery("a", None)]).await.unwrap();
    assert!(!fs::read_to_string(&credentials).unwrap().contains("ASIA"));
    assert_eq!(regions.metadata().unwrap().ino(), inode, "the Regions are written once");
    for file in [&credentials, &regions] {
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_later_agent_takes_over_what_is_still_good() {
    let home = tempfile::tempdir().unwrap();
    let earlier = store(home.path(), &["a", "b", "gone"], BTreeMap::new());
    let sessions = ["a", "b", "gone"].map(|alias| delivery(alias, Some(session(1))));
    earlier.deliver(&sessions).await.unwrap();

    let now = SystemClock.now().wall;
    let mut other = role("b");
    other.arn = "arn:aws:iam::123456789012:role/another".parse().unwrap();
    let roles = [Arc::new(role("a")), Arc::new(other), Arc::new(role("new"))];
    let adopted = read_back(home.path(), &roles, now);
    assert_eq!(adopted.keys().map(Alias::as_str).collect::<Vec<_>>(), ["a"]);
    assert_eq!(adopted["a"].credentials, session(1).credentials);
    assert!(read_back(home.path(), &roles, session(1).expires_at).is_empty());

    store(home.path(), &["a", "b"], adopted).write().await.unwrap();
    let profiles = read(&home.path().join("credentials"), config::File::Credentials);
    assert!(profiles.get("a").is_some() && profiles.get("b").is_none() && profiles.get("gone").is_none());
}

#[tokio::test]
async fn it_says_how_long_each_session_lives() {
    let home = tempfile::tempdir().unwrap();
    let now = SystemClock.now().wall;
    let (issued_at, asked_for) = (now - Duration::from_secs(60), Duration::from_secs(1800));
    let clamped = Session { issued_at, expires_at: issued_at + asked_for, asked_for, ..session(1) };
    store(home.path(), &["a"], BTreeMap::new()).deliver(&[delivery("a", Some(clamped))]).await.unwrap();
    let roles = [Arc::new(role("a"))];
    let found = &read_back(home.path(), &roles, now)["a"];
    assert_eq!((found.issued_at.as_second(), found.asked_for), (issued_at.as_second(), asked_for));
    assert_eq!(found.lifetime(), asked_for);

    // What cannot be is not believed: a session from the future, or longer than the role asks for.
    let path = home.path().join("credentials");
    let text = fs::read_to_string(&path).unwrap();
    for (key, value) in [("x_rolecall_issued", "2999-01-01T00:00:00Z"), ("x_rolecall_issued", "soon")] {
        let (head, tail) = text.split_once(&format!("{key} = ")).unwrap();
        let rest = tail.split_once('\n').unwrap().1;
        fs::write(&path, format!("{head}{key} = {value}\n{rest}")).unwrap();
        let found = &read_back(home.path(), &roles, now)["a"];
        assert_eq!(found.issued_at, (found.expires_at - asked_for).min(now), "{value}");
    }
    for value in ["86400", "-1", "long"] {
        fs::write(&path, text.replace("seconds = 1800", &format!("seconds = {value}"))).unwrap();
        let found = &read_back(home.path(), &roles, now)["a"];
        assert_eq!(found.asked_for, role("a").duration, "{value}");
    }
    // And the key, which marks a section as whole, stands last.
    for section in text.split("[").skip(1) {
        assert!(section.trim_end().lines().last().unwrap().starts_with("x_rolecall_key = "), "{section}");
    }
}

#[tokio::test]
async fn one_that_is_not_wanted_goes_and_stays_away() {
    let home = tempfile::tempdir().unwrap();
    store(home.path(), &["a"], BTreeMap::new()).deliver(&[delivery("a", Some(session(1)))]).await.unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
    let unwanted = Store { directory: home.path().into(), default: None, kept: false, access: Access::default() };
    let unwanted = FileSink::new(unwanted, Arc::new(SystemClock), Arc::default(), Holdings::default());
    for _ in 0..2 {
        unwanted.deliver(&[delivery("a", Some(session(2)))]).await.unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_store_that_cannot_be_read_is_no_store() {
    let home = tempfile::tempdir().unwrap();
    let roles = [Arc::new(role("a"))];
    assert!(read_back(home.path(), &roles, Timestamp::UNIX_EPOCH).is_empty());
    fs::write(home.path().join("credentials"), "garbage").unwrap();
    assert!(read_back(home.path(), &roles, Timestamp::UNIX_EPOCH).is_empty());
}

#[tokio::test]
async fn a_store_of_a_later_version_is_told_not_used_and_written_anew() {
    log();
    let home = tempfile::tempdir().unwrap();
    let roles = [Arc::new(role("a"))];
    let earlier = store(home.path(), &["a"], BTreeMap::new());
    earlier.deliver(&[delivery("a", Some(session(1)))]).await.unwrap();
    let path = home.path().join("credentials");
    let text = fs::read_to_string(&path).unwrap();
    let now = SystemClock.now().wall;
    for (heading, told) in [("# rolecall store 2", "has version 2"), ("# rolecall store x", "does not say its version")]
    {
        fs::write(&path, text.replacen("# rolecall store 1", heading, 1)).unwrap();
        assert!(read_back(home.path(), &roles, now).is_empty(), "{heading}");
        let line = format!("{}", path.display());
        assert!(log().lines().any(|l| l.contains(&line) && l.contains(told)), "{told}");
    }
    store(home.path(), &["a"], BTreeMap::new()).write().await.unwrap();
    assert_eq!(format::version(&fs::read_to_string(&path).unwrap()), Some(format::VERSION));
}

#[tokio::test]
async fn what_cannot_be_written_is_a_fault() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home.path().join("missing"), &["a"], BTreeMap::new());
    let fault = store.deliver(&[delivery("a", Some(session(1)))]).await.unwrap_err();
    assert!(fault.message.contains("missing"), "{fault}");
    rolecall_testkit::canary::assert_absent("the fault", &fault.to_string());
    assert_eq!(store.board().failed().len(), 1);
}

#[tokio::test]
async fn a_store_that_a_power_cut_spoiled_gives_no_wrong_session() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path(), &["a", "b"], BTreeMap::new());
    let sessions = [delivery("a", Some(session(1))), delivery("b", Some(session(2)))];
    store.deliver(&sessions).await.unwrap();
    let path = home.path().join("credentials");
    let whole = fs::read(&path).unwrap();
    let roles = ["a", "b"].map(|alias| Arc::new(role(alias)));
    let check = |spoiled: &[u8]| {
        fs::write(&path, spoiled).unwrap();
        for (alias, found) in read_back(home.path(), &roles, SystemClock.now().wall) {
            let written = if alias.as_str() == "a" { session(1) } else { session(2) };
            assert_eq!(found.credentials, written.credentials, "{}", String::from_utf8_lossy(spoiled));
        }
    };
    for at in 0..whole.len() {
        check(&whole[..at]);
        let mut zeros = whole.clone();
        zeros[at..(at + 64).min(whole.len())].fill(0);
        check(&zeros);
    }
}
