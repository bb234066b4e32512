//! Which token opens what at the endpoint: one for each alias that lasts, and those that are lent to single commands.
//!
//! Promises that a token opens nothing but what it was made for, and that one that is lent is gone with its [`Lease`].

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rolecall_core::role::AlreadyNarrowed;
use rolecall_core::{Alias, Role, SessionPolicy};
use rolecall_rotator::Rotator;
use tokio::sync::watch;

use crate::state::tokens::{NoRandomness, Token};

/// The most leases at once: far more than anybody runs commands, and few enough for the usual 1,024 open files, together
/// with what the endpoint and the socket take.
const LEASES: usize = 256;

/// The tokens of everything that can be asked for.
#[derive(Default)]
pub(crate) struct Keyring(RwLock<Keys>);

#[derive(Default)]
struct Keys {
    lasting: BTreeMap<Alias, Token>,
    /// By the name that is asked for.
    lent: HashMap<Alias, Lent>,
}

/// What is lent under one name.
struct Lent {
    /// The alias of the role, and what of it.
    role: Alias,
    session_policy: SessionPolicy,
    /// The same one may be there twice, while a command that lost its connection has a new one already.
    tokens: Vec<Token>,
    /// Dropped when all of it is over.
    over: watch::Sender<()>,
}

/// Why nothing is lent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotLent {
    /// There are too many.
    TooMany,
    /// Another command has the same tag and another policy.
    NameTaken,
    /// The role has a session policy already.
    AlreadyNarrowed(AlreadyNarrowed),
}

/// A token that is lent to one command, and the session of its own that the command has if it gets less than the role.
/// Both end when it is dropped.
pub(crate) struct Lease {
    keyring: Arc<Keyring>,
    rotator: Rotator,
    name: Alias,
    token: Token,
    over: watch::Receiver<()>,
}

impl Keyring {
    /// The tokens that last for these aliases: those that count, and new ones.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(crate) fn lasting_or_new(&self, aliases: &[Alias]) -> Result<BTreeMap<Alias, Token>, NoRandomness> {
        let keys = self.read();
        let token = |alias: &Alias| match keys.lasting.get(alias) {
            Some(token) => Ok((alias.clone(), token.clone())),
            None => Ok((alias.clone(), Token::new()?)),
        };
        aliases.iter().map(token).collect()
    }

    /// Replaces the tokens that last.
    pub(crate) fn set_lasting(&self, tokens: BTreeMap<Alias, Token>) {
        self.write().lasting = tokens;
    }

    /// What `shown` opens, if it opens `name`.
    pub(crate) fn open(&self, name: &str, shown: &[u8]) -> Option<Alias> {
        let keys = self.read();
        let lasting = keys.lasting.get_key_value(name).filter(|(_, token)| token.is(shown)).map(|(alias, _)| alias);
        let opens = |lent: &Lent| lent.tokens.iter().any(|token| token.is(shown));
        let lent = || keys.lent.get_key_value(name).filter(|(_, lent)| opens(lent));
        lasting.or_else(|| lent().map(|(alias, _)| alias)).cloned()
    }

    /// Lends `role` to whoever has `token`: a session of its own when `policy` narrows it, else that of the alias.
    /// Its name is made from `tag`, so that a command which asks again, with a new token, finds it under the same name.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn lend(
        self: &Arc<Self>,
        rotator: &Rotator,
        role: Role,
        policy: SessionPolicy,
        token: Token,
        tag: [u8; 4],
    ) -> Result<Lease, NotLent> {
        let is_narrowed = !policy.is_empty();
        let of = role.alias.clone();
        let mut role = role.narrowed(policy.clone()).map_err(NotLent::AlreadyNarrowed)?;
        if is_narrowed {
            role.alias = role.alias.lent(tag);
        }
        let name = role.alias.clone();
        let mut keys = self.write();
        if keys.lent.values().map(|lent| lent.tokens.len()).sum::<usize>() >= LEASES {
            return Err(NotLent::TooMany);
        }
        let lent = keys.lent.entry(name.clone()).or_insert_with(|| Lent {
            role: of,
            session_policy: policy.clone(),
            tokens: Vec::new(),
            over: watch::channel(()).0,
        });
        if lent.session_policy != policy {
            return Err(NotLent::NameTaken);
        }
        lent.tokens.push(token.clone());
        let over = lent.over.subscribe();
        if is_narrowed {
            rotator.define(role, None);
        }
        drop(keys);
        Ok(Lease { keyring: Arc::clone(self), rotator: rotator.clone(), name, token, over })
    }

    /// The full name of something that is lent.
    pub(crate) fn lent(&self, name: &str) -> Option<Alias> {
        self.read().lent.get_key_value(name).map(|(alias, _)| alias.clone())
    }

    /// Has what is lent follow other roles: a narrowed session is of the role as it is now, and what was lent of a role that
    /// is gone is over.
    pub(crate) fn follow(&self, rotator: &Rotator, roles: &[Role]) {
        let mut keys = self.write();
        keys.lent.retain(|name, lent| {
            let role = roles.iter().find(|role| role.alias == lent.role);
            // One that has a session policy by now cannot be lent with another.
            let role = role.and_then(|role| role.clone().narrowed(lent.session_policy.clone()).ok());
            match &role {
                Some(role) if name.is_lent() => {
                    rotator.define(Role { alias: name.clone(), ..role.clone() }, None);
                }
                None if name.is_lent() => rotator.forget(name),
                _ => {}
            }
            role.is_some()
        });
    }

    /// Takes one token back, and with the last one of a name what is lent under it.
    fn take_back(&self, Lease { rotator, name, token, .. }: &Lease) {
        let mut keys = self.write();
        let Some(lent) = keys.lent.get_mut(name) else { return };
        if let Some(at) = lent.tokens.iter().position(|other| other.is(token.as_str().as_bytes())) {
            lent.tokens.swap_remove(at);
        }
        if lent.tokens.is_empty() {
            keys.lent.remove(name);
            if name.is_lent() {
                rotator.forget(name);
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Keys> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Keys> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// The name under which it is served.
    pub(crate) fn name(&self) -> &Alias {
        &self.name
    }

    /// Resolves when the role is gone.
    pub(crate) async fn over(&mut self) {
        // Nothing is ever sent; it ends with what is lent.
        while self.over.changed().await.is_ok() {}
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.keyring.take_back(self);
    }
}

#[cfg(test)]
mod tests {
    use rolecall_core::PolicyArn;
    use rolecall_rotator::SystemClock;

    use super::*;
    use crate::testing::{FakeSts, role};

    fn rig() -> (Arc<Keyring>, Rotator) {
        let rotator = rolecall_rotator::spawn(Default::default(), Arc::new(SystemClock), FakeSts::new(&[]), Vec::new());
        ["a", "b"].iter().for_each(|alias| rotator.define(role(alias), None));
        let keyring = Arc::new(Keyring::default());
        let tokens = ["a", "b"].map(|alias| (alias.parse().unwrap(), Token::new().unwrap()));
        keyring.set_lasting(tokens.into());
        (keyring, rotator)
    }

    const TAG: [u8; 4] = [0, 0xab, 0, 1];

    fn policy(name: &str) -> SessionPolicy {
        SessionPolicy::new(None, vec![PolicyArn::of_aws("aws", name)]).unwrap()
    }

    fn look() -> SessionPolicy {
        policy("ReadOnlyAccess")
    }

    fn opens(keyring: &Keyring, name: &str, token: &Token) -> bool {
        keyring.open(name, token.as_str().as_bytes()).is_some_and(|alias| alias.as_str() == name)
    }

    #[tokio::test]
    async fn a_token_opens_one_alias() {
        let (keyring, _) = rig();
        let [a, b] = ["a", "b"].map(|alias| keyring.read().lasting[alias].clone());
        assert!(opens(&keyring, "a", &a) && opens(&keyring, "b", &b));
        assert!(!opens(&keyring, "a", &b) && !opens(&keyring, "b", &a) && !opens(&keyring, "c", &a));
        for shown in [&b""[..], b"x", &a.as_str().as_bytes()[1..]] {
            assert_eq!(keyring.open("a", shown), None);
        }
    }

    #[tokio::test]
    async fn what_is_lent_ends_with_its_lease() {
        let (keyring, rotator) = rig();
        let token = Token::new().unwrap();
        let lease = keyring.lend(&rotator, role("a"), SessionPolicy::default(), token.clone(), TAG).unwrap();
        assert!(lease.name().as_str() == "a" && opens(&keyring, "a", &token) && !opens(&keyring, "b", &token));
        drop(lease);
        assert!(!opens(&keyring, "a", &token));
        assert!(rotator.session(&"a".parse().unwrap(), std::time::Duration::from_secs(5)).await.is_ok());
    }

    #[tokio::test]
    async fn less_than_the_role_is_a_session_of_its_own() {
        let (keyring, rotator) = rig();
        let token = Token::new().unwrap();
        let lease = keyring.lend(&rotator, role("a"), look(), token.clone(), TAG).unwrap();
        let name = lease.name().clone();
        assert!(name.is_lent() && opens(&keyring, name.as_str(), &token));
        assert!(!opens(&keyring, "a", &token), "the whole role is not opened");
        assert_eq!(keyring.lent(name.as_str()), Some(name.clone()));
        let wait = std::time::Duration::from_secs(5);
        let served = rotator.session(&name, wait).await.unwrap();
        assert!(!served.role.session_policy.is_empty());

        let (next, key) = (Token::new().unwrap(), served.session.credentials.access_key_id().to_owned());
        let again = keyring.lend(&rotator, role("a"), look(), next.clone(), TAG).unwrap();
        drop(lease);
        assert!(opens(&keyring, name.as_str(), &next), "a new connection has it already");
        assert!(!opens(&keyring, name.as_str(), &token), "with a token of its own");
        assert_eq!(rotator.session(&name, wait).await.unwrap().session.credentials.access_key_id(), key);
        let other = SessionPolicy::new(Some(r#"{"Statement":[]}"#), vec![]).unwrap();
        assert_eq!(keyring.lend(&rotator, role("a"), other, token.clone(), TAG).err(), Some(NotLent::NameTaken));
        drop(again);
        assert!(!opens(&keyring, name.as_str(), &next) && rotator.session(&name, wait).await.is_err());
    }

    #[tokio::test]
    async fn what_is_lent_follows_its_role() {
        let (keyring, rotator) = rig();
        let (token, wait) = (Token::new().unwrap(), std::time::Duration::from_secs(5));
        let mut lease = keyring.lend(&rotator, role("a"), look(), token.clone(), TAG).unwrap();
        let mut plain = keyring.lend(&rotator, role("a"), SessionPolicy::default(), token.clone(), TAG).unwrap();
        let name = lease.name().clone();
        let key = async |rotator: &Rotator| {
            let session = rotator.session(&name, wait).await.unwrap().session;
            session.credentials.access_key_id().to_owned()
        };
        let first = key(&rotator).await;
        keyring.follow(&rotator, &[role("a"), role("b")]);
        assert_eq!(key(&rotator).await, first, "nothing has changed for STS");
        let other = Role { arn: "arn:aws:iam::123456789012:role/Other".parse().unwrap(), ..role("a") };
        keyring.follow(&rotator, &[other]);
        assert_ne!(key(&rotator).await, first);
        let served = rotator.session(&name, wait).await.unwrap();
        assert!(served.role.arn.name() == "Other" && !served.role.session_policy.is_empty());

        keyring.follow(&rotator, &[role("b")]);
        assert!(!opens(&keyring, name.as_str(), &token) && !opens(&keyring, "a", &token));
        assert!(rotator.session(&name, wait).await.is_err());
        tokio::time::timeout(wait, async { tokio::join!(lease.over(), plain.over()) }).await.expect("both are over");
    }

    #[tokio::test]
    async fn a_role_with_a_policy_is_not_lent_with_another() {
        let (keyring, rotator) = rig();
        let own = || Role { session_policy: policy("Own"), ..role("a") };
        let lend = |policy| keyring.lend(&rotator, own(), policy, Token::new().unwrap(), TAG);
        assert!(lend(SessionPolicy::default()).is_ok_and(|lease| lease.name().as_str() == "a"));
        assert!(matches!(lend(look()).err(), Some(NotLent::AlreadyNarrowed(_))));
        let lease = keyring.lend(&rotator, role("a"), look(), Token::new().unwrap(), TAG).unwrap();
        keyring.follow(&rotator, &[own()]);
        assert_eq!(keyring.lent(lease.name().as_str()), None, "it would be widened");
    }

    #[tokio::test]
    async fn there_is_an_end_to_what_is_lent() {
        let (keyring, rotator) = rig();
        let lend = || keyring.lend(&rotator, role("a"), SessionPolicy::default(), Token::new().unwrap(), TAG);
        let leases: Vec<_> = (0..LEASES).map(|_| lend().unwrap_or_else(|_| unreachable!())).collect();
        assert_eq!(lend().err(), Some(NotLent::TooMany));
        drop(leases);
        assert!(lend().is_ok());
    }
}
