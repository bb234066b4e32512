//! The default chain, asked once: settings, Region and credentials, within one time limit.
//!
//! Profile files come as text and the environment as a value. What the SDK would choke on, ignore or blame on the network
//! is refused here before it gets that far; a `credential_process` is run here and not by the SDK.

use std::sync::Arc;

use aws_config::{ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_sdk_sts::config::{Credentials, SharedHttpClient};
use rolecall_core::{Fault, FaultKind};

use super::check;
use super::clues::{Clues, check_profile, check_selected};
use super::deadline::Deadline;
use super::load::{Resolved, Seams, retries, timeouts};
use super::process::{self, Process};
use super::profiles::{self, files};
use super::{ProfileFiles, ProfileTexts, Wanted, endpoint, variants};
use crate::environment::Environment;
use crate::fault;
use crate::http;
use crate::quiet::quiet;

/// The profile that stands for the answer of a process which a role is assumed with.
const ANSWER: &str = "rolecall-credential-process";

/// Where the chain looks.
pub(super) struct Chain<'a> {
    pub(super) files: &'a Arc<dyn ProfileFiles>,
    pub(super) environment: &'a Environment,
    /// Whose credentials it is asked for; the environment leads to no others.
    pub(super) wanted: &'a Wanted,
    pub(super) seams: &'a Seams,
    /// The Region for calls that the chain itself has to make when it has none.
    pub(super) fallback: Option<&'a Region>,
    /// Whether it has given credentials before.
    pub(super) worked: bool,
}

impl Chain<'_> {
    /// Asks the chain.
    ///
    /// # Errors
    /// Why it has no base, or none that can be used.
    pub(super) async fn resolve(&self) -> Result<Resolved, Fault> {
        let limit = self.seams.limit;
        let mut deadline = Deadline::new(limit);
        let is_wanted = *self.wanted != Wanted::Nobody;
        if is_wanted {
            check::environment(self.environment)?;
        }
        let texts = deadline.within(self.texts(), || fault::files_timed_out(limit)).await??;
        let (texts, profiles) = self.parse(texts).await?;
        endpoint::check(self.environment, &profiles)?;
        variants::check(self.environment, &profiles)?;
        if let Wanted::Profile(name) = self.wanted {
            check_profile(name, &profiles)?;
        }
        let http = self.http(&profiles);
        if is_wanted {
            check_selected(self.environment, &profiles)?;
        } else {
            let settings = quiet(self.settings(&texts, &http));
            let (config, region) = deadline.within(settings, || fault::base_timed_out(limit)).await??;
            return Ok(Resolved { config, region, credentials: None });
        }

        let without_profiles = matches!(self.wanted, Wanted::Provider(_));
        let process = process::find(&profiles).filter(|_| !self.environment.has_keys() && !without_profiles);
        let answer = match &process {
            Some(process) => Some(
                deadline.within(process.run(self.worked, self.environment), || process.late(limit.as_secs())).await??,
            ),
            None => None,
        };
        let (texts, credentials) = match (process, answer) {
            (Some(Process { role_profile: Some(role_profile), .. }), Some(answer)) => {
                (with_answer(texts, &role_profile, &answer), None)
            }
            (_, answer) => (texts, answer),
        };
        let clues = Clues::of(self.wanted, self.environment, &profiles);
        let rest = quiet(self.ask(&texts, credentials, &clues, &http));
        deadline.within(rest, || fault::base_timed_out(limit)).await?
    }

    /// The client for all calls: the one of the process, unless the profile trusts authorities of its own. The SDK looks
    /// at neither `ca_bundle` nor the variable, which counts first.
    fn http(&self, profiles: &EnvConfigSections) -> SharedHttpClient {
        match profiles.get("ca_bundle") {
            Some(bundle) if self.environment.get(http::BUNDLE_VARIABLE).is_none() => {
                let setting = format!("ca_bundle of the profile {:?}", profiles.selected_profile());
                http::client_with(self.environment, setting, bundle)
            }
            _ => self.seams.http.clone(),
        }
    }

    /// Reads the profile files, which may block.
    async fn texts(&self) -> Result<ProfileTexts, Fault> {
        let files = Arc::clone(self.files);
        let read = tokio::task::spawn_blocking(move || files.read()).await;
        read.unwrap_or_else(|_| {
            Err(fault::of_loading(
                FaultKind::Bug,
                "reading the AWS config and credentials files was broken off",
                "report this",
            ))
        })
    }

    /// The profiles of the texts. Texts that cannot be parsed are no texts where the environment has a base: half a file
    /// of somebody else's must not stop a pod with a web identity.
    async fn parse(&self, texts: ProfileTexts) -> Result<(ProfileTexts, EnvConfigSections), Fault> {
        let why = match self.sections(&texts).await {
            Ok(sections) => return Ok((texts, sections)),
            Err(why) => why,
        };
        let ProfileTexts { config, .. } = texts;
        let no_credentials = ProfileTexts { config, credentials: String::new() };
        let file = if self.sections(&no_credentials).await.is_err() { "config" } else { "credentials" };
        let why = format!("the AWS {file} file is malformed: {why}");
        if !self.environment.can_do_without_profiles() {
            let action = format!("correct that line of the {file} file; it is read again at the next attempt");
            return Err(fault::of_loading(FaultKind::Misconfigured, &why, action));
        }
        self.seams.files_told.call_once(|| {
            tracing::warn!("{why}; until it is corrected, the base in the environment is used without the profiles");
        });
        let none = nothing();
        let sections = self.sections(&none).await.unwrap_or_default();
        Ok((none, sections))
    }

    async fn sections(&self, texts: &ProfileTexts) -> Result<EnvConfigSections, String> {
        quiet(profiles::parse(&self.environment.for_sdk(), texts)).await
    }

    /// Asks the SDK for whatever is not known yet.
    async fn ask(
        &self,
        texts: &ProfileTexts,
        credentials: Option<Credentials>,
        clues: &Clues,
        http: &SharedHttpClient,
    ) -> Result<Resolved, Fault> {
        let (config, region) = self.settings(texts, http).await?;
        let provider = match self.wanted.apart_from_profiles(self.environment) {
            Some(environment) => self.loader(&environment, &nothing(), http).load().await.credentials_provider(),
            None => config.credentials_provider(),
        };
        let credentials = match (credentials, provider) {
            (Some(credentials), _) => credentials,
            (None, Some(provider)) => {
                provider.provide_credentials().await.map_err(|err| fault::of_base(&err, clues))?
            }
            (None, None) => {
                return Err(fault::of_loading(FaultKind::Bug, "the AWS default chain has no provider", "report this"));
            }
        };
        Ok(Resolved { config, region, credentials: Some(credentials) })
    }

    /// The settings of the chain and the Region that it found. They are loaded a second time with the fallback when it
    /// found none, since its own calls to STS (web identity, `source_profile`) fail without one.
    async fn settings(
        &self,
        texts: &ProfileTexts,
        http: &SharedHttpClient,
    ) -> Result<(SdkConfig, Option<Region>), Fault> {
        let loader = || self.loader(self.environment, texts, http);
        let config = loader().load().await;
        match (config.region().cloned(), self.fallback) {
            (None, Some(fallback)) => Ok((loader().region(fallback.clone()).load().await, None)),
            (None, None) => Ok((config, None)),
            (Some(region), _) => {
                self.check_region(&region)?;
                Ok((config, Some(region)))
            }
        }
    }

    fn loader(&self, environment: &Environment, texts: &ProfileTexts, http: &SharedHttpClient) -> ConfigLoader {
        aws_config::from_env()
            .env(environment.for_sdk())
            .fs(self.seams.fs.clone())
            .profile_files(files(texts))
            .http_client(http.clone())
            .time_source(self.seams.time.clone())
            .timeout_config(timeouts())
            .retry_config(retries())
    }

    /// A Region goes into host names and signatures, so it has to be one.
    fn check_region(&self, region: &Region) -> Result<(), Fault> {
        let Err(err) = region.as_ref().parse::<rolecall_core::Region>() else { return Ok(()) };
        let variable =
            ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find(|name| self.environment.get(name).is_some());
        let (setting, action) = match variable {
            Some(name) => (name, "correct it and start rolecall again"),
            None => {
                ("the region of the profile", "correct it in the AWS config file; it is read again at the next attempt")
            }
        };
        Err(fault::of_loading(FaultKind::Misconfigured, &format!("{setting}: {err}"), action))
    }
}

/// The texts of files that are not there.
fn nothing() -> ProfileTexts {
    ProfileTexts { config: String::new(), credentials: String::new() }
}

/// The texts with the answer of a process as a profile of its own, which `role_profile` gets its credentials from. The
/// answer has been checked: no part of it begins a line.
fn with_answer(texts: ProfileTexts, role_profile: &str, answer: &Credentials) -> ProfileTexts {
    let ProfileTexts { config, credentials } = texts;
    let token = answer.session_token().map(|token| format!("aws_session_token = {token}\n")).unwrap_or_default();
    let credentials = format!(
        "{credentials}\n[{role_profile}]\nsource_profile = {ANSWER}\n[{ANSWER}]\naws_access_key_id = {}\n\
         aws_secret_access_key = {}\n{token}",
        answer.access_key_id(),
        answer.secret_access_key(),
    );
    ProfileTexts { config, credentials }
}
