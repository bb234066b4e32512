//! What a web identity token says of itself, unverified: STS verifies it. The token itself never leaves this file.

use aws_smithy_types::base64;
use rolecall_core::source::TokenFile;
use rolecall_core::{Fault, FaultKind, Role};
use serde::Deserialize;

use crate::fault::one_line;
use crate::sts::{Sts, attempted, token_file};

/// The claims that a trust policy can ask for ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519), section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `iss`: the URL of the provider.
    pub issuer: String,
    /// `sub`: whom it is about.
    pub subject: String,
    /// `aud`: whom it is for.
    pub audiences: Vec<String>,
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    aud: Audience,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    /// The claims of a token in the compact form of a JWT; none when it is no such token.
    pub(super) fn of(token: &str) -> Option<Self> {
        let payload = token.split('.').nth(1)?;
        // The SDK's decoder knows the alphabet of RFC 4648, section 4, with padding; a token has that of section 5 without.
        let mut standard = payload.replace('-', "+").replace('_', "/");
        standard.push_str(&"=".repeat((4 - standard.len() % 4) % 4));
        let Payload { iss, sub, aud } = serde_json::from_slice(&base64::decode(standard).ok()?).ok()?;
        let audiences: Vec<String> = match aud {
            Audience::One(one) => vec![one],
            Audience::Many(many) => many,
        };
        let audiences = audiences.iter().map(|audience| one_line(audience)).collect();
        Some(Self { issuer: one_line(&iss), subject: one_line(&sub), audiences })
    }
}

impl Sts {
    /// What the token in `file`, which `role` is assumed with, says.
    ///
    /// # Errors
    /// When it cannot be read, or is no JSON Web Token.
    pub async fn claims(&self, role: &Role, file: &TokenFile) -> Result<Claims, Fault> {
        let token = token_file::read(file, &attempted(role)).await?;
        Claims::of(&token).ok_or_else(|| {
            let message = format!(
                "could not {}: the web identity token file {} holds no JSON Web Token with iss, sub and aud",
                attempted(role),
                file.as_str()
            );
            Fault::new(FaultKind::Misconfigured, message, "have the identity provider write its token into that file")
        })
    }
}
