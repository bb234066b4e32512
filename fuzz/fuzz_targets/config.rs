//! Whatever stands in a user's AWS file: reading it ends, names lines that are there, and makes no value up; and a profile
//! that is taken out takes nothing else along.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use rolecall_formats::config::{File, Profile, Profiles, read, without};

fuzz_target!(|text: &str| {
    let lines = text.split(['\n', '\r']).count();
    for file in [File::Config, File::Credentials] {
        let profiles = match read(text, file) {
            Ok(profiles) => profiles,
            Err(fault) => {
                assert!((1..=lines).contains(&fault.line), "{fault}");
                continue;
            }
        };
        let mut names = HashSet::new();
        for profile in profiles.iter() {
            assert!(names.insert(&profile.name), "{:?} is there twice", profile.name);
            assert_eq!(profiles.get(&profile.name).map(|found| found.line), Some(profile.line));
            assert!((1..=lines).contains(&profile.line));
            for key in &profile.keys {
                assert!((1..=lines).contains(&key.line));
                assert!(profile.get(&key.name).is_some());
                assert!(key.value.split('\n').all(|line| text.contains(line)), "a value that is not in the text");
            }
        }
        for name in names.into_iter().take(4) {
            taken_out(text, file, &profiles, name);
        }
    }
});

fn taken_out(text: &str, file: File, profiles: &Profiles, name: &str) {
    let left = without(text, file, &[], |found| found == name).expect("it could be read");
    let left_over = read(&left, file).unwrap_or_else(|fault| panic!("without {name:?}: {fault}: {:?}", *left));
    let values = |profile: &Profile| -> Vec<(String, String)> {
        profile.keys.iter().map(|key| (key.name.clone(), key.value.to_string())).collect()
    };
    assert!(left_over.get(name).is_none(), "{name:?} is still there: {:?}", *left);
    for profile in profiles.iter().filter(|profile| profile.name != name) {
        assert_eq!(left_over.get(&profile.name).map(values), Some(values(profile)), "without {name:?}: {:?}", *left);
    }
}
