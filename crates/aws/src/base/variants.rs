//! Whether the settings for endpoints with FIPS and with dual stack are ones that the SDK can follow.
//!
//! It ignores a value that is neither `true` nor `false`, and so leaves FIPS off for whoever wrote `1`. An endpoint
//! that is named cannot be had in a variant; the SDK tells that as a call without an answer.

use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::section::EnvConfigSections;
use rolecall_core::{Fault, FaultKind};

use super::endpoint;
use crate::environment::Environment;
use crate::fault;

/// The variable and the key of the profile of each
/// ([SDK reference](https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html)).
const SETTINGS: [(&str, &str); 2] =
    [("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"), ("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")];

/// Checks both settings.
///
/// # Errors
/// Which one is neither on nor off, or is on besides an endpoint that is named.
pub(super) fn check(environment: &Environment, profiles: &EnvConfigSections) -> Result<(), Fault> {
    let env = environment.for_sdk();
    let has_endpoint = endpoint::in_force(environment, profiles).is_some();
    for (variable, key) in SETTINGS {
        let setting = EnvConfigValue::new().env(variable).profile(key);
        let Some((value, _)) = setting.load(&env, Some(profiles)) else { continue };
        let (name, again) = match environment.get(variable) {
            Some(_) => (variable.to_owned(), "start rolecall again"),
            None => (
                format!("{key} of the profile {:?}", profiles.selected_profile()),
                "the AWS config file is read again at the next attempt",
            ),
        };
        let misconfigured = |why: &str, action: &str| {
            let (why, action) = (format!("{name} {why}"), format!("{action}; {again}"));
            Err(fault::of_loading(FaultKind::Misconfigured, &why, action))
        };
        let is_on = value.eq_ignore_ascii_case("true");
        if !is_on && !value.eq_ignore_ascii_case("false") {
            return misconfigured(&format!("is {value:?}, which is neither true nor false"), "write true or false");
        }
        if is_on && has_endpoint {
            return misconfigured(
                "is true, but an endpoint for STS is named, which is called as it is",
                "switch it off, or take AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS or endpoint_url away",
            );
        }
    }
    Ok(())
}
