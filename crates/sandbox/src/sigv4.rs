//! AWS Signature Version 4, as arithmetic: what a request's signature must be.
//!
//! Follows the [AWS description](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)
//! and AWS's own test vectors. Pure. Paths are taken as they are, since STS has only `/`. Who the key belongs to and
//! whether the time is right is left to [`crate::authenticate`].

mod authorization;
#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit, Mac};
use hyper::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};
use sha2::{Digest, Sha256};

pub(crate) use authorization::{ALGORITHM, Authorization, Incomplete};

/// Everything but the unreserved characters of RFC 3986 is encoded in a canonical query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Room for the canonical form of a request with a session token.
const ROOM: usize = 2048;

/// The parts of an HTTP request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signable<'a> {
    /// `GET`, `POST`.
    pub(crate) method: &'a str,
    /// As it came.
    pub(crate) path: &'a str,
    /// What follows the `?`, as it came; empty when there is none.
    pub(crate) query: &'a str,
    /// All headers; the signature names those that it covers.
    pub(crate) headers: &'a HeaderMap,
    /// The whole body.
    pub(crate) body: &'a [u8],
}

/// The text that is signed: the same for whoever holds the same request, whatever the key.
pub(crate) fn string_to_sign(request: Signable<'_>, authorization: &Authorization<'_>, amz_date: &str) -> String {
    let Authorization { date, region, service, terminator, .. } = authorization;
    let digest = Sha256::digest(canonical_request(request, authorization.signed_headers));
    format!("{ALGORITHM}\n{amz_date}\n{date}/{region}/{service}/{terminator}\n{}", hex::encode(digest))
}

/// Whether the signature is the one that `secret` makes of `string_to_sign`. Compares in constant time.
pub(crate) fn is_signed_by(secret: &str, string_to_sign: &str, authorization: &Authorization<'_>) -> bool {
    let Authorization { date, region, service, terminator, signature, .. } = authorization;
    let start: [u8; 32] = hmac(format!("AWS4{secret}").as_bytes(), date).finalize().into_bytes().into();
    let key = [*region, *service, *terminator]
        .iter()
        .fold(start, |key, part| hmac(&key, part).finalize().into_bytes().into());
    hex::decode(signature).is_ok_and(|signature| hmac(&key, string_to_sign).verify_slice(&signature).is_ok())
}

fn canonical_request(request: Signable<'_>, signed_headers: &str) -> String {
    let Signable { method, path, query, headers, body } = request;
    let mut text = String::with_capacity(ROOM);
    for part in [method, "\n", path, "\n", &canonical_query(query), "\n"] {
        text.push_str(part);
    }
    for name in signed_headers.split(';') {
        text.push_str(name);
        text.push(':');
        push_canonical_values(&mut text, headers, name);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(signed_headers);
    text.push('\n');
    text.push_str(&hex::encode(Sha256::digest(body)));
    text
}

/// Every name and value encoded once more from its decoded bytes, sorted by name, then value.
fn canonical_query(query: &str) -> String {
    let encode = |part: &str| {
        let decoded = percent_decode_str(part).collect::<Vec<u8>>();
        percent_encoding::percent_encode(&decoded, ENCODED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// All values of a header, trimmed, inner runs of spaces made one, joined by commas; nothing when there is no such header.
fn push_canonical_values(text: &mut String, headers: &HeaderMap, name: &str) {
    for (number, value) in headers.get_all(name).iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        for (number, word) in value.split_ascii_whitespace().enumerate() {
            if number > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
}

fn hmac(key: &[u8], data: &str) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length").chain_update(data)
}
