//! What a role's real trust policy says of a caller, as far as that is sure. Pure.
//!
//! Promises no guess: whatever depends on more than who calls, with which action and external id, is left open and told by
//! the condition keys that decide it. How IAM decides is in its
//! [evaluation logic](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).

mod statement;

use std::collections::BTreeSet;

use serde_json::Value;

use super::principal::Principal;
use statement::{Effect, Met, Names, Statement};

/// What a trust policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It allows the action to the caller.
    Allowed(Through),
    /// A statement denies it.
    Denied,
    /// No statement names the caller. `removed` are names that are left of users and roles which were deleted.
    NotNamed { removed: Vec<String> },
    /// The caller is named, but not for this action.
    NotForAction,
    /// It asks for an external id that was not given.
    ExternalId,
    /// It depends on these condition keys.
    Depends(BTreeSet<String>),
    /// It cannot be told here.
    Open,
}

/// By what a caller is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Through {
    /// Its own name, or everybody's.
    Name,
    /// The name of its account: then its own policies decide.
    Account,
}

/// What `policy` says of `caller` who asks for `action` with this external id.
pub(super) fn verdict(policy: &str, caller: &Principal, action: &str, external_id: Option<&str>) -> Verdict {
    let Some(statements) = statements(policy) else { return Verdict::Open };
    let mut open = false;
    let mut depends = BTreeSet::new();
    let (mut named, mut for_action, mut wrong_id, mut through) = (false, false, false, None);
    for statement in &statements {
        let names = statement.names(caller);
        let (Some(names), Some(is_for)) = (names, statement.is_for(action)) else {
            open = true;
            continue;
        };
        if names == Names::Nobody {
            continue;
        }
        let met = if is_for { Some(statement.met(external_id)) } else { None };
        match (&statement.effect, met) {
            (Effect::Deny, Some(Met::Yes)) if statement.asks_for_external_id() => return Verdict::ExternalId,
            (Effect::Deny, Some(Met::Yes)) => return Verdict::Denied,
            (Effect::Deny, Some(Met::Unknown(keys))) => depends.extend(keys),
            (Effect::Deny, _) => {}
            (Effect::Allow, None) => named = true,
            (Effect::Allow, Some(met)) => {
                (named, for_action) = (true, true);
                match met {
                    Met::Yes if names == Names::Account => through = through.or(Some(Through::Account)),
                    Met::Yes => through = Some(Through::Name),
                    Met::No => wrong_id = true,
                    Met::Unknown(keys) => depends.extend(keys),
                }
            }
        }
    }
    match through {
        Some(through) if depends.is_empty() && !open => Verdict::Allowed(through),
        _ if open => Verdict::Open,
        _ if !depends.is_empty() => Verdict::Depends(depends),
        _ if wrong_id => Verdict::ExternalId,
        _ if named && !for_action => Verdict::NotForAction,
        _ => Verdict::NotNamed { removed: statements.iter().flat_map(Statement::removed).collect() },
    }
}

/// The statements; none when it is no policy that can be read here.
fn statements(policy: &str) -> Option<Vec<Statement>> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    statement::list(policy.get("Statement")?).iter().map(|statement| Statement::read(statement)).collect()
}

#[cfg(test)]
mod tests;
