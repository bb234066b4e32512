//! `AssumeRoleWithWebIdentity`: a session for whoever holds the token of an identity provider that the role trusts.
//!
//! The call needs no signature. Constraints and errors follow the
//! [API reference](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).
//! Tags and source identities in the claims of tokens are not looked at.

mod token;

use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use rolecall_core::RoleArn;

use crate::assume_role::{Wish, check_max_session};
use crate::error::StsError;
use crate::issue::{Issued, issue};
use crate::query::Parameters;
use crate::trust::takes_token;
use crate::world::World;

pub(crate) use token::Identity;

/// Answers `AssumeRoleWithWebIdentity`; `own_keys` are those of the providers that the sandbox plays itself. Returns
/// who the token named, too.
pub(crate) fn assume_role_with_web_identity(
    world: World<'_>,
    own_keys: &JwkSet,
    now: Timestamp,
    serial: u64,
    parameters: &Parameters<'_>,
) -> Result<(Issued, Identity), StsError> {
    let World { config, mint, faults, .. } = world;
    let token = parameters.get("WebIdentityToken");
    let wish = Wish::read(parameters, |problems| {
        problems.required("webIdentityToken", token, 4..=20_000, None);
    })?;
    let identity = Identity::verify(config, own_keys, wish.role.account(), now, token.unwrap_or_default())?;
    let role = config.roles.get(&wish.role).filter(|role| {
        let trust = world.trust_of(&wish.role, role);
        !faults.denies(&wish.role) && takes_token(&wish.role, trust, &identity, &wish.session_name, now)
    });
    let role = role.ok_or_else(StsError::web_identity_denied)?;
    check_max_session(wish.seconds, role.max_session)?;
    wish.check_packed()?;
    Ok((issue(mint, faults, now, serial, wish), identity))
}

/// The ARN of the provider with the URL `issuer` in the account of `role`.
pub(crate) fn provider_arn(role: &RoleArn, issuer: &str) -> String {
    format!("arn:{}:iam::{}:oidc-provider/{}", role.partition(), role.account(), without_scheme(issuer))
}

/// How the ARN of a provider and its condition keys name it.
pub(crate) fn without_scheme(issuer: &str) -> &str {
    issuer.strip_prefix("https://").unwrap_or(issuer)
}
