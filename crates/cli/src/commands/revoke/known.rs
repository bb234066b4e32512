//! Which roles are known, and which of them it concerns that the sessions of one end. Pure.

use std::collections::BTreeMap;

use rolecall_agent::serve::wire::{ProfileDocument, ProfilesDocument};
use rolecall_agent::state::definitions::Definitions;
use rolecall_core::source::SourceName;
use rolecall_core::{Alias, RoleArn, Source};

use crate::failure::Failure;
use crate::one_role::known::wrong;
use crate::validity;

/// The roles that are known, each with the one that it is assumed from, if any.
pub(super) struct Known(BTreeMap<Alias, (RoleArn, Option<Alias>)>);

/// What it concerns.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Concerned {
    pub(super) alias: Alias,
    pub(super) arn: RoleArn,
    /// All names of the role itself, in order: the alias and others that stand for the same ARN.
    pub(super) names: Vec<Alias>,
    /// The roles whose chain goes through it, in order. Their sessions go on.
    pub(super) children: Vec<Alias>,
    /// Whether an agent keeps them.
    pub(super) agent: bool,
}

impl Known {
    /// What an agent tells.
    ///
    /// # Errors
    /// When this version cannot read it.
    pub(super) fn of_agent(document: &ProfilesDocument) -> Result<Self, Failure> {
        let known = document.profiles.iter().map(|profile: &ProfileDocument| {
            let alias = Alias::of_profile(&profile.alias).map_err(|_| wrong(profile, "name"))?;
            let arn = profile.arn.parse().map_err(|_| wrong(profile, "role ARN"))?;
            let parent = match profile.source.parse() {
                Ok(SourceName::Role(parent)) => Some(parent),
                Ok(_) => None,
                Err(_) => return Err(wrong(profile, "source")),
            };
            Ok((alias, (arn, parent)))
        });
        known.collect::<Result<_, _>>().map(Self)
    }

    /// What is defined, where there is no agent.
    pub(super) fn of_definitions(definitions: &Definitions) -> Self {
        let known = definitions.roles.iter().map(|role| {
            let parent = match &role.source {
                Source::Role(parent) => Some(parent.role().alias.clone()),
                _ => None,
            };
            (role.alias.clone(), (role.arn.clone(), parent))
        });
        Self(known.collect())
    }

    /// The roles that `alias` is assumed from, up to the first of its chain. Whatever an agent says, it ends.
    fn ancestors<'a>(&'a self, alias: &'a Alias) -> impl Iterator<Item = &'a RoleArn> {
        let parent = |alias: &&'a Alias| self.0.get(*alias)?.1.as_ref();
        let chain = std::iter::successors(Some(alias), parent).skip(1).take(self.0.len());
        chain.filter_map(|alias| self.0.get(alias)).map(|(arn, _)| arn)
    }
}

/// What it concerns that the sessions of a role end.
///
/// # Errors
/// When no role has that name, with those that there are.
pub(super) fn concerned(alias: &Alias, known: &Known, agent: bool) -> Result<Concerned, Failure> {
    let Some((arn, _)) = known.0.get(alias) else {
        return Err(validity::unknown(alias, known.0.keys().map(Alias::as_str)));
    };
    let is_same = |(alias, (other, _)): (&Alias, &(RoleArn, _))| (other == arn).then(|| alias.clone());
    let is_child = |(alias, (other, _)): (&Alias, &(RoleArn, _))| {
        (other != arn && known.ancestors(alias).any(|ancestor| ancestor == arn)).then(|| alias.clone())
    };
    Ok(Concerned {
        alias: alias.clone(),
        arn: arn.clone(),
        names: known.0.iter().filter_map(is_same).collect(),
        children: known.0.iter().filter_map(is_child).collect(),
        agent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit_code::ExitCode;
    use crate::fixture;

    fn known(roles: &[(&str, &str, &str)]) -> Result<Known, Failure> {
        let profiles = roles.iter().map(|(alias, role, source)| ProfileDocument {
            arn: format!("arn:aws:iam::123456789012:role/{role}"),
            source: (*source).into(),
            ..fixture::role(alias, "fresh").profile
        });
        Known::of_agent(&ProfilesDocument { version: 1, default: None, profiles: profiles.collect(), problems: vec![] })
    }

    fn names(aliases: &[Alias]) -> Vec<&str> {
        aliases.iter().map(Alias::as_str).collect()
    }

    const ROLES: [(&str, &str, &str); 6] = [
        ("hub", "Hub", "base"),
        ("spoke", "Spoke", "role:hub"),
        ("far", "Far", "role:spoke"),
        ("hub-too", "Hub", "profile:x"),
        ("beside", "Beside", "role:hub-too"),
        ("other", "Other", "web-identity:/t"),
    ];

    #[test]
    fn a_role_ends_under_all_of_its_names_and_those_behind_it_go_on() {
        let concerned = |alias: &str| concerned(&alias.parse().unwrap(), &known(&ROLES).unwrap(), true);
        let hub = concerned("hub").unwrap();
        assert_eq!(names(&hub.names), ["hub", "hub-too"]);
        assert_eq!(names(&hub.children), ["beside", "far", "spoke"]);
        assert_eq!(names(&concerned("spoke").unwrap().children), ["far"]);
        assert!(concerned("other").unwrap().children.is_empty());
        assert_eq!(concerned("gone").unwrap_err().code, ExitCode::UnknownAlias);
    }

    #[test]
    fn what_an_agent_says_may_be_anything() {
        let looped = known(&[("a", "A", "role:b"), ("b", "B", "role:a"), ("c", "C", "role:gone")]).unwrap();
        assert_eq!(names(&concerned(&"a".parse().unwrap(), &looped, true).unwrap().children), ["b"]);
        for role in [("a", "A", "nonsense"), ("~", "A", "base"), ("a", "A B", "base")] {
            assert_eq!(known(&[role]).err().unwrap().code, ExitCode::Bug, "{role:?}");
        }
    }
}
