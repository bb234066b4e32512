//! How long is left, and what is said when it is too little.

use rolecall_agent::serve::wire::ProfileDocument;

use super::*;
use crate::fixture::{self, NOW, fault};

fn role(alias: &str, expires_at: Option<&str>) -> ProfileStatus {
    let role = fixture::role(alias, "fresh");
    ProfileStatus { profile: ProfileDocument { expires_at: expires_at.map(Into::into), ..role.profile }, ..role }
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

#[test]
fn a_session_is_long_enough_or_it_is_said_why_not() {
    let least = Duration::from_secs(15 * 60);
    for (expires, shown) in [
        ("2026-08-21T10:15:00Z", None),
        ("2026-08-21T10:14:59Z", Some("valid for 14 min more, which is less than 15 min")),
        ("2026-08-21T10:00:00Z", Some("no valid session")),
        ("2026-08-21T09:00:00Z", Some("no valid session")),
    ] {
        let role = role("a", Some(expires));
        assert_eq!(shortfall(&role, now(), least).as_deref(), shown, "{expires}");
        assert_eq!(left(&role, now()).is_none(), shown == Some("no valid session"));
    }
    let mut denied = role("a", None);
    denied.profile.fault = Some(fault("denied"));
    assert_eq!(shortfall(&denied, now(), least).unwrap(), "no valid session: could not assume R; allow it");
    let pending = ProfileStatus { attempt_under_way: true, ..role("a", None) };
    assert_eq!(shortfall(&pending, now(), least).unwrap(), "no valid session: AWS is being asked");
}

#[test]
fn roles_are_named_by_alias_and_an_unknown_one_is_told_with_those_that_there_are() {
    let document = fixture::document(["a", "b", "c"].map(|alias| role(alias, None)).into());
    let aliases = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<Alias>>();
    for (names, expected) in [(&[][..], "abc"), (&["c", "a", "c"], "ac")] {
        let mut selected = document.clone();
        select(&mut selected, &aliases(names)).unwrap();
        let left: String = selected.profiles.iter().map(|status| status.profile.alias.as_str()).collect();
        assert_eq!(left, expected);
    }
    let failure = select(&mut document.clone(), &aliases(&["a", "x"])).unwrap_err();
    assert_eq!(failure, Failure::new(ExitCode::UnknownAlias, "the agent has no role named x", "use one of a, b, c"));
}
