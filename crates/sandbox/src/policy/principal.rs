//! Whom a statement is about
//! ([principals](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html)).

use rolecall_core::RoleArn;

use crate::identity::Caller;

/// Somebody that a trust policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// `*`
    Everybody,
    /// All of an account: `arn:aws:iam::123456789012:root`, or the twelve digits.
    Account {
        /// Such as `aws`; none: that of the role.
        partition: Option<String>,
        /// 12 digits.
        account: String,
    },
    /// Every session of a role.
    Role(RoleArn),
    /// One user, or one session by its name: `arn:aws:sts::123456789012:assumed-role/Role/session`.
    One(String),
    /// A user or a role by its unique id, as AWS shows those that are deleted.
    UniqueId(String),
    /// An identity provider.
    Federated(String),
    /// A service of AWS. None calls the sandbox.
    Service(String),
}

/// Who makes a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// Whoever signed it.
    Caller(&'a Caller),
    /// Whoever holds a token of an identity provider, by the ARN of the provider.
    Federated(&'a str),
}

/// How a statement names a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// By its account, which must allow it, too.
    Account,
    /// By itself, or everybody.
    Direct,
}

impl Principal {
    /// Reads what stands under `AWS`; none when it is no principal. There are no wildcards but a `*` alone.
    pub(crate) fn aws(text: &str) -> Option<Self> {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if text == "*" {
            return Some(Self::Everybody);
        }
        if is_account(text) {
            return Some(Self::Account { partition: None, account: text.into() });
        }
        if is_unique_id(text) {
            return Some(Self::UniqueId(text.into()));
        }
        if text.contains(['*', '?']) {
            return None;
        }
        if let Ok(role) = text.parse() {
            return Some(Self::Role(role));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, "", account, resource] = parts[..] else { return None };
        let names = |resource: &str| resource.split('/').all(|name| !name.is_empty());
        match (service, resource) {
            _ if !is_account(account) => None,
            ("iam", "root") => Some(Self::Account { partition: Some(partition.into()), account: account.into() }),
            ("iam", user) if user.starts_with("user/") && names(user) => Some(Self::One(text.into())),
            ("sts", session) if session.starts_with("assumed-role/") && names(session) => Some(Self::One(text.into())),
            _ => None,
        }
    }

    /// How it names `subject`; none when it does not.
    pub(super) fn reach(&self, subject: Subject<'_>) -> Option<Reach> {
        let direct = |is: bool| is.then_some(Reach::Direct);
        match (self, subject) {
            (Self::Everybody, _) => Some(Reach::Direct),
            (Self::Federated(name), Subject::Federated(provider)) => direct(name == provider),
            (Self::Federated(_) | Self::Service(_), _) | (_, Subject::Federated(_)) => None,
            (Self::Account { partition, account }, Subject::Caller(caller)) => {
                let is = caller.account == *account && partition.as_ref().is_none_or(|it| caller.partition == *it);
                is.then_some(Reach::Account)
            }
            (Self::Role(role), Subject::Caller(caller)) => direct(caller.role() == Some(role)),
            (Self::One(arn), Subject::Caller(caller)) => direct(caller.arn == *arn),
            (Self::UniqueId(id), Subject::Caller(caller)) => direct(caller.user_id.split(':').next() == Some(id)),
        }
    }
}

/// Such as `AIDACKCEVSQ6C2EXAMPLE`
/// ([unique identifiers](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids)).
fn is_unique_id(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (text.starts_with("AIDA") || text.starts_with("AROA")) && text.len() >= 16 && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::{session_of, user};

    #[test]
    fn a_principal_names_callers_by_themselves_or_by_their_account() {
        let (user, session) = (user(), session_of("arn:aws:iam::123456789012:role/team/Admin"));
        let (account, direct) = (Some(Reach::Account), Some(Reach::Direct));
        for (principal, of_user, of_session) in [
            ("*", direct, direct),
            ("123456789012", account, account),
            ("arn:aws:iam::123456789012:root", account, account),
            ("arn:aws-cn:iam::123456789012:root", None, None),
            ("123456789013", None, None),
            ("arn:aws:iam::123456789012:user/rolecall", direct, None),
            ("arn:aws:iam::123456789012:user/Rolecall", None, None),
            ("arn:aws:iam::123456789012:role/team/Admin", None, direct),
            ("arn:aws:iam::123456789012:role/Admin", None, None),
            ("arn:aws:sts::123456789012:assumed-role/Admin/me", None, direct),
            ("arn:aws:sts::123456789012:assumed-role/Admin/you", None, None),
            (&user.user_id, direct, None),
            (session.user_id.split(':').next().unwrap(), None, direct),
        ] {
            let principal = Principal::aws(principal).unwrap_or_else(|| panic!("{principal}"));
            assert_eq!(principal.reach(Subject::Caller(&user)), of_user, "{principal:?}");
            assert_eq!(principal.reach(Subject::Caller(&session)), of_session, "{principal:?}");
            let of_token = matches!(principal, Principal::Everybody).then_some(Reach::Direct);
            assert_eq!(principal.reach(Subject::Federated("arn:aws:iam::123456789012:root")), of_token);
        }
    }

    #[test]
    fn providers_and_services_are_no_callers() {
        let arn = "arn:aws:iam::123456789012:oidc-provider/i";
        let provider = Principal::Federated(arn.into());
        assert_eq!(provider.reach(Subject::Federated(arn)), Some(Reach::Direct));
        assert_eq!(provider.reach(Subject::Federated("arn:aws:iam::123456789012:oidc-provider/i/j")), None);
        assert_eq!(provider.reach(Subject::Caller(&user())), None);
        assert_eq!(Principal::Service("ec2.amazonaws.com".into()).reach(Subject::Caller(&user())), None);
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        for text in [
            "",
            "12345678901",
            "arn:aws:iam::123456789012:group/g",
            "arn:aws:iam::1:root",
            "arn:aws:iam::123456789012:user/",
            "arn:aws:iam::123456789012:user/*",
            "arn:aws:iam::*:root",
            "arn:aws:iam::123456789012:role/R?",
            "arn:aws:sts::123456789012:assumed-role/",
            "arn:aws:s3:::bucket",
        ] {
            assert_eq!(Principal::aws(text), None, "{text}");
        }
    }
}
