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
ALIAS           ACCOUNT       ROLE  REGION        STATE    EXPIRES    DEFAULT
MyFirstAccount  123456789012  R     eu-central-1  fresh    in 48 min  default
b               123456789012  R     -             pending  -
";
    assert_eq!(shown(vec![first, profile("b", "pending")]), expected);
}

#[test]
fn a_fault_is_pointed_out() {
    let text = shown(vec![ProfileDocument { fault: Some(fault("denied")), ..profile("a", "failed") }]);
    assert!(text.ends_with("\nNot all is well: `rolecall status` says what and what to do.\n"), "{text}");
}
