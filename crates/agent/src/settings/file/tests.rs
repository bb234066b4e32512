//! Whole files, as a user would have them: each directory under `tests/settings` has a `rolecall.toml` and the `settings`
//! that are made of it, or the `problems`.

use std::fs;
use std::path::Path;

use super::*;
use crate::settings::SettingsError;
use crate::settings::env_roles::{EnvRoles, RoleDefaults, env_roles};
use rolecall_core::Role;

/// What is made of a file beside this environment, for people to compare.
fn made(text: &str) -> Result<String, String> {
    let told = |problems: Vec<Problem>| problems.iter().map(|problem| format!("{problem}\n")).collect::<String>();
    let settings = FileSettings::read("rolecall.toml", text).map_err(told)?;
    let found = with_environment(&settings, &[], &[]).unwrap();
    let roles = found.roles.iter().map(|role| format!("{}: {role:#?}\n", found.origins[&role.alias]));
    let rest = FileSettings { roles: Vec::new(), ..settings };
    let all = format!("{rest:#?}\n{}", roles.collect::<String>());
    let said = all.lines().filter(|line| !line.ends_with(": None,")).map(|line| format!("{line}\n"));
    Ok(said.collect::<String>() + &told(found.problems))
}

/// The only policy file that there is.
fn policy(path: &Path) -> Result<String, String> {
    if path == Path::new("prod-admin.json") { Ok(r#"{ "Statement": [] }"#.into()) } else { Err("no such file".into()) }
}

fn with_environment(
    file: &FileSettings,
    variables: &[(&str, &str)],
    before: &[Role],
) -> Result<EnvRoles, SettingsError> {
    let region = Some("eu-central-1".parse().unwrap());
    let defaults = RoleDefaults { region, duration: Duration::from_secs(3600), host: "host".into() };
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    let mut found = env_roles(variables, &defaults);
    roles::add(&file.roles, &defaults, &policy, before, &mut found)?;
    found.link();
    Ok(found)
}

fn read(text: &str) -> FileSettings {
    FileSettings::read("rolecall.toml", &format!("version = 1\n{text}")).unwrap()
}

#[test]
fn every_case_ends_as_it_says() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/settings");
    let mut checked = 0;
    let cases = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path());
    for case in cases.filter(|path| path.is_dir()) {
        checked += 1;
        let read = |name: &str| fs::read_to_string(case.join(name));
        let (expected, found) = match made(&read("rolecall.toml").unwrap()) {
            Ok(settings) => (read("settings"), settings),
            Err(problems) => (read("problems"), problems),
        };
        let expected = expected.unwrap_or_else(|error| panic!("{case:?}: {error}\n{found}"));
        assert_eq!(found, expected, "{case:?}");
    }
    assert!(checked >= 20, "only {checked} cases");
}

#[test]
fn every_key_that_is_named_is_known() {
    for key in KEYS {
        let problems = FileSettings::read("f", &format!("version = 1\n\"{key}\" = 1979-05-27\n")).unwrap_err();
        assert!(problems.iter().all(|problem| !problem.fault.message.contains("not known")), "{key}: {problems:?}");
    }
}

#[test]
fn an_alias_in_both_places_has_to_mean_the_same() {
    let arn = "arn:aws:iam::123456789012:role/R";
    let variables = [("AWS_ROLE_1", "arn:aws:iam::123456789012:role/R:one")];
    let same = with_environment(&read(&format!("[role.one]\narn = \"{arn}\"")), &variables, &[]).unwrap();
    assert_eq!(same.roles.len(), 1);
    assert_eq!(same.notes, ["rolecall.toml:2 says the same as AWS_ROLE_1"]);
    for other in ["duration = \"2h\"", "region = \"us-east-1\"", "external_id = \"id\"", "session_name = \"other\""] {
        let file = read(&format!("[role.one]\narn = \"{arn}\"\n{other}"));
        let error = with_environment(&file, &variables, &[]).unwrap_err().to_string();
        let told = "one is defined twice and not the same: AWS_ROLE_1 and rolecall.toml:2; take one of the two away";
        assert!(error.starts_with(told), "{other}: {error}");
    }
}

#[test]
fn a_role_that_has_become_wrong_stays_what_it_was() {
    let right = read(
        "[role.one]\narn = \"arn:aws:iam::123456789012:role/R\"\n[role.two]\narn = \"arn:aws:iam::123456789012:role/S\"",
    );
    let before = with_environment(&right, &[], &[]).unwrap().roles;
    let wrong = read("[role.one]\narn = \"arn:aws:iam::12:role/R\"\n[role.new]\nregion = \"eu-west-1\"");
    let found = with_environment(&wrong, &[], &before).unwrap();
    assert_eq!(found.roles, before[..1]);
    assert_eq!(found.problems.len(), 2);
    // A variable of that name says what it is now.
    let variables = [("AWS_ROLE_1", "arn:aws:iam::123456789012:role/Other:one")];
    let found = with_environment(&wrong, &variables, &before).unwrap();
    assert_eq!((found.roles.len(), found.roles[0].arn.name()), (1, "Other"));
}

#[test]
fn the_example_of_the_guide_says_everything_that_can_be_said() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/configuration.md"));
    let guide = guide.unwrap();
    let (_, rest) = guide.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let settings = FileSettings::read("guide", example).unwrap();
    let with_first = FileSettings { roles: settings.roles[..1].to_vec(), ..settings.clone() };
    assert!(!format!("{with_first:?}").contains("None"), "{with_first:#?}");
    let found = with_environment(&settings, &[], &[]).unwrap();
    assert!(found.problems.is_empty() && found.notes.is_empty(), "{found:?}");
    assert_eq!(
        found.roles.iter().map(|role| role.alias.as_str()).collect::<Vec<_>>(),
        ["prod-admin", "reader", "billing-Audit", "web-Audit"]
    );
}
