//! The HTTP client that every call goes through: STS, and within the SDK SSO, container and instance metadata.
//!
//! The SDK is built without a client of its own, so that there is one TLS stack (rustls with aws-lc-rs) and one pool.

use aws_sdk_sts::config::SharedHttpClient;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};

/// A client that trusts the certificate authorities of this machine.
pub(crate) fn https() -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https()
}

/// A client for an endpoint without TLS: it looks for no certificate authorities, since a machine may have none.
pub(crate) fn plain() -> SharedHttpClient {
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    match TlsContext::builder().with_trust_store(TrustStore::empty()).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        Err(_) => builder.build_https(),
    }
}
