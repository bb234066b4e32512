//! The grammar of the AWS files as botocore reads it.

use std::fmt::Write as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::*;

fn config(text: &str) -> Profiles {
    read(text, File::Config).unwrap()
}

fn names(text: &str, file: File) -> Vec<String> {
    read(text, file).unwrap().iter().map(|p| p.name.clone()).collect()
}

#[test]
fn a_header_names_a_profile_as_its_file_spells_it() {
    for (header, in_config, in_credentials) in [
        ("[default]", Some("default"), "default"),
        ("[profile default]", Some("default"), "profile default"),
        ("[profile x]", Some("x"), "profile x"),
        ("[x]", None, "x"),
        ("[profile \"x y\"]", Some("x y"), "profile \"x y\""),
        ("[profile 'x']", Some("x"), "profile 'x'"),
        ("[profile   x ]", Some("x"), "profile   x"),
        ("[ profile\tx ]", Some("x"), "profile\tx"),
        ("[ default ]", Some("default"), "default"),
        ("  [profile x] # note", Some("x"), "profile x"),
        ("[profile x y]", None, "profile x y"),
        ("[profile]", None, "profile"),
        ("[profile it's]", None, "profile it's"),
        ("[sso-session x]", None, "sso-session x"),
        ("[services x]", None, "services x"),
        ("[Default]", None, "Default"),
    ] {
        assert_eq!(names(header, File::Config), Vec::from_iter(in_config.map(String::from)), "{header}");
        assert_eq!(names(header, File::Credentials), [in_credentials], "{header}");
    }
}

#[test]
fn keys_are_read_with_their_values_and_lines() {
    let profiles = config(
        &"# a comment

[profile x]
Region = eu-west-1 # kept
output:json
; another
s3 =
  addressing_style = path

  # between
  region = nested
credential_process = \"/a b\" = c
   more
[default]
"
        .replace('\n', "\r\n"),
    );
    let profile = profiles.get("x").unwrap();
    let keys: Vec<_> = profile.keys.iter().map(|k| (k.name.as_str(), k.value.as_str(), k.line)).collect();
    assert_eq!(
        keys,
        [
            ("region", "eu-west-1 # kept", 4),
            ("output", "json", 5),
            ("s3", "\naddressing_style = path\n\nregion = nested", 7),
            ("credential_process", "\"/a b\" = c\nmore", 12),
        ]
    );
    assert_eq!((profile.line, profile.get("region"), profile.get("none")), (3, Some("eu-west-1 # kept"), None));
    assert_eq!(profiles.get("default").unwrap().line, 14);
}

#[test]
fn an_indented_header_under_a_key_is_part_of_its_value() {
    let profiles = config("[default]\nregion = a\n  [profile x]\n");
    assert!(profiles.get("x").is_none());
    assert_eq!(profiles.get("default").unwrap().get("region"), Some("a\n[profile x]"));
}

#[test]
fn a_lone_carriage_return_ends_a_line() {
    assert_eq!(names("[default]\rregion = a\r[profile x]\r", File::Config), ["default", "x"]);
}

#[test]
fn the_section_named_default_in_capitals_lends_its_keys() {
    let profiles = config("[DEFAULT]\nregion = a\noutput = b\n[profile x]\nregion = c\n[DEFAULT]\ncli_pager = d\n");
    assert_eq!(profiles.iter().count(), 1);
    let profile = profiles.get("x").unwrap();
    assert_eq!(
        [profile.get("region"), profile.get("output"), profile.get("cli_pager")],
        [Some("c"), Some("b"), Some("d")]
    );
}

#[test]
fn the_last_section_of_a_profile_wins() {
    let profiles = config("[default]\nregion = a\n[profile default]\nregion = b\n");
    assert_eq!(profiles.get("default").unwrap().get("region"), Some("b"));
    assert_eq!(profiles.iter().count(), 1);
}

#[test]
fn what_botocore_refuses_is_refused_with_its_line() {
    for (text, line, problem) in [
        ("\u{feff}[default]\n", 1, FileProblem::ByteOrderMark),
        ("# x\nregion = a\n", 2, FileProblem::NoSection),
        ("[]\n", 1, FileProblem::NoSection),
        ("\n  x\n", 2, FileProblem::NoSection),
        ("[a]\nregion\n", 2, FileProblem::NotAKey),
        ("[a]\n[b\n", 2, FileProblem::NotAKey),
        ("[a]\n[]\n", 2, FileProblem::NotAKey),
        ("[a]\nb = c\nregion\n", 3, FileProblem::NotAKey),
        ("[a]\n = x\n", 2, FileProblem::NoKey),
        ("[a]\n: x\n", 2, FileProblem::NoKey),
        ("[a]\n[b]\n\n[a]\n", 4, FileProblem::SectionTwice { first: 1 }),
        ("[a]\nRegion = x\nb = c\nregion : x\n", 4, FileProblem::KeyTwice { first: 2 }),
        ("[a]\ns3 =\n  x = y\n  z\n", 4, FileProblem::NotANestedKey),
        ("[a]\ns3 =\n\n  z\n", 4, FileProblem::NotANestedKey),
        ("[a]\r\nb\r\n", 2, FileProblem::NotAKey),
    ] {
        for file in [File::Config, File::Credentials] {
            assert_eq!(read(text, file).unwrap_err(), FileFault { line, problem: problem.clone() }, "{text:?}");
        }
    }
}

#[test]
fn neither_an_error_nor_debug_shows_what_stands_in_the_file() {
    let refused =
        ["canary", "[a]\ncanary", "[a]\n=canary", "[canary]\n[canary]", "[a]\ncanary=\ncanary=", "[a]\nb=\n canary"];
    for text in refused {
        let fault = read(text, File::Credentials).unwrap_err();
        assert!(!format!("{fault} {fault:?}").contains("canary"), "{fault:?}");
    }
    let shown = format!("{:?}", read("[a]\nb = canary\n", File::Credentials).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn an_empty_text_has_no_profiles() {
    for text in ["", "\n", "\r\n", "# only a comment", "   "] {
        assert_eq!(names(text, File::Config).len(), 0, "{text:?}");
    }
}

/// Were it quadratic in anything, it would take hours.
#[test]
fn a_long_file_takes_no_longer_than_its_length() {
    const MANY: usize = 200_000;
    let (sections, keys, lines) = (0..MANY).fold(Default::default(), |mut texts: (String, String, String), n| {
        writeln!(texts.0, "[profile p{n}]").unwrap();
        writeln!(texts.1, "k{n} = v").unwrap();
        writeln!(texts.2, "  k{n} = v").unwrap();
        texts
    });
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        let profiles = config(&format!("{sections}[profile keys]\n{keys}[profile lines]\ns3 =\n{lines}"));
        let found = (0..MANY).filter(|n| profiles.get(&format!("p{n}")).is_some()).count();
        done.send((found, profiles.get("keys").map(|p| p.keys.len()))).unwrap();
    });
    assert_eq!(finished.recv_timeout(Duration::from_secs(60)), Ok((MANY, Some(MANY))));
}

#[test]
fn a_value_ends_where_its_last_word_ends() {
    let profiles = config("[profile x]\na = b\n\n# note\n\n[profile y]\nc = d\n  e\n \n");
    assert_eq!(profiles.get("x").unwrap().get("a"), Some("b"));
    assert_eq!(profiles.get("y").unwrap().get("c"), Some("d\ne"));
}
