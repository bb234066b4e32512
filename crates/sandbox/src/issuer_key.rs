//! The key with which the sandbox signs the tokens of its identity providers.
//!
//! Made from the seed, as everything that the sandbox hands out: the tokens of one run hold in the next. ES256, one of
//! the algorithms that AWS takes.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::mint::Mint;

/// A private key and its public half.
pub(crate) struct IssuerKey {
    private: EncodingKey,
    public: JwkSet,
    id: String,
}

/// What a token says: the claims that AWS looks at.
#[derive(Debug, Serialize)]
pub(crate) struct TokenClaims<'a> {
    pub(crate) iss: &'a str,
    pub(crate) sub: &'a str,
    pub(crate) aud: &'a str,
    /// Seconds since 1970, as the others.
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
}

impl IssuerKey {
    /// The key of a seed.
    pub(crate) fn new(mint: &Mint) -> Self {
        Self::from_candidates((0..).map(|number| mint.private_key(number)))
            .expect("one number of 256 bits in four billion is no key of P-256, and there is a next one")
    }

    fn from_candidates(candidates: impl Iterator<Item = [u8; 32]>) -> Option<Self> {
        for candidate in candidates {
            if let Ok(private) = PrivateKey::from_private_key(&ECDH_P256, &candidate) {
                return Self::from_private_key(&private, &candidate);
            }
        }
        None
    }

    fn from_private_key(private: &PrivateKey, bytes: &[u8]) -> Option<Self> {
        let public = private.compute_public_key().ok()?;
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes, public.as_ref());
        let private = EncodingKey::from_ec_der(pair.ok()?.to_pkcs8v1().ok()?.as_ref());
        let mut public = Jwk::from_encoding_key(&private, Algorithm::ES256).ok()?;
        let id = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(Self { private, public: JwkSet { keys: vec![public] }, id })
    }

    /// The public half, as a JSON Web Key Set.
    pub(crate) fn public(&self) -> &JwkSet {
        &self.public
    }

    /// A token that says `claims`.
    pub(crate) fn sign(&self, claims: &TokenClaims<'_>) -> String {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.private).expect("a key of P-256 signs what has a JSON form")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_has_one_key() {
        let id = |seed: &str| IssuerKey::new(&Mint::new(seed)).id;
        assert_eq!(id("a"), id("a"));
        assert_ne!(id("a"), id("b"));
    }

    #[test]
    fn what_is_no_key_is_passed_over() {
        let good = Mint::new("a").private_key(0);
        let key = IssuerKey::from_candidates([[0; 32], [0xff; 32], good].into_iter()).unwrap();
        assert_eq!(key.id, IssuerKey::new(&Mint::new("a")).id);
        assert!(IssuerKey::from_candidates([[0; 32]].into_iter()).is_none());
    }

    #[test]
    fn the_public_half_has_nothing_private() {
        let json = serde_json::to_value(IssuerKey::new(&Mint::new("a")).public()).unwrap();
        let mut names: Vec<_> = json["keys"][0].as_object().unwrap().keys().cloned().collect();
        names.sort();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
}
