//! A caller as trust policies name it. Pure.

use rolecall_core::RoleArn;

/// A caller by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Principal {
    /// As `GetCallerIdentity` tells it.
    pub(super) arn: String,
    partition: String,
    account: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// The session of a role with this ARN; `exact` when its path is known, which the ARN of a session has not.
    Session { role: String, exact: bool },
    /// A user, the account itself, a federated user: named as it is.
    Itself,
}

impl Principal {
    /// The caller with this ARN; none when it is no ARN of IAM or STS.
    pub(super) fn parse(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "iam" | "sts", _, account, resource] = parts[..] else { return None };
        let mut words = resource.split('/');
        let kind = match (words.next(), words.next()) {
            (Some("assumed-role"), Some(name)) => {
                Kind::Session { role: format!("arn:{partition}:iam::{account}:role/{name}"), exact: false }
            }
            _ => Kind::Itself,
        };
        Some(Self { arn: arn.into(), partition: partition.into(), account: account.into(), kind })
    }

    /// The session of this role, with its path.
    pub(super) fn session(role: &RoleArn, session_name: &str) -> Self {
        let (partition, account) = (role.partition(), role.account());
        Self {
            arn: format!("arn:{partition}:sts::{account}:assumed-role/{}/{session_name}", role.name()),
            partition: partition.into(),
            account: account.into(),
            kind: Kind::Session { role: role.to_string(), exact: true },
        }
    }

    /// What a trust policy names: the role of a session, else the caller itself.
    pub(super) fn named(&self) -> &str {
        match &self.kind {
            Kind::Session { role, .. } => role,
            Kind::Itself => &self.arn,
        }
    }

    /// Whether it is the session of a role.
    pub(super) fn is_session(&self) -> bool {
        matches!(self.kind, Kind::Session { .. })
    }

    /// Whether the role may have a path that is not known.
    pub(super) fn may_have_path(&self) -> bool {
        matches!(self.kind, Kind::Session { exact: false, .. })
    }

    /// Whether a role is in the account of the caller.
    pub(super) fn shares_account(&self, role: &RoleArn) -> bool {
        self.partition == role.partition() && self.account == role.account()
    }

    /// Whether a name in a trust policy is this caller itself; none when that cannot be told.
    pub(super) fn is_named_by(&self, name: &str) -> Option<bool> {
        let same = name == self.arn || name == self.named();
        if same || !self.may_have_path() {
            return Some(same);
        }
        // A role of that name with a path may be the one.
        let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
        let is_like = name.contains(":role/") && last(name) == last(self.named()) && name.contains(&self.account);
        if is_like { None } else { Some(false) }
    }

    /// Whether a name in a trust policy is the whole account of the caller.
    pub(super) fn is_of_account(&self, name: &str) -> bool {
        name == self.account || name == format!("arn:{}:iam::{}:root", self.partition, self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_named_by_its_role_and_anybody_else_by_itself() {
        for (arn, named, is_session) in [
            ("arn:aws:iam::123456789012:user/team/me", "arn:aws:iam::123456789012:user/team/me", false),
            ("arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:root", false),
            ("arn:aws-cn:sts::123456789012:assumed-role/Hub/a@b", "arn:aws-cn:iam::123456789012:role/Hub", true),
            ("arn:aws:sts::123456789012:federated-user/me", "arn:aws:sts::123456789012:federated-user/me", false),
        ] {
            let principal = Principal::parse(arn).unwrap();
            assert_eq!((principal.named(), principal.is_session()), (named, is_session));
        }
        assert_eq!(Principal::parse("me"), None);
    }

    #[test]
    fn the_path_of_a_role_is_known_of_our_own_sessions_only() {
        let role: RoleArn = "arn:aws:iam::123456789012:role/team/Hub".parse().unwrap();
        let ours = Principal::session(&role, "me");
        assert_eq!(ours.arn, "arn:aws:sts::123456789012:assumed-role/Hub/me");
        assert_eq!((ours.named(), ours.may_have_path()), ("arn:aws:iam::123456789012:role/team/Hub", false));
        assert_eq!(ours.is_named_by("arn:aws:iam::123456789012:role/Hub"), Some(false));
        let other = Principal::parse(&ours.arn).unwrap();
        assert_eq!(other.is_named_by("arn:aws:iam::123456789012:role/Hub"), Some(true));
        assert_eq!(other.is_named_by("arn:aws:iam::123456789012:role/team/Hub"), None);
        assert_eq!(other.is_named_by("arn:aws:iam::123456789012:role/team/Other"), Some(false));
        assert!(other.is_of_account("123456789012") && other.is_of_account("arn:aws:iam::123456789012:root"));
        assert!(other.shares_account(&role));
    }
}
