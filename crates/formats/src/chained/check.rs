//! Whether roles make chains that end: each source is there, and none comes back to where it began.

use std::collections::{HashMap, HashSet};

use rolecall_core::Alias;

use super::{Chained, Origin};

/// The roles make no chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A name that two roles have.
    #[error("two roles are called {0}, so there cannot be a profile for each; give one of them another name")]
    Twice(Alias),
    /// A role has the name that the base takes.
    #[error(
        "the base becomes the profile default, and a role is called default, too; give that role another name, or leave it out"
    )]
    Default,
    /// The source is not among the roles.
    #[error("{alias} is to be assumed from {source_alias}, which is none of the roles; add it, or correct the source")]
    Missing {
        /// The role.
        alias: Alias,
        /// Its source.
        source_alias: Alias,
    },
    /// No credentials are at the end.
    #[error("{} comes back to where it began; give one of them another source", shown(.0))]
    Loop(Vec<Alias>),
}

/// Walks every chain to its end, in time that grows with the number of roles.
pub(super) fn check(roles: &[Chained]) -> Result<(), ChainError> {
    let mut by_alias: HashMap<&Alias, &Chained> = HashMap::new();
    for role in roles {
        if by_alias.insert(&role.alias, role).is_some() {
            return Err(ChainError::Twice(role.alias.clone()));
        }
    }
    // Those whose chain is known to end.
    let mut ended: HashSet<&Alias> = HashSet::new();
    for role in roles {
        let mut path = vec![&role.alias];
        let mut at = role;
        while let (Origin::Role(source), false) = (&at.origin, ended.contains(&at.alias)) {
            let missing = || ChainError::Missing { alias: at.alias.clone(), source_alias: source.clone() };
            at = by_alias.get(source).ok_or_else(missing)?;
            path.push(source);
            if path.len() > roles.len() {
                return Err(ChainError::Loop(came_back(&path)));
            }
        }
        ended.extend(path);
    }
    Ok(())
}

/// The part of a path between two visits to its last.
fn came_back(path: &[&Alias]) -> Vec<Alias> {
    let Some((last, before)) = path.split_last() else { return Vec::new() };
    let start = before.iter().rposition(|alias| alias == last).unwrap_or_default();
    path[start..].iter().map(|alias| (*alias).clone()).collect()
}

fn shown(path: &[Alias]) -> String {
    path.iter().map(Alias::as_str).collect::<Vec<_>>().join(" -> ")
}
