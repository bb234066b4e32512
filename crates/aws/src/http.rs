//! The HTTP client that every call goes through: STS, and within the SDK SSO, container and instance metadata.
//!
//! The SDK is built without a client of its own, so that there is one TLS stack (rustls with aws-lc-rs). Promises that
//! certificate authorities are looked for only when an `https://` address is called, since a machine may have none, and
//! that no answer takes more memory than AWS would ever need. Which authorities those are is in `authorities`, which
//! proxy is between us and AWS in `proxy`.

mod authorities;
mod proxy;

use std::sync::{Arc, Mutex, PoisonError};

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

use crate::environment::Environment;
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
    #[error("AWS_CA_BUNDLE {0}")]
    Bundle(String),
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

    /// The client for an address, and the proxy that it uses.
    fn select(&self, uri: &str) -> Result<(SharedHttpClient, Option<Proxy>), Refusal> {
        let proxy = self.proxies.of(uri)?;
        let is_tls = uri.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"));
        let tls = if is_tls { Some(self.authorities.stamp()?) } else { None };
        let route = Route { tls, proxy: proxy.clone() };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = kept.iter().find(|(known, _)| *known == route) {
            return Ok((client.clone(), proxy));
        }
        let context = if is_tls { Some(self.authorities.context()?) } else { None };
        let client = build(context, proxy.as_ref().map(Proxy::config).transpose()?);
        // A file of authorities that was written anew leaves nothing of the old one.
        kept.retain(|(known, _)| known.tls.is_some() != is_tls || known.proxy != proxy);
        kept.push((route, client.clone()));
        Ok((client, proxy))
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
#[derive(Debug)]
struct Connector {
    client: Client,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.client.select(request.uri()) {
            Ok((client, proxy)) => {
                let call = client.http_connector(&self.settings, &self.components).call(request);
                HttpConnectorFuture::new(async move {
                    let answer = call.await;
                    let answer = match proxy {
                        Some(proxy) => answer.map_err(|err| proxy.blamed(err))?,
                        None => answer?,
                    };
                    bounded(answer).await
                })
            }
            Err(refusal) => HttpConnectorFuture::ready(Err(ConnectorError::user(refusal.into()))),
        }
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
    use super::*;

    fn client(authorities: Authorities) -> Client {
        Client::new(&Environment::default(), authorities)
    }

    #[test]
    fn without_authorities_only_https_is_refused_and_only_until_there_are_some() {
        let none = client(Authorities::none());
        for uri in ["http://127.0.0.1:1/", "HTTP://x/", "http://x/?https://"] {
            none.select(uri).unwrap();
        }
        for uri in ["https://sts.amazonaws.com/", "HTTPS://x"] {
            assert_eq!(none.select(uri).unwrap_err(), Refusal::NoAuthorities, "{uri}");
        }
    }

    #[test]
    fn one_client_is_kept_for_each_route() {
        let variables = [("HTTP_PROXY", "http://proxy:1"), ("NO_PROXY", "direct")];
        let environment = Environment::new(variables.map(|(name, value)| (name.into(), value.into())));
        let client = Client::new(&environment, Authorities::none());
        for uri in ["http://a/", "http://b/", "http://direct/", "http://127.0.0.1:1/", "http://a/"] {
            client.select(uri).unwrap();
        }
        assert_eq!(client.kept.lock().unwrap().len(), 2);
    }
}
