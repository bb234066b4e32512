//! The HTTP client that every call goes through: STS, and within the SDK SSO, container and instance metadata.
//!
//! The SDK is built without a client of its own, so that there is one TLS stack (rustls with aws-lc-rs). Promises that
//! certificate authorities are looked for only when an `https://` address is called, since a machine may have none, and
//! that no answer takes more memory than AWS would ever need.

use std::sync::{Arc, OnceLock};

use aws_sdk_sts::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sts::config::{RuntimeComponents, SharedHttpClient};
use aws_sdk_sts::error::ConnectorError;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// The longest body of an answer, in bytes. A session is near 2 KiB.
const MAX_BODY: usize = 1 << 20;

/// Why a call was given up in here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is nothing to check a certificate with.
    #[error("no certificate authorities found on this machine")]
    NoAuthorities,
    /// The answer went on and on.
    #[error("the answer is longer than 1 MiB")]
    TooLong,
}

/// The client. It trusts the certificate authorities of this machine.
pub(crate) fn client() -> SharedHttpClient {
    SharedHttpClient::new(Client::new(|| !rustls_native_certs::load_native_certs().certs.is_empty()))
}

/// A client on a machine without any.
#[cfg(test)]
pub(crate) fn without_authorities() -> SharedHttpClient {
    SharedHttpClient::new(Client::new(|| false))
}

/// A client with TLS and one without.
#[derive(Clone, Debug)]
struct Client {
    plain: SharedHttpClient,
    /// Made once there are authorities: the SDK's own look for them comes out empty for good, or panics.
    tls: Arc<OnceLock<SharedHttpClient>>,
    has_authorities: fn() -> bool,
}

impl Client {
    fn new(has_authorities: fn() -> bool) -> Self {
        Self { plain: Builder::new().build_http(), tls: Arc::default(), has_authorities }
    }

    fn select(&self, uri: &str) -> Result<&SharedHttpClient, Refusal> {
        let is_tls = uri.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"));
        if !is_tls {
            return Ok(&self.plain);
        }
        if self.tls.get().is_none() && !(self.has_authorities)() {
            return Err(Refusal::NoAuthorities);
        }
        let tls = || Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
        Ok(self.tls.get_or_init(tls))
    }
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
            Ok(client) => {
                let call = client.http_connector(&self.settings, &self.components).call(request);
                HttpConnectorFuture::new(async move { bounded(call.await?).await })
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

    #[test]
    fn without_authorities_only_https_is_refused_and_only_until_there_are_some() {
        let client = Client::new(|| false);
        for uri in ["http://127.0.0.1:1/", "HTTP://x/", "http://x/?https://"] {
            client.select(uri).unwrap();
        }
        for uri in ["https://sts.amazonaws.com/", "HTTPS://x"] {
            assert_eq!(client.select(uri).unwrap_err(), Refusal::NoAuthorities, "{uri}");
        }
        Client { has_authorities: || true, ..client }.select("https://x").unwrap();
    }
}
