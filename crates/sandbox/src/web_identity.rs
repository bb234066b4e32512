//! `AssumeRoleWithWebIdentity`: a session for whoever holds the token of an identity provider that the role trusts.
//!
//! The call needs no signature. Constraints and errors follow the
//! [API reference](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html).

mod token;

use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;

use crate::assume_role::{Wish, check_max_session};
use crate::config::Config;
use crate::error::StsError;
use crate::faults::Faults;
use crate::issue::{Issued, issue};
use crate::mint::Mint;
use crate::query::Parameters;
use crate::trust::takes_token;

pub(crate) use token::Identity;

/// Answers `AssumeRoleWithWebIdentity`; `own_keys` are those of the providers that the sandbox plays itself. Returns
/// who the token named, too.
pub(crate) fn assume_role_with_web_identity(
    config: &Config,
    mint: &Mint,
    own_keys: &JwkSet,
    faults: &Faults,
    now: Timestamp,
    serial: u64,
    parameters: &Parameters<'_>,
) -> Result<(Issued, Identity), StsError> {
    let token = parameters.get("WebIdentityToken");
    let wish = Wish::read(parameters, |problems| {
        problems.required("webIdentityToken", token, 4..=20_000, None);
    })?;
    let identity = Identity::verify(config, own_keys, wish.role.account(), now, token.unwrap_or_default())?;
    let role = config.roles.get(&wish.role).filter(|role| {
        let takes = |trusted| takes_token(trusted, &identity.issuer, &identity.subject, &identity.audience);
        !faults.denies(&wish.role) && role.web_identity.as_ref().is_some_and(takes)
    });
    let role = role.ok_or_else(StsError::web_identity_denied)?;
    check_max_session(wish.seconds, role.max_session)?;
    Ok((issue(mint, faults, now, serial, wish), identity))
}
