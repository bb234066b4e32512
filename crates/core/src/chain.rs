//! From roles that name their sources to role chains.
//!
//! Promises that a role which is linked is whole up to the first of its chain; that loops, missing roles and sources that
//! are themselves wrong are told with the whole path; and that one that cannot be linked hurts none but those that are
//! assumed from it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::source::{Parent, Source, SourceName};
use crate::{Alias, Role, SourceIdentity};

/// The longest chain, in roles: far more than anybody has, and few enough for the stack.
const LONGEST: usize = 500;

/// Why a role cannot be linked to its source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No role has the name of the last of the path.
    #[error("its source is not among the roles that can be used: {}", arrows(.path))]
    Missing {
        /// From the role to the one that is missing.
        path: Vec<Alias>,
    },
    /// It would be assumed from itself.
    #[error("it would be assumed from itself: {}", arrows(.path))]
    Loop {
        /// From the role to one that is on the path already.
        path: Vec<Alias>,
    },
    /// Nobody can follow it.
    #[error("its chain has more than {LONGEST} roles")]
    Long,
    /// STS takes it from the token, or not at all.
    #[error("with a web identity STS takes no {0}")]
    WithToken(&'static str),
    /// A source identity stays what it was once it is set.
    #[error(
        "its source identity is {own}, but {ancestor} sets {inherited}, and AWS lets nobody change it along a chain"
    )]
    Identity {
        /// Its own.
        own: SourceIdentity,
        /// The role that sets another one.
        ancestor: Alias,
        /// The other one.
        inherited: SourceIdentity,
    },
    /// A transitive tag stays what it was.
    #[error("its tag {key} is a transitive tag of {ancestor}, and AWS lets nobody set it again along a chain")]
    Tag {
        /// The key, as the role has it.
        key: String,
        /// The role that hands it on.
        ancestor: Alias,
    },
}

impl ChainError {
    /// What to do about it: one sentence without a full stop.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "correct its source, or define or mend the role that it names",
            Self::Loop { .. } => "give one of these roles another source",
            Self::Long => "assume it from a role that is nearer to the first of its chain",
            Self::WithToken(_) => "take that out, or give the role another source",
            Self::Identity { .. } => "take the source identity out, or say the same one",
            Self::Tag { .. } => "take the tag out, or do not hand it on",
        }
    }
}

/// Links each role to the source that it names, in the order given; the sources that they have are replaced. No alias may
/// be there twice.
///
/// # Errors
/// For each role that has no source, why.
#[must_use]
pub fn link(roles: Vec<(Role, SourceName)>) -> Vec<(Alias, Result<Role, ChainError>)> {
    let order: Vec<Alias> = roles.iter().map(|(role, _)| role.alias.clone()).collect();
    let named: HashMap<Alias, (Role, SourceName)> =
        roles.into_iter().map(|(role, source)| (role.alias.clone(), (role, source))).collect();
    let mut linked: HashMap<Alias, Result<Arc<Role>, ChainError>> = HashMap::new();
    for alias in &order {
        // Up to the first that is known, and down again: a chain may be too long for recursion.
        let mut path = vec![alias.clone()];
        let top = loop {
            let last = &path[path.len() - 1];
            match (linked.get(last), named.get(last)) {
                (Some(known), _) => break known.clone().map(Some),
                (None, None) => break Err(ChainError::Missing { path: vec![last.clone()] }),
                (None, Some((_, SourceName::Role(parent)))) if path.contains(parent) => {
                    let round = path.iter().skip_while(|step| *step != parent).chain([parent]);
                    break Err(ChainError::Loop { path: round.cloned().collect() });
                }
                (None, Some((_, SourceName::Role(parent)))) => path.push(parent.clone()),
                (None, Some(_)) => break Ok(None),
            }
        };
        let mut above = top;
        while let Some(alias) = path.pop() {
            if let Some(known) = linked.get(&alias) {
                above = known.clone().map(Some);
                continue;
            }
            let Some((role, source)) = named.get(&alias) else { continue };
            let one = match &above {
                Ok(parent) => whole(role, source, parent.as_ref()).map(Arc::new),
                Err(error) => Err(seen_from(&alias, source, error)),
            };
            above = one.clone().map(Some);
            linked.insert(alias, one);
        }
    }
    let of = |alias: Alias| {
        let one = linked.remove(&alias).unwrap_or(Err(ChainError::Missing { path: vec![alias.clone()] }));
        (alias, one.map(Arc::unwrap_or_clone))
    };
    order.into_iter().map(of).collect()
}

fn whole(role: &Role, source: &SourceName, parent: Option<&Arc<Role>>) -> Result<Role, ChainError> {
    let source = match (source, parent) {
        (SourceName::Role(_), Some(parent)) => {
            if parent.chain().count() >= LONGEST {
                return Err(ChainError::Long);
            }
            check(role, parent)?;
            Source::Role(Parent::new(Arc::clone(parent)))
        }
        (SourceName::Role(name), None) => {
            return Err(ChainError::Missing { path: vec![role.alias.clone(), name.clone()] });
        }
        (SourceName::Base, _) => Source::Base,
        (SourceName::Provider(provider), _) => Source::Provider(*provider),
        (SourceName::Profile(name), _) => Source::Profile(name.clone()),
        (SourceName::WebIdentity(file), _) => {
            let said = [
                ("external id", role.external_id.is_some()),
                ("tags: they are in the token", !role.tags.is_empty()),
                ("source identity: it is in the token", role.source_identity.is_some()),
            ];
            match said.into_iter().find(|(_, is_said)| *is_said) {
                Some((what, _)) => return Err(ChainError::WithToken(what)),
                None => Source::WebIdentity(file.clone()),
            }
        }
    };
    Ok(Role { source, ..role.clone() })
}

/// What AWS keeps along a chain must not be set to something else.
fn check(role: &Role, parent: &Arc<Role>) -> Result<(), ChainError> {
    for ancestor in parent.chain() {
        if let (Some(own), Some(inherited)) = (&role.source_identity, &ancestor.source_identity)
            && own != inherited
        {
            let (own, inherited) = (own.clone(), inherited.clone());
            return Err(ChainError::Identity { own, ancestor: ancestor.alias.clone(), inherited });
        }
        let is_handed_on =
            |key: &str| ancestor.tags.transitive().any(|other| other.to_lowercase() == key.to_lowercase());
        if let Some((key, _)) = role.tags.iter().find(|(key, _)| is_handed_on(key)) {
            return Err(ChainError::Tag { key: key.into(), ancestor: ancestor.alias.clone() });
        }
    }
    Ok(())
}

/// The error of the source of `alias` as its own.
fn seen_from(alias: &Alias, source: &SourceName, error: &ChainError) -> ChainError {
    let longer = |path: &[Alias]| std::iter::once(alias).chain(path).cloned().collect();
    match error {
        ChainError::Missing { path } => ChainError::Missing { path: longer(path) },
        ChainError::Loop { path } => match path.split_last() {
            // It is on the round itself: told from where it stands.
            Some((last, round)) if round.first() == Some(last) && round.contains(alias) => {
                let at = round.iter().position(|step| step == alias).unwrap_or_default();
                let from = round[at..].iter().chain(&round[..=at]).cloned();
                ChainError::Loop { path: from.collect() }
            }
            _ => ChainError::Loop { path: longer(path) },
        },
        // Whatever is wrong with the source is told with the source.
        _ => match source {
            SourceName::Role(parent) => ChainError::Missing { path: vec![alias.clone(), parent.clone()] },
            _ => error.clone(),
        },
    }
}

fn arrows(path: &[Alias]) -> String {
    let names: Vec<&str> = path.iter().map(Alias::as_str).collect();
    names.join(" -> ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SessionTags;

    fn role(alias: &str) -> Role {
        let arn = format!("arn:aws:iam::123456789012:role/{alias}");
        Role::new(alias.parse().unwrap(), arn.parse().unwrap(), "host")
    }

    fn link(roles: &[(&str, &str)]) -> Vec<Result<Role, String>> {
        let named = roles.iter().map(|(alias, source)| (role(alias), source.parse().unwrap())).collect();
        super::link(named).into_iter().map(|(_, linked)| linked.map_err(|error| error.to_string())).collect()
    }

    #[test]
    fn a_chain_has_every_role_up_to_its_first() {
        let linked = link(&[("c", "role:b"), ("a", "web-identity:/t"), ("b", "role:a"), ("d", "role:b")]);
        let chains: Vec<Vec<&str>> = linked
            .iter()
            .map(|role| role.as_ref().unwrap().chain().map(|role| role.alias.as_str()).collect())
            .collect();
        assert_eq!(chains, [vec!["c", "b", "a"], vec!["a"], vec!["b", "a"], vec!["d", "b", "a"]]);
        assert_eq!(linked[1].as_ref().unwrap().source.to_string(), "web-identity:/t");
    }

    #[test]
    fn loops_and_what_is_missing_are_told_with_the_whole_path() {
        let told = |roles: &[(&str, &str)]| -> Vec<String> {
            link(roles).into_iter().map(|role| role.map_or_else(|error| error, |role| role.alias.to_string())).collect()
        };
        let missing = "its source is not among the roles that can be used: ";
        let itself = "it would be assumed from itself: ";
        assert_eq!(told(&[("a", "role:a")]), [format!("{itself}a -> a")]);
        assert_eq!(
            told(&[("a", "role:b"), ("b", "role:c"), ("c", "role:a"), ("d", "role:b"), ("e", "base")]),
            [
                format!("{itself}a -> b -> c -> a"),
                format!("{itself}b -> c -> a -> b"),
                format!("{itself}c -> a -> b -> c"),
                format!("{itself}d -> b -> c -> a -> b"),
                "e".into()
            ]
        );
        assert_eq!(
            told(&[("a", "role:b"), ("b", "role:gone"), ("c", "base")]),
            [format!("{missing}a -> b -> gone"), format!("{missing}b -> gone"), "c".into()]
        );
    }

    #[test]
    fn a_chain_may_be_long_but_not_without_end() {
        let names: Vec<String> = (0..=LONGEST).map(|n| format!("r{n}")).collect();
        let mut roles = vec![(role("r0"), SourceName::Base)];
        for pair in names.windows(2) {
            roles.push((role(&pair[1]), SourceName::Role(pair[0].parse().unwrap())));
        }
        roles.reverse();
        let linked = super::link(roles);
        let wrong: Vec<_> = linked.iter().filter(|(_, role)| role.is_err()).map(|(alias, _)| alias.as_str()).collect();
        assert_eq!(wrong, [names[LONGEST].as_str()]);
    }

    #[test]
    fn a_token_leaves_nothing_to_be_said() {
        let linked = |role: Role| super::link(vec![(role, "web-identity:/t".parse().unwrap())]).remove(0).1;
        assert!(linked(role("a")).is_ok());
        for role in [
            Role { external_id: Some("id".parse().unwrap()), ..role("a") },
            Role { source_identity: Some("me".parse().unwrap()), ..role("a") },
            Role { tags: SessionTags::new([("k".into(), "v".into())], []).unwrap(), ..role("a") },
        ] {
            assert!(matches!(linked(role), Err(ChainError::WithToken(_))));
        }
    }

    #[test]
    fn what_aws_keeps_along_a_chain_is_set_once() {
        let tags = |transitive: &[&str]| {
            let tag = ("Team".to_owned(), "x".to_owned());
            SessionTags::new([tag], transitive.iter().map(ToString::to_string)).unwrap()
        };
        let identity = |text: &str| Some(text.parse().unwrap());
        let linked = |parent: Role, child: Role| {
            let source = SourceName::Role(parent.alias.clone());
            super::link(vec![(parent, SourceName::Base), (child, source)]).remove(1).1
        };
        let me = || Role { source_identity: identity("me"), ..role("a") };
        assert!(linked(me(), role("b")).is_ok());
        assert!(linked(me(), Role { source_identity: identity("me"), ..role("b") }).is_ok());
        let other = linked(me(), Role { source_identity: identity("you"), ..role("b") }).unwrap_err();
        assert!(other.to_string().starts_with("its source identity is you, but a sets me"), "{other}");
        let child = || Role { tags: tags(&[]), ..role("b") };
        assert!(linked(Role { tags: tags(&[]), ..role("a") }, child()).is_ok());
        let tag = linked(Role { tags: tags(&["Team"]), ..role("a") }, child()).unwrap_err();
        assert_eq!(tag, ChainError::Tag { key: "Team".into(), ancestor: "a".parse().unwrap() });
    }
}
