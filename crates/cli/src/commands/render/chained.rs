//! The roles that are wanted, as an AWS config can have them. Pure.

use std::collections::BTreeSet;

use rolecall_agent::settings::env_roles::EnvRoles;
use rolecall_core::{Alias, Role, SessionName, Source};
use rolecall_formats::chained::{Chained, Origin};

use crate::failure::Failure;
use crate::roles;

/// The roles of a config, and what is wrong with the others.
#[derive(Debug)]
pub(super) struct Chains {
    pub(super) roles: Vec<Chained>,
    /// Whether one of them begins with the base.
    pub(super) use_base: bool,
    /// One for each role that is left out.
    pub(super) problems: Vec<String>,
}

impl Chains {
    /// Those of these names and whatever they are assumed from; all, when none is named. A session name that only names the
    /// role and this machine, `host`, is nothing that somebody said.
    ///
    /// # Errors
    /// A name that no role has.
    pub(super) fn of(found: &EnvRoles, names: &[Alias], host: &str) -> Result<Self, Failure> {
        let role = |alias: &Alias| found.roles.iter().find(|role| role.alias == *alias);
        let named: Vec<&Role> = match names {
            [] => found.roles.iter().collect(),
            names => {
                names.iter().map(|name| role(name).ok_or_else(|| unknown(name, found))).collect::<Result<_, _>>()?
            }
        };
        let wanted: BTreeSet<&Alias> = named.iter().flat_map(|role| role.chain()).map(|role| &role.alias).collect();
        let mut chains = Self { roles: vec![], use_base: false, problems: vec![] };
        if names.is_empty() {
            chains.problems.extend(found.problems.iter().map(ToString::to_string));
        }
        for role in found.roles.iter().filter(|role| wanted.contains(&role.alias)) {
            // Whoever is assumed from one that cannot be said cannot be said either.
            match role.chain().try_for_each(|link| origin(link).map(drop)).and_then(|()| origin(role)) {
                Ok(origin) => {
                    chains.use_base |= origin == Origin::Base;
                    chains.roles.push(chained(role, origin, host));
                }
                Err(unsayable) if unsayable.alias == role.alias => chains.problems.push(unsayable.to_string()),
                Err(unsayable) => chains.problems.push(format!("{}: {unsayable}", role.alias)),
            }
        }
        Ok(chains)
    }
}

fn chained(role: &Role, origin: Origin, host: &str) -> Chained {
    let is_default = role.session_name == SessionName::new(&role.alias, host);
    Chained {
        alias: role.alias.clone(),
        arn: role.arn.clone(),
        origin,
        region: role.region.clone(),
        external_id: role.external_id.clone(),
        session_name: Some(role.session_name.clone()).filter(|_| !is_default),
        duration: role.duration,
        session_policy: !role.session_policy.is_empty(),
        tags: !role.tags.is_empty(),
        source_identity: role.source_identity.is_some(),
    }
}

/// A role whose source an AWS config has no words for.
#[derive(Debug, thiserror::Error)]
#[error("{alias} {why}")]
struct Unsayable {
    alias: Alias,
    why: String,
}

/// Where it is assumed from, as a config says it.
fn origin(role: &Role) -> Result<Origin, Unsayable> {
    let unsayable = |why| Unsayable { alias: role.alias.clone(), why };
    match &role.source {
        Source::Base => Ok(Origin::Base),
        Source::Provider(provider) => Ok(Origin::Provider(*provider)),
        Source::Role(parent) => Ok(Origin::Role(parent.role().alias.clone())),
        Source::WebIdentity(file) => {
            let wrong = |error| {
                unsayable(format!("is assumed with a web identity token file that no config can name: {error}"))
            };
            file.as_str().parse().map(Origin::WebIdentity).map_err(wrong)
        }
        Source::Profile(name) => Err(unsayable(format!(
            "is assumed from the profile {:?} of this machine, which is not there where the config is used",
            name.as_str()
        ))),
    }
}

fn unknown(name: &Alias, found: &EnvRoles) -> Failure {
    let known: Vec<&str> = found.roles.iter().map(|role| role.alias.as_str()).collect();
    let define = "define it: see `rolecall agent --help`";
    roles::unknown(name, found, "neither AWS_ROLE_1, AWS_ROLE_2 … nor a settings file defines", &known, define)
}

#[cfg(test)]
mod tests {
    use rolecall_core::chain::link;

    use super::*;
    use crate::exit_code::ExitCode;

    fn found(roles: &[(&str, &str)]) -> EnvRoles {
        let role = |alias: &str| {
            Role::new(alias.parse().unwrap(), "arn:aws:iam::123456789012:role/R".parse().unwrap(), "host")
        };
        let named = roles.iter().map(|(alias, source)| (role(alias), source.parse().unwrap())).collect();
        EnvRoles { roles: link(named).into_iter().map(|(_, role)| role.unwrap()).collect(), ..EnvRoles::default() }
    }

    fn names(chains: &Chains) -> Vec<&str> {
        chains.roles.iter().map(|role| role.alias.as_str()).collect()
    }

    #[test]
    fn a_role_comes_with_those_that_it_is_assumed_from() {
        let found = found(&[("a", "base"), ("b", "role:a"), ("c", "role:b"), ("d", "instance")]);
        let chains = Chains::of(&found, &["b".parse().unwrap()], "host").unwrap();
        assert_eq!(names(&chains), ["a", "b"]);
        assert!(chains.use_base && chains.roles.iter().all(|role| role.session_name.is_none()));
        let chains = Chains::of(&found, &["d".parse().unwrap()], "another").unwrap();
        assert!(!chains.use_base && chains.roles[0].session_name.is_some(), "somebody said it");
        let unknown = Chains::of(&found, &["e".parse().unwrap()], "host").unwrap_err();
        assert_eq!(unknown.code, ExitCode::UnknownAlias);
    }

    #[test]
    fn what_a_config_cannot_say_takes_its_children_with_it() {
        let found = found(&[("a", "profile:mine"), ("b", "role:a"), ("c", "web-identity:/my token"), ("d", "base")]);
        let chains = Chains::of(&found, &[], "host").unwrap();
        assert_eq!(names(&chains), ["d"]);
        assert_eq!(chains.problems.len(), 3, "{:?}", chains.problems);
        assert!(chains.problems[0].starts_with("a is assumed from the profile \"mine\""), "{:?}", chains.problems);
        assert!(chains.problems[1].starts_with("b: a is assumed from the profile \"mine\""), "{:?}", chains.problems);
    }
}
