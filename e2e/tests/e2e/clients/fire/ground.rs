//! A file under fire: what stands in it at first, what must hold whenever it is read, and what must be left at the end.

use std::fs;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::Command;

use e2e::{Home, Running, python};
use rolecall_formats::block;
use rolecall_formats::config::{self, File, Profiles};
use serde_json::Value;

use super::{OURS, writer};

/// What the user has written by hand: comments, odd spacing, a key with nested keys.
const CONFIG: &str = "# mine\n[default]\nregion=us-west-2\n\n[profile  mine]\n  s3 =\n    max_concurrent_requests = 20\n\
                      output = json  ; as I like it\n[profile counted]\ncounter = 0\n[profile log]\nlog = on\n";
const CREDENTIALS: &str = "# mine\n[mine]\naws_access_key_id = AKIAMINE\naws_secret_access_key=mine\n\n\
                           [counted]\ncounter = 0\n[log]\nlog = on\n";
/// A mode that no program gives a file by itself: it must stay.
const MODE: u32 = 0o604;

/// A file under fire.
pub(super) struct Ground {
    home: Home,
    pub(super) kind: File,
}

impl Ground {
    pub(super) fn new(kind: File) -> Self {
        let ground = Self { home: Home::new(), kind };
        fs::write(ground.path(), ground.start()).unwrap();
        fs::set_permissions(ground.path(), fs::Permissions::from_mode(MODE)).unwrap();
        fs::write(ground.sign(), [0; 8]).unwrap();
        ground
    }

    pub(super) fn path(&self) -> PathBuf {
        self.home.at("file")
    }

    fn sign(&self) -> PathBuf {
        self.home.at("sign")
    }

    fn start(&self) -> &'static str {
        if self.kind == File::Config { CONFIG } else { CREDENTIALS }
    }

    /// Starts the AWS CLI's writer on it.
    pub(super) fn foreign_writer(&self) -> Running {
        let mut command: Command = self.home.command(python("python"));
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/python/foreign_writer.py")).arg(self.path());
        let prefix = if self.kind == File::Config { "profile " } else { "" };
        command.arg(prefix).arg(self.sign()).arg(self.home.at("stop")).env("PYTHONDONTWRITEBYTECODE", "1");
        Running::start(&mut command)
    }

    /// Has the foreign writer end after the change under way.
    pub(super) fn stop(&self) {
        fs::write(self.home.at("stop"), "").unwrap();
    }

    /// One look by a program that knows nothing of us: the inode, and what is wrong. None when the foreign writer was at
    /// work, since what is seen then may be its doing.
    pub(super) fn look(&self) -> Option<(u64, Result<(), String>)> {
        let before = self.changes();
        let file = fs::File::open(self.path()).ok()?;
        let text = std::io::read_to_string(&file).unwrap_or_else(|error| error.to_string());
        let inode = file.metadata().unwrap().ino();
        (before.is_multiple_of(2) && self.changes() == before).then(|| (inode, self.check(&text).map(drop)))
    }

    /// The number of the foreign writer's changes, twice; odd while one is under way.
    fn changes(&self) -> u64 {
        let mut bytes = [0; 8];
        fs::File::open(self.sign()).and_then(|file| file.read_exact_at(&mut bytes, 0)).unwrap();
        u64::from_le_bytes(bytes)
    }

    /// What must hold of the text at any time.
    fn check(&self, text: &str) -> Result<Profiles, String> {
        let wrong = |what: String| format!("{what}:\n{text}");
        let (by_hand, _) = self.start().split_once("counter").unwrap_or_default();
        if !text.starts_with(by_hand) {
            return Err(wrong("what the user wrote by hand has changed".into()));
        }
        block::cut(text).map_err(|error| wrong(error.to_string()))?;
        let profiles = config::read(text, self.kind).map_err(|error| wrong(error.to_string()))?;
        if profiles.get("counted").is_none() || profiles.get("log").is_none() {
            return Err(wrong("a profile of the user's is gone".into()));
        }
        if !profiles.iter().filter(|profile| profile.name.starts_with(OURS)).all(writer::is_whole) {
            return Err(wrong("a block of ours is not whole".into()));
        }
        Ok(profiles)
    }

    /// What must hold when all is over. `foreign`: what the foreign writer said at its end. Returns how many of its
    /// changes are gone.
    #[track_caller]
    pub(super) fn check_end(&self, foreign: &Value, ids: &[&str]) -> u64 {
        let text = fs::read_to_string(self.path()).unwrap();
        let profiles = self.check(&text).unwrap();
        let value = |profile: &str, key: &str| profiles.get(profile).and_then(|profile| profile.get(key));
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        let log = foreign["log"].as_object().unwrap().iter().map(|(key, last)| ("log", key.as_str(), last));
        let last = log.chain([("counted", "counter", &foreign["counter"])]);
        let gone = last.filter(|(profile, key, last)| number(value(profile, key)) != last.as_u64()).count();
        let lost = foreign["lost"].as_array().unwrap().len() + gone;
        for id in ids {
            assert!(profiles.get(&format!("{OURS}{id}")).is_some(), "the block {id} stands:\n{text}");
        }
        assert_eq!(self.home.mode("file"), MODE);
        assert_eq!(self.home.everything(), ["file", "file.rolecall.lock", "sign", "stop"], "nothing is left behind");
        lost as u64
    }
}
