//! Verifies the token of an identity provider (OpenID Connect, a JSON Web Token).
//!
//! Promises that the provider is one of the role's account, the signature is of one of its keys, the token is for one of
//! its audiences and holds now, by the clock of the sandbox. Whether the role takes it is left to [`crate::trust`].

use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::config::{Config, Issuer};
use crate::error::StsError;

/// What AWS takes and the library knows
/// ([requirements](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)).
const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::ES256, Algorithm::ES384];

/// Who a token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<OneOrMore>,
    exp: Option<f64>,
    nbf: Option<f64>,
}

/// `aud` is a text or a list of texts (RFC 7519, section 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Identity {
    /// Verifies `token` for a role of `account`.
    pub(crate) fn verify(
        config: &Config,
        own_keys: &JwkSet,
        account: &str,
        now: Timestamp,
        token: &str,
    ) -> Result<Self, StsError> {
        let no_token = || {
            StsError::invalid_identity_token(
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
            )
        };
        let header = jsonwebtoken::decode_header(token).map_err(|_| no_token())?;
        let claims: Claims = jsonwebtoken::dangerous::insecure_decode(token).map_err(|_| no_token())?.claims;
        let missing = |name: &str| StsError::invalid_identity_token(format!("Missing a required claim: {name}"));
        let issuer = claims.iss.ok_or_else(|| missing("iss"))?;
        let provider = config.issuer(account, &issuer).ok_or_else(|| {
            StsError::invalid_identity_token(format!("No OpenIDConnect provider found in your account for {issuer}"))
        })?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(StsError::invalid_identity_token(
                "Token must be signed with one of RS256, RS384, RS512, ES256, ES384",
            ));
        }
        let key = find_key(provider, own_keys, header.kid.as_deref()).ok_or_else(|| {
            StsError::invalid_identity_token(
                "Couldn't retrieve verification key from your identity provider, please reference \
                 AssumeRoleWithWebIdentity documentation for requirements",
            )
        })?;
        check_signature(token, key, header.alg)
            .ok_or_else(|| StsError::invalid_identity_token("Token signature is invalid"))?;
        let audience = provider.known_audience(match claims.aud.ok_or_else(|| missing("aud"))? {
            OneOrMore::One(audience) => vec![audience],
            OneOrMore::More(audiences) => audiences,
        });
        let audience = audience.ok_or_else(|| StsError::invalid_identity_token("Incorrect token audience"))?;
        let subject = claims.sub.ok_or_else(|| missing("sub"))?;
        let expires_at = whole_seconds(claims.exp.ok_or_else(|| missing("exp"))?);
        if expires_at <= now.as_second() {
            return Err(StsError::expired_identity_token(now.as_second(), expires_at));
        }
        if claims.nbf.is_some_and(|from| whole_seconds(from) > now.as_second()) {
            return Err(StsError::invalid_identity_token("Token is not valid yet"));
        }
        Ok(Self { issuer, subject, audience })
    }
}

/// The key that the token names; a provider with one key needs no name.
fn find_key<'a>(provider: &'a Issuer, own_keys: &'a JwkSet, id: Option<&str>) -> Option<&'a Jwk> {
    let keys = provider.keys.as_ref().unwrap_or(own_keys);
    match (id, &keys.keys[..]) {
        (Some(id), _) => keys.find(id),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

fn check_signature(token: &str, key: &Jwk, algorithm: Algorithm) -> Option<()> {
    let key = DecodingKey::from_jwk(key).ok()?;
    let mut signature_only = Validation::new(algorithm);
    // The library would ask the clock of the machine; the claims are checked by the clock of the sandbox instead.
    signature_only.validate_exp = false;
    signature_only.validate_nbf = false;
    signature_only.validate_aud = false;
    signature_only.required_spec_claims.clear();
    jsonwebtoken::decode::<Claims>(token, &key, &signature_only).ok().map(|_| ())
}

/// The second in which a time falls.
fn whole_seconds(time: f64) -> i64 {
    time.floor() as i64
}
