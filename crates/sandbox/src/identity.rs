//! Who makes a call: a user, or the session of a role.

use rolecall_core::RoleArn;

use crate::config::User;
use crate::mint::{Claims, Mint};
use crate::session::Carried;

/// The caller that a signature proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// As `GetCallerIdentity` shows it.
    pub(crate) arn: String,
    /// 12 digits.
    pub(crate) account: String,
    /// Such as `aws`.
    pub(crate) partition: String,
    /// The unique id, with the session name when it is a session.
    pub(crate) user_id: String,
    pub(crate) holder: Holder,
}

/// Whose key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A user's own.
    User { access_key_id: String, name: String },
    /// That of a session: what it assumes is a role chain.
    Session { role: RoleArn, carried: Carried },
}

impl Caller {
    /// A user with a long-lived key.
    pub(crate) fn user(user: &User, mint: &Mint) -> Self {
        let arn = user.arn();
        Self {
            account: user.account.clone(),
            partition: user.partition.clone(),
            user_id: mint.unique_id("AIDA", &arn),
            holder: Holder::User { access_key_id: user.access_key_id.clone(), name: user.name.clone() },
            arn,
        }
    }

    /// The session of a role.
    pub(crate) fn session(claims: &Claims, mint: &Mint) -> Self {
        Self {
            arn: assumed_role_arn(&claims.role, &claims.session_name),
            account: claims.role.account().to_owned(),
            partition: claims.role.partition().to_owned(),
            user_id: assumed_role_id(&claims.role, &claims.session_name, mint),
            holder: Holder::Session { role: claims.role.clone(), carried: claims.carried.clone() },
        }
    }

    /// The role that this is a session of; none of a user.
    pub(crate) fn role(&self) -> Option<&RoleArn> {
        match &self.holder {
            Holder::User { .. } => None,
            Holder::Session { role, .. } => Some(role),
        }
    }

    /// What the session carries; none of a user.
    pub(crate) fn carried(&self) -> Option<&Carried> {
        match &self.holder {
            Holder::User { .. } => None,
            Holder::Session { carried, .. } => Some(carried),
        }
    }
}

/// The ARN of a session; it has no path, whatever the role's
/// ([IAM identifiers](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html)).
pub(crate) fn assumed_role_arn(role: &RoleArn, session_name: &str) -> String {
    format!("arn:{}:sts::{}:assumed-role/{}/{session_name}", role.partition(), role.account(), role.name())
}

/// The unique id of a session.
pub(crate) fn assumed_role_id(role: &RoleArn, session_name: &str, mint: &Mint) -> String {
    format!("{}:{session_name}", mint.unique_id("AROA", &role.to_string()))
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::Timestamp;

    use super::*;

    /// A user of the default world.
    pub(crate) fn user() -> Caller {
        let config = crate::Config::default();
        Caller::user(config.users().next().unwrap(), &Mint::new("seed"))
    }

    /// A session of that role, of the name `me`.
    pub(crate) fn session_of(role: &str) -> Caller {
        let claims = Claims {
            access_key_id: String::new(),
            role: role.parse().unwrap(),
            session_name: "me".into(),
            expires_at: Timestamp::UNIX_EPOCH,
            carried: Carried::default(),
        };
        Caller::session(&claims, &Mint::new("seed"))
    }

    #[test]
    fn a_session_is_named_without_the_path_of_its_role() {
        let caller = session_of("arn:aws-cn:iam::123456789012:role/team/a/Admin");
        assert_eq!(caller.arn, "arn:aws-cn:sts::123456789012:assumed-role/Admin/me");
        assert_eq!((caller.account.as_str(), caller.partition.as_str()), ("123456789012", "aws-cn"));
        assert!(caller.user_id.starts_with("AROA") && caller.user_id.ends_with(":me"), "{}", caller.user_id);
        assert_eq!(caller.role().map(RoleArn::name), Some("Admin"));
        assert_eq!(user().role(), None);
    }
}
