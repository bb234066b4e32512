//! Proves who sent a request, from its signature and session token.
//!
//! Refuses in the order of the real STS: nothing signed, an incomplete header, an unknown key or token, a wrong time or
//! scope, a wrong signature, an expired session. What the caller may do is left to [`crate::trust`].

use hyper::HeaderMap;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rolecall_core::Region;

use crate::config::Config;
use crate::error::StsError;
use crate::faults::KeyState;
use crate::identity::Caller;
use crate::mint::{Claims, Mint};
use crate::sigv4::{self, Authorization, Incomplete, Signable};
use crate::world::World;

/// The time format of Signature Version 4: ISO 8601, basic format.
const AMZ_DATE: &str = "%Y%m%dT%H%M%SZ";

/// How far the clocks of client and STS may differ.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

const WRONG_SIGNATURE: &str = "The request signature we calculated does not match the signature you provided. Check \
                               your AWS Secret Access Key and signing method. Consult the service documentation for \
                               details.";

/// The caller whose key signed `request` for `service`, such as `sts`.
pub(crate) fn authenticate(
    world: World<'_>,
    service: &str,
    now: Timestamp,
    request: Signable<'_>,
) -> Result<Caller, StsError> {
    let World { config, mint, faults, .. } = world;
    let header = text(request.headers, "authorization").ok_or_else(StsError::missing_authentication_token)?;
    let date = text(request.headers, "x-amz-date").or_else(|| text(request.headers, "date"));
    let authorization = Authorization::parse(header, date.is_some())
        .map_err(|Incomplete(message)| StsError::incomplete_signature(message))?;
    let date = date.unwrap_or_default();
    let signed_at = parse_date(date).ok_or_else(|| {
        StsError::incomplete_signature(format!(
            "Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })?;
    let access_key_id = authorization.access_key_id;
    let key = Key::find(config, mint, access_key_id, request.headers).ok_or_else(StsError::invalid_client_token_id)?;
    let state = faults.keys.get(access_key_id).copied();
    if state == Some(KeyState::Inactive) {
        return Err(StsError::invalid_client_token_id());
    }
    check_scope(&authorization, service, date)?;
    check_time(signed_at, now)?;
    let string_to_sign = sigv4::string_to_sign(request, &authorization, date);
    if !sigv4::is_signed_by(&key.secret(mint), &string_to_sign, &authorization) {
        return Err(StsError::signature_does_not_match(WRONG_SIGNATURE));
    }
    if state == Some(KeyState::Expired) || key.expires_at().is_some_and(|expires_at| expires_at <= now) {
        return Err(StsError::expired_token());
    }
    Ok(key.caller(mint))
}

/// An access key that the sandbox knows.
enum Key<'a> {
    User(&'a crate::config::User),
    Session(Claims),
}

impl<'a> Key<'a> {
    /// A user's key comes without a token, a session's with its own.
    fn find(config: &'a Config, mint: &Mint, access_key_id: &str, headers: &HeaderMap) -> Option<Self> {
        match (config.users.get(access_key_id), text(headers, "x-amz-security-token")) {
            (Some(user), None) => Some(Self::User(user)),
            (None, Some(token)) => {
                mint.read_token(token).filter(|claims| claims.access_key_id == access_key_id).map(Self::Session)
            }
            _ => None,
        }
    }

    fn secret(&self, mint: &Mint) -> String {
        match self {
            Self::User(user) => user.secret_access_key.clone(),
            Self::Session(claims) => mint.secret_access_key(&claims.access_key_id),
        }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::User(_) => None,
            Self::Session(claims) => Some(claims.expires_at),
        }
    }

    fn caller(&self, mint: &Mint) -> Caller {
        match self {
            Self::User(user) => Caller::user(user, mint),
            Self::Session(claims) => Caller::session(claims, mint),
        }
    }
}

/// The one value of a header; none when it is missing or no text.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn parse_date(text: &str) -> Option<Timestamp> {
    // The length keeps out what the parser would take with fewer digits.
    let date = if text.len() == 16 { DateTime::strptime(AMZ_DATE, text).ok()? } else { return None };
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn check_scope(authorization: &Authorization<'_>, expected: &str, amz_date: &str) -> Result<(), StsError> {
    let Authorization { date, region, service, terminator, signed_headers, .. } = authorization;
    let problem = if *terminator != "aws4_request" {
        format!("Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'.")
    } else if *service != expected {
        format!("Credential should be scoped to correct service: '{expected}'.")
    } else if region.parse::<Region>().is_err() {
        format!("Credential should be scoped to a valid region, not '{region}'.")
    } else if !amz_date.starts_with(date) || date.len() != 8 {
        format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != \
             '{}', from '{amz_date}'.",
            &amz_date[..8]
        )
    } else if !signed_headers.split(';').any(|name| name == "host") {
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".into()
    } else {
        return Ok(());
    };
    Err(StsError::signature_does_not_match(problem))
}

fn check_time(signed_at: Timestamp, now: Timestamp) -> Result<(), StsError> {
    let format = |time: Timestamp| time.strftime(AMZ_DATE).to_string();
    let (earliest, latest) = (now.saturating_sub(WINDOW), now.saturating_add(WINDOW));
    let (Ok(earliest), Ok(latest)) = (earliest, latest) else { return Ok(()) };
    let problem = if signed_at < earliest {
        format!(
            "Signature expired: {} is now earlier than {} ({} - 15 min.)",
            format(signed_at),
            format(earliest),
            format(now)
        )
    } else if signed_at > latest {
        format!(
            "Signature not yet current: {} is still later than {} ({} + 15 min.)",
            format(signed_at),
            format(latest),
            format(now)
        )
    } else {
        return Ok(());
    };
    Err(StsError::signature_does_not_match(problem))
}
