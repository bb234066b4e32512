//! How a role is assumed, hop by hop, and how each hop went: what all the forms of the answer are made of. Pure.

use std::time::Duration;

use jiff::Timestamp;
use rolecall_aws::explain::Claims;
use rolecall_core::{Fault, FaultKind, Role, RoleArn, Source};

use super::causes::Cause;
use super::principal::Principal;

/// The longest session that a role session gets
/// ([role chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining)).
const CHAINED: Duration = Duration::from_secs(3600);

/// From where a chain starts to the role that was asked about.
#[derive(Clone, Debug)]
pub(super) struct Explanation {
    /// What the role is called.
    pub(super) alias: String,
    pub(super) start: Start,
    /// At least one; the last is the role that was asked about.
    pub(super) hops: Vec<Hop>,
    /// By how many seconds the clock of this machine is ahead of that of STS; none when STS did not say.
    pub(super) clock_ahead: Option<i64>,
}

/// Where a chain starts.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// As settings name it: `base`, `profile:work`.
    pub(super) source: String,
    /// Why nothing can be done with it, and the cause of that.
    pub(super) failed: Option<(Fault, Vec<Cause>)>,
}

/// One role that is assumed.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    pub(super) alias: String,
    pub(super) arn: RoleArn,
    pub(super) caller: Caller,
    pub(super) region: Option<String>,
    /// The host of STS.
    pub(super) endpoint: Option<String>,
    pub(super) session_name: String,
    pub(super) external_id: Option<String>,
    pub(super) tags: Vec<Tag>,
    /// Whether the session that it is assumed with has tags that are not known here.
    pub(super) unknown_tags: bool,
    /// Its own, or that of a role before it.
    pub(super) source_identity: Option<String>,
    /// Whether a session policy takes something away from what the role may do.
    pub(super) narrowed: bool,
    /// What the settings say.
    pub(super) wanted: Duration,
    /// What is asked for.
    pub(super) duration: Duration,
    pub(super) outcome: Outcome,
}

/// Who assumes a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody with credentials; none when STS has not said who.
    Principal(Option<Principal>),
    /// Whoever has a web identity token; what it says, if it was read.
    Token(Option<Claims>),
}

/// A session tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
    /// Whether it goes on along the chain.
    pub(super) transitive: bool,
    /// The role before that set it; none for one of the role's own.
    pub(super) inherited_from: Option<String>,
}

/// How a hop went.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    NotTried,
    Ok { expires_at: Timestamp },
    Failed { fault: Fault, causes: Vec<Cause> },
}

impl Explanation {
    /// What can be said before anybody is asked. `unknown_tags`: the credentials that the chain starts with have some.
    pub(super) fn planned(role: &Role, unknown_tags: bool) -> Self {
        let mut chain: Vec<&Role> = role.chain().collect();
        chain.reverse();
        let source = chain[0].source.to_string();
        let hops = (0..chain.len()).map(|at| hop(&chain[..=at], unknown_tags)).collect();
        Self { alias: role.alias.to_string(), start: Start { source, failed: None }, hops, clock_ahead: None }
    }

    /// Whether the role that was asked about can be assumed.
    pub(super) fn is_well(&self) -> bool {
        self.hops.iter().all(|hop| matches!(hop.outcome, Outcome::Ok { .. }))
    }

    /// What went wrong, with the hop if it was one.
    pub(super) fn failure(&self) -> Option<(Option<&Hop>, &Fault, &[Cause])> {
        if let Some((fault, causes)) = &self.start.failed {
            return Some((None, fault, causes));
        }
        self.hops.iter().find_map(|hop| match &hop.outcome {
            Outcome::Failed { fault, causes } => Some((Some(hop), fault, causes.as_slice())),
            _ => None,
        })
    }

    /// What went wrong, as a word.
    pub(super) fn fault_kind(&self) -> Option<FaultKind> {
        self.failure().map(|(_, fault, _)| fault.kind)
    }
}

impl Hop {
    /// What is called.
    pub(super) fn operation(&self) -> &'static str {
        match self.caller {
            Caller::Principal(_) => "AssumeRole",
            Caller::Token(_) => "AssumeRoleWithWebIdentity",
        }
    }

    /// What has to be allowed for it.
    pub(super) fn actions(&self) -> Vec<&'static str> {
        match self.caller {
            Caller::Token(_) => vec!["sts:AssumeRoleWithWebIdentity"],
            Caller::Principal(_) => {
                let tags = (!self.tags.is_empty() || self.unknown_tags).then_some("sts:TagSession");
                let identity = self.source_identity.is_some().then_some("sts:SetSourceIdentity");
                ["sts:AssumeRole"].into_iter().chain(tags).chain(identity).collect()
            }
        }
    }

    /// Who calls, if that is known.
    pub(super) fn principal(&self) -> Option<&Principal> {
        match &self.caller {
            Caller::Principal(principal) => principal.as_ref(),
            Caller::Token(_) => None,
        }
    }

    /// Sets who calls, and the length of the session that such a caller gets.
    pub(super) fn called_by(&mut self, principal: Option<Principal>) {
        if principal.as_ref().is_some_and(Principal::is_session) {
            self.duration = self.wanted.min(CHAINED);
        }
        self.caller = Caller::Principal(principal);
    }
}

/// The last of the roles from the start of a chain up to it.
fn hop(path: &[&Role], unknown_tags: bool) -> Hop {
    let (role, before) = path.split_last().map_or((path[0], path), |(role, before)| (*role, before));
    let is_token = matches!(role.source, Source::WebIdentity(_));
    let own = role.tags.iter().map(|(key, value)| Tag {
        key: key.into(),
        value: value.into(),
        transitive: role.tags.transitive().any(|transitive| transitive == key),
        inherited_from: None,
    });
    let tags = before.iter().filter(|role| !is_web_identity(role)).flat_map(|ancestor| inherited(ancestor));
    let tags: Vec<Tag> = if is_token { vec![] } else { tags.chain(own).collect() };
    let identities = path.iter().filter(|role| !is_web_identity(role));
    let source_identity = identities.filter_map(|role| role.source_identity.as_ref()).map(ToString::to_string).next();
    let mut hop = Hop {
        alias: role.alias.to_string(),
        arn: role.arn.clone(),
        caller: if is_token { Caller::Token(None) } else { Caller::Principal(None) },
        region: role.region.as_ref().map(ToString::to_string),
        endpoint: None,
        session_name: role.session_name.to_string(),
        external_id: role.external_id.as_ref().filter(|_| !is_token).map(ToString::to_string),
        tags,
        unknown_tags: unknown_tags && !is_token,
        source_identity,
        narrowed: !role.session_policy.is_empty(),
        wanted: role.duration,
        duration: role.duration,
        outcome: Outcome::NotTried,
    };
    if let Some(parent) = before.last() {
        hop.called_by(Some(Principal::session(&parent.arn, parent.session_name.as_str())));
    }
    hop
}

/// A token has its tags and its source identity in itself.
fn is_web_identity(role: &Role) -> bool {
    matches!(role.source, Source::WebIdentity(_))
}

fn inherited(ancestor: &Role) -> impl Iterator<Item = Tag> {
    let transitive: Vec<&str> = ancestor.tags.transitive().collect();
    let tags = ancestor.tags.iter().filter(move |(key, _)| transitive.contains(key));
    tags.map(|(key, value)| Tag {
        key: key.into(),
        value: value.into(),
        transitive: true,
        inherited_from: Some(ancestor.alias.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::explain::fixture::{chain, role};

    #[test]
    fn a_chain_is_told_from_its_start_with_who_calls_whom() {
        let explanation = Explanation::planned(&chain(), false);
        assert_eq!((explanation.alias.as_str(), explanation.start.source.as_str()), ("spoke", "base"));
        let [hub, spoke] = &explanation.hops[..] else { unreachable!() };
        assert_eq!(hub.caller, Caller::Principal(None));
        assert_eq!(spoke.principal().unwrap().arn, "arn:aws:sts::111122223333:assumed-role/Hub/hub@host");
        assert_eq!(spoke.principal().unwrap().named(), "arn:aws:iam::111122223333:role/team/Hub");
        // Twelve hours are wanted of both.
        assert_eq!((hub.duration.as_secs(), spoke.duration.as_secs()), (43200, 3600));
        assert!(!explanation.is_well());
    }

    #[test]
    fn what_goes_along_a_chain_needs_its_own_rights_at_every_hop() {
        let explanation = Explanation::planned(&chain(), false);
        let [hub, spoke] = &explanation.hops[..] else { unreachable!() };
        assert_eq!(hub.tags.iter().map(|tag| tag.key.as_str()).collect::<Vec<_>>(), ["job", "team"]);
        assert_eq!(spoke.tags.len(), 1);
        assert_eq!((spoke.tags[0].key.as_str(), spoke.tags[0].inherited_from.as_deref()), ("team", Some("hub")));
        assert_eq!(spoke.source_identity.as_deref(), Some("alice"));
        assert_eq!(spoke.actions(), ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
        assert_eq!(Explanation::planned(&role("a", "A"), false).hops[0].actions(), ["sts:AssumeRole"]);
        assert_eq!(Explanation::planned(&role("a", "A"), true).hops[0].actions(), ["sts:AssumeRole", "sts:TagSession"]);
    }

    #[test]
    fn a_base_that_is_a_session_gives_an_hour() {
        let wanted = Role { duration: Duration::from_secs(7200), ..role("a", "A") };
        let mut hop = Explanation::planned(&wanted, false).hops.remove(0);
        assert_eq!(hop.duration.as_secs(), 7200);
        hop.called_by(Principal::parse("arn:aws:sts::111122223333:assumed-role/Node/i-1"));
        assert_eq!((hop.duration.as_secs(), hop.wanted.as_secs()), (3600, 7200));
    }
}
