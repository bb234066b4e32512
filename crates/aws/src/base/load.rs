//! Loads the base once: settings and credentials, and an STS client made of both.
//!
//! The credentials are taken out of the chain here, not by the SDK's identity cache: so a failure of the base is told
//! apart from a failure of STS, and a changed file is seen by the next load.

use std::sync::Once;
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::Client;
use aws_sdk_sts::config::{Credentials, IdentityCache, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_types::os_shim_internal::Fs;
use rolecall_core::Fault;
use tokio::sync::OnceCell;

use super::chain::Chain;
use super::check;
use super::{Base, Wanted};
use crate::environment::Environment;
use crate::http;
use crate::sts::NoThrottledRetry;

/// How long a load may take: a `credential_process` or a slow metadata service included.
const LIMIT: Duration = Duration::from_secs(15);

/// How long a load is used when nothing says that it has become invalid.
const MAX_AGE: Duration = Duration::from_secs(15 * 60);

/// Credentials with less than this left are loaded again.
const MARGIN: Duration = Duration::from_secs(60);

/// What tests replace.
pub(crate) struct Seams {
    pub(crate) http: SharedHttpClient,
    pub(crate) time: SharedTimeSource,
    /// Where the chain finds cached logins and token files; not the profile files.
    pub(crate) fs: Fs,
    /// How long a load may take.
    pub(crate) limit: Duration,
    /// Whether it has been logged that the profile files are left out.
    pub(crate) files_told: Once,
}

impl Seams {
    /// The network, the clock and the files of this machine, for this base.
    pub(crate) fn real(base: &Base) -> Self {
        let none = Environment::default();
        let environment = if let Base::DefaultChain { environment, .. } = base { environment } else { &none };
        Self {
            http: http::client(environment),
            time: SharedTimeSource::new(SystemTimeSource::new()),
            fs: Fs::real(),
            limit: LIMIT,
            files_told: Once::new(),
        }
    }
}

/// The base as one load found it.
pub(crate) struct Loaded {
    /// Calls STS with these credentials.
    pub(crate) client: Client,
    /// The Region of the chain, if it has one.
    pub(crate) region: Option<Region>,
    /// The credentials, to keep them out of every message; none when the settings alone were wanted.
    pub(crate) credentials: Option<Credentials>,
    /// Counts loads, from 1.
    pub(crate) number: u64,
    loaded_at: SystemTime,
    /// Whether the credentials are themselves the session of a role, once somebody asked.
    pub(super) role_session: OnceCell<bool>,
}

impl Loaded {
    /// Whether the base can be used at `now` without asking its source. A wall clock that went back says no.
    pub(super) fn is_good(&self, now: SystemTime) -> bool {
        let age = now.duration_since(self.loaded_at);
        let expires = self.credentials.as_ref().and_then(Credentials::expiry);
        age.is_ok_and(|age| age < MAX_AGE) && expires.is_none_or(|expires| now + MARGIN < expires)
    }
}

/// What a client is made of.
pub(super) struct Resolved {
    pub(super) config: SdkConfig,
    pub(super) region: Option<Region>,
    pub(super) credentials: Option<Credentials>,
}

/// What a load has to know of those before it.
pub(super) struct Before<'a> {
    /// The Region for calls that the chain itself has to make when it has none.
    pub(super) fallback: Option<&'a Region>,
    /// Which load this is.
    pub(super) number: u64,
    /// Whether one has been good.
    pub(super) worked: bool,
}

/// Loads what is `wanted` of `base`.
pub(super) async fn load(base: &Base, wanted: &Wanted, seams: &Seams, before: Before<'_>) -> Result<Loaded, Fault> {
    let Before { fallback, number, worked } = before;
    let loaded_at = seams.time.now();
    let resolved = match base {
        Base::DefaultChain { files, environment } => {
            let environment = &wanted.environment(environment);
            Chain { files, environment, wanted, seams, fallback, worked }.resolve().await?
        }
        Base::Keys { access_key_id, secret_access_key, endpoint_url, region } => {
            let region = Region::new(region.as_str().to_owned());
            let config = keys_only(endpoint_url, region.clone(), seams);
            let credentials = Credentials::new(access_key_id, secret_access_key, None, None, "rolecall");
            Resolved { config, region: Some(region), credentials: Some(credentials) }
        }
    };
    let Resolved { config, region, credentials } = resolved;
    credentials.as_ref().map_or(Ok(()), check::credentials)?;
    let client = client(&config, credentials.clone());
    Ok(Loaded { client, region, credentials, number, loaded_at, role_session: OnceCell::new() })
}

/// Settings that come from nowhere but the arguments.
fn keys_only(endpoint_url: &str, region: Region, seams: &Seams) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint_url)
        .region(region)
        .http_client(seams.http.clone())
        .time_source(seams.time.clone())
        .sleep_impl(TokioSleep::new())
        .timeout_config(timeouts())
        .retry_config(retries())
        .build()
}

/// An STS client that uses exactly these credentials; they are replaced by the next load, not by the SDK. Without any,
/// each call brings its own or needs none.
fn client(config: &SdkConfig, credentials: Option<Credentials>) -> Client {
    let mut config = aws_sdk_sts::config::Builder::from(config)
        .identity_cache(IdentityCache::no_cache())
        .retry_classifier(NoThrottledRetry);
    config.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
    Client::from_conf(config.build())
}

pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(4))
        .read_timeout(Duration::from_secs(8))
        .operation_attempt_timeout(Duration::from_secs(9))
        .operation_timeout(Duration::from_secs(12))
        .build()
}

/// Two attempts, so that the SDK can repair a wrong clock and a connection that the other side closed while it was idle.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(2)
}
