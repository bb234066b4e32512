//! Writing next to other writers: nothing of theirs is lost, nothing of ours is half there.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::seen::Seen;
use super::write::{Wrote, put};
use super::*;

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

/// Adds a line at the end unless it is there.
fn add(path: &Path, line: &str) -> Result<Edited, EditError<Infallible>> {
    edit(path, |old| Ok((!old.lines().any(|l| l == line)).then(|| format!("{old}{line}\n").into())))
}

#[test]
fn what_is_created_is_private() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a/config");
    assert_eq!(add(&path, "x").unwrap(), Edited::Written);
    assert_eq!(fs::read_to_string(&path).unwrap(), "x\n");
    assert_eq!((mode(&path), mode(&home.path().join("a"))), (0o600, 0o700));
    assert_eq!(mode(&home.path().join("a/config.rolecall.lock")), 0o600);
    assert_eq!(fs::read_dir(home.path().join("a")).unwrap().count(), 2, "nothing temporary is left");
}

#[test]
fn no_change_touches_and_creates_nothing() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("a/config");
    assert_eq!(edit::<Infallible, _>(&missing, |_| Ok(None)).unwrap(), Edited::Unchanged);
    assert!(!home.path().join("a").exists());
    let path = home.path().join("config");
    fs::write(&path, "x\n").unwrap();
    let before = path.metadata().unwrap();
    assert_eq!(edit::<Infallible, _>(&path, |old| Ok(Some(old.to_owned().into()))).unwrap(), Edited::Unchanged);
    let after = path.metadata().unwrap();
    assert_eq!((before.ino(), before.mtime_nsec()), (after.ino(), after.mtime_nsec()));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn foreign_bytes_and_the_mode_stay() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    let text = "# mine\r\n[default]\r\n  region=x  \r\n\t\u{feff}é = 1";
    for bits in [0o644, 0o640, 0o400] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
        edit::<Infallible, _>(&path, |old| Ok(Some(format!("{old}\n[ours]\n").into()))).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{text}\n[ours]\n"));
        assert_eq!(mode(&path), bits);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn symlinks_are_followed_and_stay() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("dotfiles")).unwrap();
    let (link, second) = (home.path().join("config"), home.path().join("dotfiles/link"));
    symlink("dotfiles/link", &link).unwrap();
    symlink("real", &second).unwrap();
    add(&link, "x").unwrap();
    add(&link, "y").unwrap();
    assert_eq!(fs::read_to_string(home.path().join("dotfiles/real")).unwrap(), "x\ny\n");
    assert!(link.is_symlink() && second.is_symlink());

    let ring = home.path().join("ring");
    symlink("ring", &ring).unwrap();
    assert!(matches!(add(&ring, "x"), Err(EditError::File(FileError::Resolve { .. }))));
}

#[test]
fn what_cannot_be_changed_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    fs::write(&path, b"ok\n\xff").unwrap();
    assert!(matches!(add(&path, "x"), Err(EditError::File(FileError::NotText { at: 3, .. }))));
    assert_eq!(fs::read(&path).unwrap(), b"ok\n\xff");

    fs::write(&path, "broken").unwrap();
    let refused = edit(&path, |_| Err(io::Error::other("does not parse")));
    assert!(matches!(refused, Err(EditError::Change(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "broken");

    assert!(matches!(add(home.path(), "x"), Err(EditError::File(FileError::NotAFile { .. } | FileError::Read { .. }))));
    let below_a_file = path.join("config");
    assert!(add(&below_a_file, "x").is_err());
}

#[test]
fn our_own_writers_do_not_lose_one_anothers_changes() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                (0..3).for_each(|n| assert_eq!(add(path, &format!("{writer}-{n}")).unwrap(), Edited::Written))
            });
        }
    });
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["0-0", "0-1", "0-2", "1-0", "1-1", "1-2", "2-0", "2-1", "2-2", "3-0", "3-1", "3-2"]);
}

/// Opens the file as another program does just before our rename, and writes into it `after` the rename: empties it,
/// takes its time, writes.
fn writer_of_the_old_file(path: &Path, after: Duration, text: &'static str) -> thread::JoinHandle<()> {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    let (path, inode) = (path.to_owned(), file.metadata().unwrap().ino());
    thread::spawn(move || {
        while path.metadata().unwrap().ino() == inode {
            thread::yield_now();
        }
        thread::sleep(after);
        file.set_len(0).unwrap();
        thread::sleep(Duration::from_millis(20));
        file.write_all(text.as_bytes()).unwrap();
    })
}

#[test]
fn a_foreign_write_into_the_replaced_file_is_found_and_kept() {
    for after in [0, 3, 10] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        fs::write(&path, "[theirs]\n").unwrap();
        let (mut calls, mut writer) = (0, None);
        edit::<Infallible, _>(&path, |old| {
            calls += 1;
            // The second call is the one under the lock.
            if calls == 2 {
                let text = "[theirs]\n[new]\n";
                writer = Some(writer_of_the_old_file(&path, Duration::from_millis(after), text));
            }
            Ok((!old.contains("[ours]")).then(|| format!("{old}[ours]\n").into()))
        })
        .unwrap();
        writer.unwrap().join().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[theirs]\n[new]\n[ours]\n", "{after} ms after the rename");
    }
}

#[test]
fn a_foreign_write_is_put_back_even_when_our_change_to_it_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    fs::write(&path, "[theirs]\n").unwrap();
    let (mut calls, mut writer) = (0, None);
    let result = edit(&path, |old| {
        calls += 1;
        if calls == 2 {
            writer = Some(writer_of_the_old_file(&path, Duration::ZERO, "[theirs]\n[broken\n"));
        }
        if old.contains("[broken") {
            Err(io::Error::other("does not parse"))
        } else {
            Ok(Some(format!("{old}[ours]\n").into()))
        }
    });
    writer.unwrap().join().unwrap();
    assert!(matches!(result, Err(EditError::Change(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "[theirs]\n[broken\n");
}

#[test]
fn a_write_between_our_reading_and_our_rename_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    fs::write(&path, "[theirs]\n").unwrap();
    let mut calls = 0;
    edit::<Infallible, _>(&path, |old| {
        calls += 1;
        if calls == 2 {
            fs::write(&path, "[theirs]\n[new]\n").unwrap();
        }
        Ok((!old.contains("[ours]")).then(|| format!("{old}[ours]\n").into()))
    })
    .unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "[theirs]\n[new]\n[ours]\n");
}

#[test]
fn a_file_that_appears_meanwhile_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    let mut calls = 0;
    edit::<Infallible, _>(&path, |old| {
        calls += 1;
        if calls == 2 {
            fs::write(&path, "[new]\n").unwrap();
        }
        Ok((!old.contains("[ours]")).then(|| format!("{old}[ours]\n").into()))
    })
    .unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "[new]\n[ours]\n");
}

#[test]
fn an_emptied_file_is_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    let is_waited_for = || {
        fs::write(&path, "").unwrap();
        let edited = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(5));
                fs::write(&path, "[theirs]\n[ours]\n").unwrap();
            });
            // Taken at its word, an empty file would have nothing to take out.
            edit::<Infallible, _>(&path, |old| Ok(Some(old.replace("[ours]\n", "").into()))).unwrap()
        });
        edited == Edited::Written && fs::read_to_string(&path).unwrap() == "[theirs]\n"
    };
    // It is not waited for long, and the other thread may be late on a busy machine.
    assert!((0..10).any(|_| is_waited_for()));
}

#[test]
fn a_foreign_writer_that_never_asks_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    fs::write(&path, "start\n").unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..8 {
                // As the AWS CLI: read, work, empty, write.
                let mut text = fs::read_to_string(&path).unwrap();
                writeln!(text, "theirs-{n}").unwrap();
                let mut file = OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
                file.write_all(text.as_bytes()).unwrap();
                drop(file);
                thread::sleep(Duration::from_millis(130));
            }
        });
        for n in 0..6 {
            add(&path, &format!("ours-{n}")).unwrap();
        }
    });
    let text = fs::read_to_string(&path).unwrap();
    for n in 0..8 {
        assert!(text.contains(&format!("theirs-{n}\n")), "{n}: {text}");
    }
}

#[test]
fn temporary_files_of_a_killed_writer_are_removed() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    let (left, other) = (home.path().join(".config.rolecall-abc.tmp"), home.path().join(".config.swp"));
    fs::write(&left, "secret").unwrap();
    fs::write(&other, "").unwrap();
    add(&path, "x").unwrap();
    assert!(!left.exists() && other.exists());
}

#[test]
fn a_file_that_cannot_be_replaced_is_overwritten_whole() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config");
    for (old, new) in [("long text\n", "short\n"), ("short\n", "long text\n")] {
        fs::write(&path, old).unwrap();
        let (seen, inode) = (Seen::look(&path).unwrap(), path.metadata().unwrap().ino());
        assert_eq!(super::write::in_place(&path, &seen, new.as_bytes()).unwrap(), Wrote::InPlace);
        assert_eq!(fs::read_to_string(&path).unwrap(), new);
        assert_eq!(path.metadata().unwrap().ino(), inode);
        // What was seen is no longer there.
        assert_eq!(super::write::in_place(&path, &seen, b"lost").unwrap(), Wrote::Raced);
        assert_eq!(put(&path, &seen, b"lost").unwrap(), Wrote::Raced);
    }
    let missing = home.path().join("missing");
    let seen = Seen::look(&missing).unwrap();
    assert!(matches!(super::write::in_place(&missing, &seen, b""), Err(FileError::ReadOnly { .. })));
}

#[test]
fn our_own_files_are_private_and_replace_symlinks() {
    let home = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (home.path().join("credentials"), home.path().join("elsewhere"));
    fs::write(&elsewhere, "text").unwrap();
    symlink(&elsewhere, &path).unwrap();
    replace_private(&path, b"secret", Access::default()).unwrap();
    assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"secret".to_vec(), 0o600));
    assert!(!path.is_symlink());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "text");
    fs::write(home.path().join(".rolecall-x.tmp"), "").unwrap();
    sweep(home.path());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
}
