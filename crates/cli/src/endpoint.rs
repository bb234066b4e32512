//! The endpoint of AWS that the environment names, checked before anything is done.
//!
//! The check before the first call sees profiles, too, but then it is a fault of each role; a variable can only be mended
//! by a new start, so it is told at the start.

use rolecall_aws::endpoint_flaw;

use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The variables that say where STS answers
/// ([service-specific endpoints](https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html)).
const VARIABLES: [&str; 2] = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"];

/// Refuses a variable that is no URL of a server.
///
/// # Errors
/// The first such variable. Its value is not shown: it may hold a password.
pub(crate) fn check(environment: &Environment) -> Result<(), Failure> {
    let ignored = environment.text("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if ignored.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(());
    }
    let wrong = |name: &&str| environment.get(name).is_some_and(|value| !value.to_str().is_some_and(is_usable));
    match VARIABLES.into_iter().find(wrong) {
        None => Ok(()),
        Some(name) => {
            let message = format!("{name} is not the URL of a server");
            Err(Failure::new(ExitCode::Usage, message, "set it to one such as http://127.0.0.1:4566, or unset it"))
        }
    }
}

/// Whether the value is the URL of a server, or blank, which counts as unset.
fn is_usable(value: &str) -> bool {
    value.trim().is_empty() || endpoint_flaw(value).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_the_url_of_a_server_or_nothing() {
        for (value, usable) in [
            ("http://127.0.0.1:4566", true),
            ("https://sts.example.com/path/", true),
            ("http://[::1]:80", true),
            ("", true),
            (" ", true),
            ("http://a:99999", false),
            ("127.0.0.1:4566", false),
            ("localhost:4566", false),
            ("ftp://x", false),
            ("http://", false),
            ("http://a b", false),
            ("/path", false),
            (" http://x", false),
        ] {
            for name in VARIABLES {
                let told = check(&Environment::from([(name, value)]));
                assert_eq!(told.is_ok(), usable, "{name}={value}");
                if let Err(failure) = told {
                    assert_eq!(failure.code, ExitCode::Usage);
                    assert!(failure.message.contains(name) && !failure.message.contains("4566"), "{failure:?}");
                }
            }
            let ignored = [("AWS_ENDPOINT_URL", value), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True")];
            assert!(check(&Environment::from(ignored)).is_ok());
        }
    }
}
