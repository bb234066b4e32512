//! Makes keys, tokens and ids, and reads tokens back.
//!
//! Everything comes from the seed and a serial number, so that a run can be repeated. A session lives in its token, as
//! with the real STS: the sandbox keeps no list of sessions, so its memory does not grow with them. The values open
//! nothing but this sandbox; the secret is not in the token.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use rolecall_core::RoleArn;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::session::Carried;

/// How the access key ids of sessions begin; real ones begin with `ASIA` and have 20 characters too.
pub(crate) const SESSION_KEY_PREFIX: &str = "ASIASANDBOX";

/// The digits of base 32 that AWS uses in ids.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The length of the digest at the head of a token, in bytes.
const DIGEST: usize = 32;

/// Makes keys and ids of one seed.
#[derive(Clone)]
pub(crate) struct Mint {
    seed: Hmac<Sha256>,
}

/// What a session token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The access key that the token belongs to.
    pub(crate) access_key_id: String,
    /// The assumed role.
    pub(crate) role: RoleArn,
    /// Checked when it was issued.
    pub(crate) session_name: String,
    /// Whole seconds.
    pub(crate) expires_at: Timestamp,
    pub(crate) carried: Carried,
}

/// The inside of a token: key, role, session name, expiry in seconds, tags and source identity.
#[derive(Serialize, Deserialize)]
struct Sealed<'a>(&'a str, String, &'a str, i64, Cow<'a, Carried>);

impl Mint {
    /// A mint for one run.
    pub(crate) fn new(seed: &str) -> Self {
        Self { seed: Hmac::new_from_slice(seed.as_bytes()).expect("HMAC takes a key of any length") }
    }

    /// A request id, shaped as a UUID.
    pub(crate) fn request_id(&self, serial: u64) -> String {
        let hex = hex::encode(&self.digest("request", &serial.to_string())[..16]);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// The access key id of the session that call number `serial` is given.
    pub(crate) fn access_key_id(&self, serial: u64) -> String {
        let digit = |place: u32| char::from(BASE32[(serial >> (5 * place) & 31) as usize]);
        SESSION_KEY_PREFIX.chars().chain((0..9).rev().map(digit)).collect()
    }

    /// The secret of a session's access key: 40 characters, as AWS's.
    pub(crate) fn secret_access_key(&self, access_key_id: &str) -> String {
        STANDARD.encode(&self.digest("secret", access_key_id)[..30])
    }

    /// The unique id of a user (`AIDA`) or role (`AROA`): always the same for one ARN.
    pub(crate) fn unique_id(&self, prefix: &str, arn: &str) -> String {
        let digest = self.digest("unique id", arn);
        let digits = digest[..17].iter().map(|byte| char::from(BASE32[usize::from(byte & 31)]));
        prefix.chars().chain(digits).collect()
    }

    /// A number that may be the private key of the identity providers.
    pub(crate) fn private_key(&self, number: u32) -> [u8; DIGEST] {
        self.digest("issuer key", &number.to_string())
    }

    /// The session token that carries `claims`.
    pub(crate) fn session_token(&self, claims: &Claims) -> String {
        let Claims { access_key_id, role, session_name, expires_at, carried } = claims;
        let (role, expires_at) = (role.to_string(), expires_at.as_second());
        let sealed = Sealed(access_key_id, role, session_name, expires_at, Cow::Borrowed(carried));
        let text = serde_json::to_string(&sealed).expect("texts, lists and a number have a JSON form");
        let mut bytes = self.digest("token", &text).to_vec();
        bytes.extend_from_slice(text.as_bytes());
        STANDARD.encode(bytes)
    }

    /// Reads a token back; none when this mint did not make it.
    pub(crate) fn read_token(&self, token: &str) -> Option<Claims> {
        let bytes = STANDARD.decode(token).ok()?;
        let (digest, text) = bytes.split_at_checked(DIGEST)?;
        let text = str::from_utf8(text).ok()?;
        self.keyed("token", text).verify_slice(digest).ok()?;
        let Sealed(access_key_id, role, session_name, expires_at, carried) = serde_json::from_str(text).ok()?;
        Some(Claims {
            access_key_id: access_key_id.to_owned(),
            role: role.parse().ok()?,
            session_name: session_name.to_owned(),
            expires_at: Timestamp::from_second(expires_at).ok()?,
            carried: carried.into_owned(),
        })
    }

    /// A token that carries `claims`, for one purpose.
    pub(crate) fn seal(&self, purpose: &str, claims: &impl Serialize) -> String {
        let text = serde_json::to_string(claims).expect("claims have a JSON form");
        let mut bytes = self.digest(purpose, &text).to_vec();
        bytes.extend_from_slice(text.as_bytes());
        STANDARD.encode(bytes)
    }

    /// Reads such a token back; none when this mint did not make it, or for another purpose.
    pub(crate) fn open<T: DeserializeOwned>(&self, purpose: &str, token: &str) -> Option<T> {
        let bytes = STANDARD.decode(token).ok()?;
        let (digest, text) = bytes.split_at_checked(DIGEST)?;
        let text = str::from_utf8(text).ok()?;
        self.keyed(purpose, text).verify_slice(digest).ok()?;
        serde_json::from_str(text).ok()
    }

    fn digest(&self, purpose: &str, text: &str) -> [u8; DIGEST] {
        self.keyed(purpose, text).finalize().into_bytes().into()
    }

    fn keyed(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        self.seed.clone().chain_update(purpose).chain_update([0]).chain_update(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::session::SessionTag;

    fn claims() -> Claims {
        Claims {
            access_key_id: Mint::new("a").access_key_id(0),
            role: "arn:aws:iam::123456789012:role/p/R".parse().unwrap(),
            session_name: "me".into(),
            expires_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            carried: Carried {
                tags: vec![SessionTag { key: "Köst/1".into(), value: "a b".into(), transitive: true }],
                source_identity: Some("alice".into()),
            },
        }
    }

    #[test]
    fn a_token_is_read_back_by_its_mint_only() {
        let mint = Mint::new("a");
        let token = mint.session_token(&claims());
        assert_eq!(mint.read_token(&token), Some(claims()));
        assert_eq!(Mint::new("b").read_token(&token), None);
        for bad in ["", "AAAA", "%", &token[1..], &token[..token.len() - 4], &token.replace('A', "B")] {
            assert_eq!(mint.read_token(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_sealed_is_opened_for_its_purpose_only() {
        let mint = Mint::new("a");
        let token = mint.seal("a door", &7);
        assert_eq!(mint.open("a door", &token), Some(7));
        assert_eq!(mint.open::<i32>("a window", &token), None);
        assert_eq!(Mint::new("b").open::<i32>("a door", &token), None);
    }

    #[test]
    fn keys_are_unique_repeatable_and_look_like_those_of_aws() {
        let mint = Mint::new("a");
        let keys: BTreeSet<_> = (0..5000).map(|serial| mint.access_key_id(serial)).collect();
        assert_eq!(keys.len(), 5000);
        assert!(keys.iter().all(|key| key.len() == 20 && key.starts_with("ASIA")));
        let secrets: BTreeSet<_> = keys.iter().map(|key| mint.secret_access_key(key)).collect();
        assert!(secrets.len() == 5000 && secrets.iter().all(|secret| secret.len() == 40));
        assert_eq!(Mint::new("a").secret_access_key("k"), mint.secret_access_key("k"));
        assert_ne!(Mint::new("b").secret_access_key("k"), mint.secret_access_key("k"));
    }

    #[test]
    fn ids_have_the_length_of_those_of_aws() {
        let mint = Mint::new("a");
        assert_eq!(mint.unique_id("AROA", "arn").len(), 21);
        assert_eq!(mint.request_id(1).len(), 36);
        assert_ne!(mint.request_id(1), mint.request_id(2));
    }
}
