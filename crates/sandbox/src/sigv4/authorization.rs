//! The `Authorization` header of a signed request, taken apart.
//!
//! Checks the form only, and says in AWS's words what is missing. Nothing here decides whether the signature is right.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The only algorithm that is understood.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// `AWS4-HMAC-SHA256 Credential=<key id>/<date>/<region>/<service>/<terminator>, SignedHeaders=<a;b>, Signature=<hex>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authorization<'a> {
    pub(crate) access_key_id: &'a str,
    /// `YYYYMMDD`.
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// `aws4_request` when all is well.
    pub(crate) terminator: &'a str,
    /// Lower-case names joined by `;`.
    pub(crate) signed_headers: &'a str,
    /// Hexadecimal.
    pub(crate) signature: &'a str,
}

/// The header does not have the form of Signature Version 4; the text is the message that AWS gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incomplete(pub(crate) String);

impl<'a> Authorization<'a> {
    /// Takes `header` apart. `has_date`: whether the request says when it was signed, since AWS reports everything that
    /// is missing in one message.
    pub(crate) fn parse(header: &'a str, has_date: bool) -> Result<Self, Incomplete> {
        let digest = || STANDARD.encode(Sha256::digest(header));
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        if let Some(parameters) = header.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' ')) {
            for part in parameters.split([',', ' ']).filter(|part| !part.is_empty()) {
                match part.split_once('=') {
                    Some(("Credential", value)) => credential = Some(value),
                    Some(("SignedHeaders", value)) => signed_headers = Some(value),
                    Some(("Signature", value)) => signature = Some(value),
                    Some(_) => {}
                    None => {
                        return Err(Incomplete(format!(
                            "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header (hashed \
                             with SHA-256 and encoded with Base64): '{}'.",
                            digest()
                        )));
                    }
                }
            }
        }
        let (Some(credential), Some(signed_headers), Some(signature), true) =
            (credential, signed_headers, signature, has_date)
        else {
            let missing = [
                (credential.is_none(), "Authorization header requires 'Credential' parameter. "),
                (signature.is_none(), "Authorization header requires 'Signature' parameter. "),
                (signed_headers.is_none(), "Authorization header requires 'SignedHeaders' parameter. "),
                (!has_date, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "),
            ];
            let missing: String = missing.iter().filter(|(is, _)| *is).map(|(_, text)| *text).collect();
            return Err(Incomplete(format!(
                "{missing}(Hashed with SHA-256 and encoded with Base64) Authorization={}",
                digest()
            )));
        };
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, terminator] = parts[..] else {
            return Err(Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
                 '{credential}'"
            )));
        };
        Ok(Self { access_key_id, date, region, service, terminator, signed_headers, signature })
    }
}
