//! The user's profiles as the SDK reads them.
//!
//! Promises that whoever else wants to know what the default chain finds in them gets the very answer of the chain.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};

use super::{ProfileTexts, process};
use crate::fault;

/// A `credential_process` of the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialProcess {
    /// The profile that it stands in.
    pub profile: String,
    /// The command line.
    pub command: String,
}

/// The process that the default chain runs with `selected` as `AWS_PROFILE`, none being `default`; none when it has its
/// credentials from elsewhere, or from nowhere. Keys in the environment are left to the caller.
#[must_use]
pub fn credential_process(texts: &ProfileTexts, selected: Option<&str>) -> Option<CredentialProcess> {
    let variables: Vec<_> = selected.map(|profile| ("AWS_PROFILE", profile)).into_iter().collect();
    let environment = Env::from_slice(&variables);
    let Poll::Ready(profiles) = pin!(parse(&environment, texts)).poll(&mut Context::from_waker(Waker::noop())) else {
        // Texts are at hand, so there is nothing to wait for.
        return None;
    };
    let process = process::find(&profiles.ok()?)?;
    Some(CredentialProcess { profile: process.profile, command: process.command })
}

/// The profiles of both texts.
///
/// # Errors
/// What the SDK says about a text that is malformed.
pub(super) async fn parse(environment: &Env, texts: &ProfileTexts) -> Result<EnvConfigSections, String> {
    // No file is opened: both come as text.
    let source = source::load(environment, &Fs::from_slice(&[]), &files(texts)).await;
    let source = source.map_err(|err| fault::one_line(&err.to_string()))?;
    EnvConfigSections::parse(source).map_err(|err| fault::one_line(&err.to_string()))
}

/// The texts as the SDK takes them.
pub(super) fn files(texts: &ProfileTexts) -> EnvConfigFiles {
    EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, &texts.config)
        .with_contents(EnvConfigFileKind::Credentials, &texts.credentials)
        .build()
}
