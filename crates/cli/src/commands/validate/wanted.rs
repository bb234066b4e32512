//! Which roles are meant: those that are named, those that are only an ARN, else all. Pure.

use std::collections::HashSet;

use rolecall_agent::settings::env_roles::{EnvRoles, RoleDefaults};
use rolecall_agent::settings::problem::Problem;
use rolecall_core::alias::AliasError;
use rolecall_core::{Alias, Role, RoleArn};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::roles;

/// What is to be assumed, and what else there is to tell.
#[derive(Debug)]
pub(super) struct Wanted {
    /// At least one: in the order of their definition, then those that are only an ARN.
    pub(super) roles: Vec<Role>,
    /// Settings that could not be used.
    pub(super) problems: Vec<Problem>,
    /// What is unusual but harms nothing.
    pub(super) notes: Vec<String>,
}

/// Chooses among the roles that were found, and adds those that are only an ARN. What is wrong with the settings is wrong
/// with other roles once some are named.
///
/// # Errors
/// When there is no role at all, or none of a name.
pub(super) fn choose(
    aliases: &[Alias],
    arns: &[RoleArn],
    found: EnvRoles,
    defaults: &RoleDefaults,
) -> Result<Wanted, Failure> {
    if aliases.is_empty() && arns.is_empty() {
        if found.roles.is_empty() {
            return Err(roles::none(&found));
        }
        let EnvRoles { roles, problems, notes, .. } = found;
        return Ok(Wanted { roles, problems, notes });
    }
    let is_known = |alias: &&Alias| found.roles.iter().any(|role| role.alias == **alias);
    if let Some(alias) = aliases.iter().find(|alias| !is_known(alias)) {
        return Err(unknown(alias, &found));
    }
    let mut taken: HashSet<Alias> = found.roles.iter().map(|role| role.alias.clone()).collect();
    let mut roles: Vec<Role> = found.roles.into_iter().filter(|role| aliases.contains(&role.alias)).collect();
    let mut seen = HashSet::new();
    for arn in arns.iter().filter(|arn| seen.insert(*arn)) {
        let alias = name(arn, &taken).map_err(|error| {
            Failure::new(ExitCode::Usage, format!("--role {arn}: {error}"), "define it with a name, as AWS_ROLE_1")
        })?;
        taken.insert(alias.clone());
        let plain = Role::new(alias, arn.clone(), &defaults.host);
        roles.push(Role { region: defaults.region.clone(), duration: defaults.duration, ..plain });
    }
    Ok(Wanted { roles, problems: vec![], notes: vec![] })
}

/// What a role that nobody named is called: as in IAM, with its account where that is taken, and with a number where
/// another path or partition has that, too.
fn name(arn: &RoleArn, taken: &HashSet<Alias>) -> Result<Alias, AliasError> {
    let plain = arn.name();
    // Room for what follows: an alias is as long as a role name at most.
    let short: String = plain.chars().take(40).collect();
    let account = format!("{short}@{}", arn.account());
    let numbered = (2..).map(|number| format!("{account}-{number}"));
    let free = |name: &String| Alias::from_name(name).ok().filter(|alias| !taken.contains(alias));
    let mut names = [plain.to_owned(), account.clone()].into_iter().chain(numbered.take(taken.len() + 1));
    names.find_map(|name| free(&name)).map_or_else(|| Alias::from_name(&account), Ok)
}

fn unknown(alias: &Alias, found: &EnvRoles) -> Failure {
    let known: Vec<&str> = found.roles.iter().map(|role| role.alias.as_str()).collect();
    let define = format!("set AWS_ROLE_1=<role ARN>:{alias}, or name the role by --role <role ARN>");
    roles::unknown(alias, found, "neither AWS_ROLE_1, AWS_ROLE_2 … nor a settings file defines", &known, &define)
}

#[cfg(test)]
mod tests {
    use rolecall_agent::settings::env_roles::env_roles;
    use rolecall_core::role::DEFAULT_DURATION;

    use super::*;

    fn choose(aliases: &[&str], arns: &[&str], variables: &[(&str, &str)]) -> Result<Wanted, Failure> {
        let defaults = RoleDefaults { region: None, duration: DEFAULT_DURATION * 2, host: "h".into() };
        let mut found = env_roles(variables.iter().map(|(name, value)| (name.into(), value.into())), &defaults);
        found.link();
        let aliases: Vec<Alias> = aliases.iter().map(|alias| alias.parse().unwrap()).collect();
        let arns: Vec<RoleArn> = arns.iter().map(|arn| arn.parse().unwrap()).collect();
        super::choose(&aliases, &arns, found, &defaults)
    }

    fn names(wanted: &Wanted) -> Vec<&str> {
        wanted.roles.iter().map(|role| role.alias.as_str()).collect()
    }

    const THREE: [(&str, &str); 3] = [
        ("AWS_ROLE_1", "arn:aws:iam::123456789012:role/A:a"),
        ("AWS_ROLE_2", "arn:aws:iam::123456789012:role/B:b"),
        ("AWS_ROLE_3", "broken"),
    ];

    #[test]
    fn none_named_is_all_with_what_is_wrong() {
        let wanted = choose(&[], &[], &THREE).unwrap();
        assert_eq!((names(&wanted), wanted.problems.len()), (vec!["a", "b"], 1));
        for (variables, part) in [(&[][..], "no role is defined"), (&THREE[2..], "AWS_ROLE_3")] {
            let failure = choose(&[], &[], variables).unwrap_err();
            assert!(failure.code == ExitCode::Usage && failure.message.contains(part), "{failure:?}");
        }
    }

    #[test]
    fn those_that_are_named_are_assumed_and_no_others() {
        let wanted = choose(&["b"], &[], &THREE).unwrap();
        assert_eq!((names(&wanted), wanted.problems.len()), (vec!["b"], 0));
        let failure = choose(&["b", "c"], &[], &THREE).unwrap_err();
        assert_eq!(failure.code, ExitCode::UnknownAlias);
        assert!(failure.message.contains("named c") && failure.message.contains("AWS_ROLE_3"), "{failure:?}");
        assert!(failure.action.starts_with("use one of a, b, or set"), "{failure:?}");
    }

    #[test]
    fn a_role_that_is_only_an_arn_is_called_as_in_iam_or_more_exactly() {
        let arns = [
            "arn:aws:iam::123456789012:role/New",
            "arn:aws:iam::210987654321:role/New",
            "arn:aws:iam::210987654321:role/path/New",
            "arn:aws:iam::123456789012:role/New",
            "arn:aws:iam::123456789012:role/a",
            "arn:aws:iam::123456789012:role/default",
        ];
        let wanted = choose(&[], &arns, &THREE).unwrap();
        let expected = ["New", "New@210987654321", "New@210987654321-2", "a@123456789012", "default@123456789012"];
        assert_eq!(names(&wanted), expected);
        assert!(
            wanted.roles.iter().all(|role| role.duration == DEFAULT_DURATION * 2 && role.source.parent().is_none())
        );
        assert_eq!(names(&choose(&["b"], &arns[..1], &THREE).unwrap()), ["b", "New"]);
        assert_eq!(names(&choose(&[], &arns[..1], &[]).unwrap()), ["New"]);
    }

    #[test]
    fn the_longest_names_of_iam_can_all_be_told_apart() {
        let long = "R".repeat(64);
        let arns = ["123456789012", "210987654321"].map(|account| format!("arn:aws:iam::{account}:role/{long}"));
        let arns: Vec<&str> = arns.iter().map(String::as_str).collect();
        let wanted = choose(&[], &arns, &[]).unwrap();
        assert_eq!(names(&wanted), [long.clone(), format!("{}@210987654321", "R".repeat(40))]);
    }
}
