//! Who may assume which role: the one place where that is decided.
//!
//! A role of the world says whom it trusts, which external id it demands and which web identities it takes: the parts of
//! a [trust policy](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html) that matter
//! to whoever assumes roles. What the caller's own policies say is not modelled: they allow everything.

use rolecall_core::RoleArn;

use crate::config::{Role, WebIdentity};
use crate::identity::Caller;

/// Somebody that a role trusts
/// ([principals](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// Everybody in an account: `arn:aws:iam::123456789012:root`, or the twelve digits.
    Account {
        /// Such as `aws`.
        partition: String,
        /// 12 digits.
        account: String,
    },
    /// Every session of a role.
    Role(RoleArn),
    /// One user, or one session by its name: `arn:aws:sts::123456789012:assumed-role/Role/session`.
    One(String),
}

impl Principal {
    /// Reads what a role of `partition` may say; none when it is no principal.
    pub(crate) fn read(text: &str, partition: &str) -> Option<Self> {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_account(text) {
            return Some(Self::Account { partition: partition.into(), account: text.into() });
        }
        if let Ok(role) = text.parse() {
            return Some(Self::Role(role));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, "", account, resource] = parts[..] else { return None };
        let names = |resource: &str| resource.split('/').all(|name| !name.is_empty());
        match (service, resource) {
            _ if !is_account(account) => None,
            ("iam", "root") => Some(Self::Account { partition: partition.into(), account: account.into() }),
            ("iam", user) if user.starts_with("user/") && names(user) => Some(Self::One(text.into())),
            ("sts", session) if session.starts_with("assumed-role/") && names(session) => Some(Self::One(text.into())),
            _ => None,
        }
    }

    fn is(&self, caller: &Caller) -> bool {
        match self {
            Self::Account { partition, account } => caller.partition == *partition && caller.account == *account,
            Self::Role(role) => caller.role.as_ref() == Some(role),
            Self::One(arn) => caller.arn == *arn,
        }
    }
}

/// Whether `caller`, who says `external_id`, may assume the role of that ARN.
pub(crate) fn may_assume(caller: &Caller, arn: &RoleArn, role: &Role, external_id: Option<&str>) -> bool {
    let trusted = |principals: &Vec<Principal>| principals.iter().any(|principal| principal.is(caller));
    // Partitions know nothing of each other: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    caller.partition == arn.partition()
        && role.trusts.as_ref().is_none_or(trusted)
        && role.external_id.as_deref().is_none_or(|demanded| external_id == Some(demanded))
}

/// Whether a token of `issuer`, proved to be real, opens a role that trusts `identity`.
pub(crate) fn takes_token(identity: &WebIdentity, issuer: &str, subject: &str, audience: &str) -> bool {
    identity.issuer == issuer
        && is_like(&identity.sub, subject)
        && identity.aud.as_deref().is_none_or(|demanded| demanded == audience)
}

/// The operator `StringLike`: `*` stands for any characters, `?` for one
/// ([string conditions](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html)).
fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last `*` did not match: one character of the text further.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((after, from)) = retry else { return false };
                retry = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::tests::user;

    fn role(trusts: &[&str], external_id: Option<&str>) -> Role {
        let principal = |text: &&str| Principal::read(text, "aws").unwrap_or_else(|| panic!("{text}"));
        Role {
            max_session: Duration::from_secs(3600),
            trusts: Some(trusts.iter().map(principal).collect()),
            external_id: external_id.map(str::to_owned),
            web_identity: None,
        }
    }

    #[test]
    fn only_whom_a_role_trusts_may_assume_it() {
        let arn: RoleArn = "arn:aws:iam::123456789013:role/R".parse().unwrap();
        let chained = Caller {
            arn: "arn:aws:sts::123456789012:assumed-role/Admin/me".into(),
            role: Some("arn:aws:iam::123456789012:role/team/Admin".parse().unwrap()),
            ..user()
        };
        for (principal, of_user, of_session) in [
            ("123456789012", true, true),
            ("arn:aws:iam::123456789012:root", true, true),
            ("arn:aws-cn:iam::123456789012:root", false, false),
            ("123456789013", false, false),
            ("arn:aws:iam::123456789012:user/rolecall", true, false),
            ("arn:aws:iam::123456789012:user/other", false, false),
            ("arn:aws:iam::123456789012:role/team/Admin", false, true),
            ("arn:aws:iam::123456789012:role/Admin", false, false),
            ("arn:aws:sts::123456789012:assumed-role/Admin/me", false, true),
            ("arn:aws:sts::123456789012:assumed-role/Admin/you", false, false),
        ] {
            let role = role(&[principal], None);
            assert_eq!(may_assume(&user(), &arn, &role, None), of_user, "{principal}");
            assert_eq!(may_assume(&chained, &arn, &role, None), of_session, "{principal}");
        }
        assert!(!may_assume(&user(), &arn, &role(&[], None), None));
        assert!(may_assume(&user(), &arn, &Role { trusts: None, ..role(&[], None) }, None));
        let china = "arn:aws-cn:iam::123456789013:role/R".parse().unwrap();
        assert!(!may_assume(&user(), &china, &Role { trusts: None, ..role(&[], None) }, None));
    }

    #[test]
    fn an_external_id_that_is_demanded_must_be_said() {
        let arn: RoleArn = "arn:aws:iam::123456789013:role/R".parse().unwrap();
        let role = role(&["123456789012"], Some("secret-handshake"));
        for (said, expected) in [(Some("secret-handshake"), true), (Some("secret"), false), (None, false)] {
            assert_eq!(may_assume(&user(), &arn, &role, said), expected, "{said:?}");
        }
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        for text in [
            "",
            "*",
            "12345678901",
            "arn:aws:iam::123456789012:group/g",
            "arn:aws:iam::1:root",
            "arn:aws:iam::123456789012:user/",
            "arn:aws:sts::123456789012:assumed-role/",
            "arn:aws:s3:::bucket",
        ] {
            assert_eq!(Principal::read(text, "aws"), None, "{text}");
        }
    }

    #[test]
    fn a_token_opens_the_role_that_names_its_subject() {
        let identity = |sub: &str, aud: Option<&str>| WebIdentity {
            issuer: "https://i".into(),
            sub: sub.into(),
            aud: aud.map(str::to_owned),
        };
        for (sub, aud, expected) in [
            ("system:serviceaccount:default:app", None, true),
            ("system:serviceaccount:default:app", Some("sts.amazonaws.com"), true),
            ("system:serviceaccount:default:app", Some("other"), false),
            ("system:serviceaccount:*", None, true),
            ("*:app", None, true),
            ("*a*:???", None, true),
            ("*:????", None, false),
            ("system:serviceaccount:default:ap", None, false),
            ("system:serviceaccount:default:app?", None, false),
            ("", None, false),
        ] {
            let found =
                takes_token(&identity(sub, aud), "https://i", "system:serviceaccount:default:app", "sts.amazonaws.com");
            assert_eq!(found, expected, "{sub} {aud:?}");
        }
        assert!(!takes_token(&identity("*", None), "https://j", "x", "sts.amazonaws.com"));
    }
}
