//! Whether the endpoint that the settings name for STS can be called at all.
//!
//! The SDK ignores some of the addresses that cannot, and calls AWS instead; others it takes for a network that is down.

use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::section::EnvConfigSections;
use rolecall_core::{Fault, FaultKind};
use url::Url;

use crate::environment::Environment;
use crate::fault;

/// The variables, the one that counts first.
const VARIABLES: [&str; 2] = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"];

/// Checks the endpoint that is in force for STS, if one is set.
///
/// # Errors
/// Which setting names what, and why no call can be made to it.
pub(super) fn check(environment: &Environment, profiles: &EnvConfigSections) -> Result<(), Fault> {
    let Some(url) = in_force(environment, profiles) else { return Ok(()) };
    let Some(why) = flaw(&url) else { return Ok(()) };
    let variable = VARIABLES.into_iter().find(|name| environment.get(name).is_some());
    let (setting, action) = match variable {
        Some(name) => (name.to_owned(), format!("correct or unset {name} and start rolecall again")),
        None => (
            format!("endpoint_url of the profile {:?}", profiles.selected_profile()),
            "correct it in the AWS config file; it is read again at the next attempt".into(),
        ),
    };
    let shown = without_password(&url);
    Err(fault::of_loading(
        FaultKind::Misconfigured,
        &format!("{setting} is {shown:?}, which {why}"),
        format!("{action}; an endpoint looks like \"https://sts.eu-central-1.amazonaws.com\""),
    ))
}

/// The endpoint that is named for STS and not ignored.
pub(super) fn in_force(environment: &Environment, profiles: &EnvConfigSections) -> Option<String> {
    let env = environment.for_sdk();
    let ignored = EnvConfigValue::new()
        .env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .profile("ignore_configured_endpoint_urls")
        .load(&env, Some(profiles))
        .is_some_and(|(value, _)| value.eq_ignore_ascii_case("true"));
    let setting = EnvConfigValue::new().env("AWS_ENDPOINT_URL").profile("endpoint_url").service_id("STS");
    let (url, _) = setting.load(&env, Some(profiles)).filter(|_| !ignored)?;
    Some(url.into_owned())
}

/// Why nothing can be called at this address, as what follows "which"; none when something may be.
#[must_use]
pub fn flaw(url: &str) -> Option<&'static str> {
    let Ok(parsed) = Url::parse(url) else { return Some("is not a URL") };
    if !matches!(parsed.scheme(), "http" | "https") {
        return Some("starts neither with http:// nor with https://");
    }
    (!url.bytes().all(|byte| byte.is_ascii_graphic())).then_some("has a space or another character that no URL has")
}

/// Whoever puts a password into the address does not want to read it in a fault.
fn without_password(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_http_url() {
        for good in ["http://127.0.0.1:4566", "https://sts.amazonaws.com/", "HTTP://u:p@[::1]:80", "http://localhost"] {
            assert_eq!(flaw(good), None, "{good}");
        }
        for bad in [
            "garbage",
            "localhost:4566",
            "ftp://x",
            "http://[::1",
            "http://",
            "http://a:99999",
            "http://a b",
            "http://a\n",
        ] {
            assert!(flaw(bad).is_some(), "{bad}");
        }
    }
}
