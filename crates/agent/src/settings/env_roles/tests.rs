//! Each kind of `AWS_ROLE_<n>`, good and bad, and what becomes of it.

use std::os::unix::ffi::OsStringExt;

use super::*;

const ARN: &str = "arn:aws:iam::123456789012:role/R";

fn read(variables: &[(&str, &str)]) -> EnvRoles {
    read_os(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect())
}

fn read_os(variables: Vec<(OsString, OsString)>) -> EnvRoles {
    let defaults = RoleDefaults { region: None, duration: Duration::from_secs(3600), host: "host".into() };
    env_roles(variables, &defaults)
}

fn aliases(found: &EnvRoles) -> Vec<&str> {
    found.roles.iter().map(|role| role.alias.as_str()).collect()
}

#[test]
fn the_published_example_becomes_two_profiles() {
    let found = read(&[
        ("AWS_ROLE_2", "arn:aws:iam::123456789013:role/MySecondRole:MySecondAccount"),
        ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/MyFirstRole:MyFirstAccount"),
        ("PATH", "/bin"),
    ]);
    assert_eq!(aliases(&found), ["MyFirstAccount", "MySecondAccount"]);
    assert_eq!(found.roles[1].arn.to_string(), "arn:aws:iam::123456789013:role/MySecondRole");
    assert!(found.problems.is_empty() && found.notes.is_empty(), "{found:?}");
}

#[test]
fn numbers_are_ordered_as_numbers_and_gaps_are_told() {
    let value = |name: &str| format!("{ARN}:{name}");
    let huge = "AWS_ROLE_100000000000000000000000000000000000000000";
    let found = read(&[
        (huge, &value("huge")),
        ("AWS_ROLE_10", &value("ten")),
        ("AWS_ROLE_9", &value("nine")),
        ("AWS_ROLE_1", &value("one")),
        ("AWS_ROLE_3", &value("three")),
    ]);
    assert_eq!(aliases(&found), ["one", "three", "nine", "ten", "huge"]);
    assert_eq!(found.notes[0], "AWS_ROLE_2 is not set; AWS_ROLE_3 and later are used");
    assert_eq!(found.notes[1], "AWS_ROLE_4 is not set; AWS_ROLE_9 and later are used");
    assert_eq!(found.notes[2], format!("AWS_ROLE_11 is not set; {huge} and later are used"));
    assert_eq!(found.notes.len(), 3);
}

#[test]
fn successors_carry() {
    for (number, next) in [("1", "2"), ("9", "10"), ("19", "20"), ("99", "100"), ("1099", "1100")] {
        assert_eq!(successor(number), next);
    }
}

#[test]
fn the_name_is_what_follows_the_arn() {
    for (value, name, alias) in [
        (format!("{ARN}:My Account: prod"), "My Account: prod", "My-Account-prod"),
        (format!("  {ARN}:x \n"), "x", "x"),
        (format!("{ARN}: spaced "), "spaced", "spaced"),
        ("arn:aws:iam::123456789012:role/team/a/R:deep".into(), "deep", "deep"),
    ] {
        let found = read(&[("AWS_ROLE_1", &value)]);
        assert!(found.problems.is_empty(), "{value}: {found:?}");
        assert_eq!((found.roles[0].name.as_str(), found.roles[0].alias.as_str()), (name, alias));
    }
}

#[test]
fn every_bad_value_is_told_with_its_place_and_the_good_ones_run() {
    let cases = [
        ("", 1, "empty"),
        ("MyRole", 1, "must start with `arn:`"),
        ("\"arn:aws:iam::123456789012:role/R:x\"", 1, "must start with `arn:`"),
        ("  arn:aws:iam::1234:role/R:x", 16, "is not 12 digits"),
        ("arn:aws:sts::123456789012:assumed-role/R/s:x", 9, "roles belong to `iam`"),
        ("arn:aws:iam::123456789012:user/U:x", 27, "is not `role/<name>`"),
        ("arn:aws:iam::123456789012:role/Ünï R:x", 32, "the role name"),
        ("arn:aws:iam::123456789012:role/R", 33, "friendly name is missing"),
        ("arn:aws:iam::123456789012:role/R: ", 34, "friendly name is missing"),
        ("arn:aws:iam::123456789012:role/R:default", 34, "cannot be the name"),
        ("arn:aws:iam::123456789012:role/R:..", 34, "no letter"),
    ];
    let good = format!("{ARN}:good");
    let names: Vec<String> = (1..=cases.len()).map(|n| format!("AWS_ROLE_{n}")).collect();
    let mut variables: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(cases.map(|case| case.0)).collect();
    variables.push(("AWS_ROLE_99", &good));
    let found = read(&variables);
    assert_eq!(aliases(&found), ["good"]);
    assert_eq!(found.problems.len(), cases.len());
    for ((problem, (value, column, message)), name) in found.problems.iter().zip(cases).zip(&names) {
        assert_eq!((&problem.origin, problem.column), (name, Some(column)), "{value:?}");
        assert!(problem.fault.message.contains(message), "{value:?}: {problem}");
        assert_eq!(problem.fault.kind, FaultKind::Misconfigured);
        assert!(!problem.fault.action.is_empty());
    }
    assert!(found.problems[2].fault.action.contains("quotes"));
}

#[test]
fn the_form_for_people_has_a_caret_under_the_place() {
    let found = read(&[("AWS_ROLE_1", "arn:aws:iam::1234:role/R:x")]);
    let expected = "AWS_ROLE_1: the account id \"1234\" is not 12 digits\n  arn:aws:iam::1234:role/R:x\n               ^\n  \
                    fix: write the 12 digits of the account id, leading zeros included, no dashes";
    assert_eq!(found.problems[0].to_string(), expected);
}

#[test]
fn control_characters_of_a_value_do_not_reach_the_terminal() {
    let found = read(&[("AWS_ROLE_1", "arn:aws:iam::\u{1b}[2J\n1:role/R:x")]);
    let text = found.problems[0].to_string();
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert_eq!(text.lines().count(), 4, "{text:?}");
}

#[test]
fn a_value_that_is_not_utf8_is_a_problem_at_its_byte() {
    let value = OsString::from_vec(b"arn:aws:iam::123456789012:role/R:a\xff".to_vec());
    let found = read_os(vec![("AWS_ROLE_1".into(), value)]);
    assert_eq!(found.problems[0].column, Some(35));
    assert!(found.problems[0].fault.message.contains("not UTF-8"));
}

#[test]
fn of_two_variables_with_one_profile_name_the_first_runs() {
    let found = read(&[
        ("AWS_ROLE_1", &format!("{ARN}:my account")),
        ("AWS_ROLE_2", &format!("{ARN}:my-account")),
        ("AWS_ROLE_3", &format!(" {ARN}:my account")),
    ]);
    assert_eq!(aliases(&found), ["my-account"]);
    assert_eq!(found.problems.len(), 1);
    let Problem { origin, fault, .. } = &found.problems[0];
    assert_eq!(origin, "AWS_ROLE_2");
    assert!(fault.message.contains("AWS_ROLE_1"), "{fault}");
    let renamed = "AWS_ROLE_1: the profile of \"my account\" is called my-account";
    assert_eq!(found.notes, [renamed, "AWS_ROLE_3 says the same as AWS_ROLE_1"]);
}

#[test]
fn near_misses_are_told_and_the_variables_of_aws_are_not() {
    let value = format!("{ARN}:x");
    let found = read(&[
        ("AWS_ROLE_0", &value),
        ("AWS_ROLE_012", &value),
        ("AWS_ROLE_X", &value),
        ("AWS_ROLE_1A", &value),
        ("aws_role_1", &value),
        ("AWS_ROLE1", &value),
        ("AWS_ROLE_ARN", &value),
        ("AWS_ROLE_SESSION_NAME", "me"),
        ("AWS_ROLES", "1"),
        ("AWS_ROLE", "1"),
    ]);
    assert!(found.roles.is_empty());
    let told: Vec<(&str, &str)> = found.problems.iter().map(|p| (p.origin.as_str(), p.fault.action.as_str())).collect();
    assert_eq!(
        told,
        [
            ("AWS_ROLE_0", "rename it, for example to AWS_ROLE_1"),
            ("AWS_ROLE_012", "rename it, for example to AWS_ROLE_12")
        ]
    );
    let noted: Vec<&str> = found.notes.iter().filter_map(|note| note.split(' ').next()).collect();
    assert_eq!(noted, ["AWS_ROLE1", "AWS_ROLE_1A", "AWS_ROLE_X", "aws_role_1"]);
}

#[test]
fn a_value_of_any_length_is_told_in_few_words() {
    let long = "x".repeat(100_000);
    for value in [
        long.clone(),
        format!("arn:{long}:iam::123456789012:role/R:x"),
        format!("arn:aws:iam::{long}:role/R:x"),
        format!("arn:aws:iam::123456789012:{long}"),
        format!("{ARN}:{long}"),
    ] {
        let found = read(&[("AWS_ROLE_1", &value)]);
        let text = found.problems[0].to_string();
        assert!(text.chars().count() < 1500, "{text}");
    }
    let found = read(&[(&format!("AWS_ROLE_{}", "1".repeat(100_000)), "bad"), (&format!("AWS_ROLE_0{long}"), "")]);
    assert!(found.problems[0].origin.len() < 500 && found.notes.iter().all(|note| note.len() < 1500));
}
