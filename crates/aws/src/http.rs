//! The HTTP client that every call goes through: STS, and within the SDK SSO, container and instance metadata.
//!
//! The SDK is built without a client of its own, so that there is one TLS stack (rustls with aws-lc-rs). Promises that
//! certificate authorities are looked for only when an `https://` address is called, since a machine may have none, that
//! the runtime does not stand still for the files they are in, and that no answer takes more memory than AWS would ever
//! need. Which authorities those are is in `authorities`, which proxy is between us and AWS in `proxy`.

mod authorities;
mod proxy;

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;

use aws_sdk_sts::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sts::config::{RuntimeComponents, SharedHttpClient};
use aws_sdk_sts::error::ConnectorError;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector as HyperConnector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::environment::Environment;
pub(crate) use authorities::VARIABLE as BUNDLE_VARIABLE;
use authorities::{Authorities, Stamp};
use proxy::{Proxies, Proxy};

/// The longest body of an answer, in bytes. A session is near 2 KiB.
const MAX_BODY: usize = 1 << 20;

/// Why a call was given up in here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is nothing to check a certificate with.
    #[error("no certificate authorities found on this machine")]
    NoAuthorities,
    /// The file of authorities that the user named is of no use.
    #[error("{setting} {why}")]
    Bundle {
        /// Such as `AWS_CA_BUNDLE`.
        setting: String,
        /// Goes on behind it.
        why: String,
    },
    /// The proxy that the user named is none.
    #[error("{0}")]
    Proxy(String),
    /// The answer went on and on.
    #[error("the answer is longer than 1 MiB")]
    TooLong,
}

/// The client. It trusts the certificate authorities of `AWS_CA_BUNDLE`, else those of this machine, and goes through the
/// proxy that `HTTPS_PROXY` and its siblings name.
pub(crate) fn client(environment: &Environment) -> SharedHttpClient {
    SharedHttpClient::new(Client::new(environment, Authorities::new(environment)))
}

/// A client that trusts the certificate authorities of a file, which `setting` names, and nobody else.
pub(crate) fn client_with(environment: &Environment, setting: String, bundle: &str) -> SharedHttpClient {
    SharedHttpClient::new(Client::new(environment, Authorities::bundle(setting, bundle.into())))
}

/// A client on a machine without any.
#[cfg(test)]
pub(crate) fn without_authorities() -> SharedHttpClient {
    SharedHttpClient::new(Client::new(&Environment::default(), Authorities::none()))
}

/// Clients with TLS and without, through a proxy and straight.
#[derive(Clone, Debug)]
struct Client {
    authorities: Authorities,
    proxies: Arc<Proxies>,
    kept: Arc<Mutex<Vec<(Route, SharedHttpClient)>>>,
}

/// What makes one client of ours differ from another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    /// The authorities, where there is TLS: a client with other ones is another client.
    tls: Option<Stamp>,
    proxy: Option<Proxy>,
}

impl Client {
    fn new(environment: &Environment, authorities: Authorities) -> Self {
        Self { authorities, proxies: Arc::new(Proxies::new(environment)), kept: Arc::default() }
    }

    /// The client for an address, and the proxy that it uses. `warm` does with a new one what may take time.
    async fn select(
        &self,
        uri: &str,
        warm: impl FnOnce(&SharedHttpClient) + Send + 'static,
    ) -> Result<(SharedHttpClient, Option<Proxy>), Refusal> {
        let proxy = self.proxies.of(uri)?;
        let is_tls = uri.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"));
        let tls = if is_tls { Some(self.stamp().await?) } else { None };
        let route = Route { tls, proxy: proxy.clone() };
        // Held while a client is made, so that calls at the same time make one.
        let mut kept = self.kept.lock().await;
        if let Some((_, client)) = kept.iter().find(|(known, _)| *known == route) {
            return Ok((client.clone(), proxy));
        }
        let config = proxy.as_ref().map(Proxy::config).transpose()?;
        let client = if is_tls {
            let authorities = self.authorities.clone();
            aside(move || {
                let client = build(Some(authorities.context()?), config);
                warm(&client);
                Ok(client)
            })
            .await?
        } else {
            build(None, config)
        };
        // A file of authorities that was written anew leaves nothing of the old one.
        kept.retain(|(known, _)| known.tls.is_some() != is_tls || known.proxy != proxy);
        kept.push((route, client.clone()));
        Ok((client, proxy))
    }

    async fn stamp(&self) -> Result<Stamp, Refusal> {
        match &self.authorities {
            Authorities::Machine(_) => self.authorities.stamp(),
            Authorities::Bundle(_) => {
                let authorities = self.authorities.clone();
                aside(move || authorities.stamp()).await
            }
        }
    }
}

/// Does what waits for files on a thread of its own.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime ends, and this call with it.
            Err(_) => pending().await,
        },
    }
}

/// A client with this TLS, if any, through this proxy, if any.
fn build(tls: Option<TlsContext>, proxy: Option<ProxyConfig>) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder: ConnectorBuilder = HyperConnector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_proxy_config(proxy.clone());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        match &tls {
            Some(context) => {
                builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context.clone()).build()
            }
            None => builder.build_http(),
        }
    })
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let (settings, components) = (settings.clone(), components.clone());
        SharedHttpConnector::new(Connector { client: self.clone(), settings, components })
    }
}

/// Chooses the client by the address.
#[derive(Clone, Debug)]
struct Connector {
    client: Client,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { client, settings, components } = self.clone();
        HttpConnectorFuture::new(async move {
            let connector = move |client: &SharedHttpClient| client.http_connector(&settings, &components);
            let warm = connector.clone();
            // The SDK reads the machine's authorities when it makes its first connector.
            let selected = client.select(request.uri(), move |client| drop(warm(client))).await;
            let (client, proxy) = selected.map_err(|refusal| ConnectorError::user(refusal.into()))?;
            let answer = connector(&client).call(request).await;
            let answer = match proxy {
                Some(proxy) => answer.map_err(|err| proxy.blamed(err))?,
                None => answer?,
            };
            bounded(answer).await
        })
    }
}

/// The answer with its body read, unless it is too long. The SDK reads all of them whole, and without a bound.
async fn bounded(mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(whole) => {
            *response.body_mut() = SdkBody::from(whole.to_bytes());
            Ok(response)
        }
        Err(err) if err.is::<LengthLimitError>() => Err(ConnectorError::other(Refusal::TooLong.into(), None)),
        Err(err) => Err(ConnectorError::io(err)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn client(authorities: Authorities) -> Client {
        Client::new(&Environment::default(), authorities)
    }

    async fn select(client: &Client, uri: &str) -> Result<(SharedHttpClient, Option<Proxy>), Refusal> {
        client.select(uri, |_| {}).await
    }

    #[tokio::test]
    async fn without_authorities_only_https_is_refused_and_only_until_there_are_some() {
        let none = client(Authorities::none());
        for uri in ["http://127.0.0.1:1/", "HTTP://x/", "http://x/?https://"] {
            select(&none, uri).await.unwrap();
        }
        for uri in ["https://sts.amazonaws.com/", "HTTPS://x"] {
            assert_eq!(select(&none, uri).await.unwrap_err(), Refusal::NoAuthorities, "{uri}");
        }
    }

    #[tokio::test]
    async fn files_are_waited_for_by_nobody_else_and_looked_for_once() {
        static LOOKS: AtomicUsize = AtomicUsize::new(0);
        let slow = client(Authorities::Machine(|| {
            LOOKS.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(300));
            true
        }));
        let calls = async { tokio::join!(select(&slow, "https://a/"), select(&slow, "https://b/")) };
        tokio::select! {
            biased;
            _ = calls => unreachable!("the runtime stood still"),
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
        let (a, b) = tokio::join!(select(&slow, "https://a/"), select(&slow, "https://b/"));
        a.and(b).unwrap();
        // The one that was given up, and the one for both.
        assert_eq!(LOOKS.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn one_client_is_kept_for_each_route() {
        let variables = [("HTTP_PROXY", "http://proxy:1"), ("NO_PROXY", "direct")];
        let environment = Environment::new(variables.map(|(name, value)| (name.into(), value.into())));
        let client = Client::new(&environment, Authorities::none());
        for uri in ["http://a/", "http://b/", "http://direct/", "http://127.0.0.1:1/", "http://a/"] {
            select(&client, uri).await.unwrap();
        }
        assert_eq!(client.kept.lock().await.len(), 2);
    }
}
