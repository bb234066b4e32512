//! The table of `profiles`.

use anstream::adapter::strip_str;
use rolecall_agent::serve::wire::{ProfileDocument, VERSION};

use super::*;
use crate::fixture::{self, NOW, fault};

fn profile(alias: &str, state: &str) -> ProfileDocument {
    ProfileDocument {
        arn: "arn:aws:iam::123456789012:role/team/R".into(),
        expires_at: None,
        ..fixture::role(alias, state).profile
    }
}

fn shown(profiles: Vec<ProfileDocument>) -> String {
    let document = ProfilesDocument { version: VERSION, default: None, profiles, problems: vec![] };
    strip_str(&text(&document, NOW.parse().unwrap(), None)).to_string()
}

#[test]
fn each_profile_is_a_row() {
    let first = ProfileDocument {
        region: Some("eu-central-1".into()),
        expires_at: Some("2026-08-21T10:48:30Z".into()),
        default: true,
        ..profile("MyFirstAccount", "fresh")
    };
    let expected = "\
ALIAS           ACCOUNT       ROLE  REGION        FROM            STATE    EXPIRES    DEFAULT
MyFirstAccount  123456789012  R     eu-central-1  base            fresh    in 48 min  default
b               123456789012  R     -             MyFirstAccount  pending  -
";
    let second = ProfileDocument { source: "role:MyFirstAccount".into(), ..profile("b", "pending") };
    assert_eq!(shown(vec![first, second]), expected);
}

#[test]
fn a_fault_is_pointed_out() {
    let text = shown(vec![ProfileDocument { fault: Some(fault("denied")), ..profile("a", "failed") }]);
    assert!(text.ends_with("\nNot all is well: `rolecall status` says what and what to do.\n"), "{text}");
}

#[test]
fn what_a_role_is_assumed_from_is_a_word() {
    for (said, word) in [("base", "base"), ("role:hub", "hub"), ("web-identity:/var/run/token", "web-identity")] {
        assert_eq!(source(said), word);
    }
}
