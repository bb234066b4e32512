//! Calls STS twice a second with one client of the AWS SDK for Rust, which finds its credentials by itself, as a service
//! does.
//!
//! Prints a line per call: the access key id that signed it, and who AWS says the caller is. The first call that fails ends
//! it. Usage: `caller CALLS`.

#![expect(clippy::print_stdout, reason = "what the tests read")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_sts::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::BoxError;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// The access key id of the last request.
#[derive(Clone, Debug, Default)]
struct SignedBy(Arc<Mutex<String>>);

impl Intercept for SignedBy {
    fn name(&self) -> &'static str {
        "SignedBy"
    }

    fn read_after_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let header = context.request().headers().get("Authorization").unwrap_or_default();
        let (_, credential) = header.split_once("Credential=").ok_or("a request without a signature")?;
        let (key, _) = credential.split_once('/').ok_or("a signature without a key")?;
        *self.0.lock().map_err(|_| "a call has panicked")? = key.to_owned();
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let calls = std::env::args().nth(1).context("usage: caller CALLS")?.parse()?;
    // The client that the SDK would make by itself, had the workspace not left it out.
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    let settings = aws_config::from_env().http_client(http).load().await;
    let signed_by = SignedBy::default();
    let config = aws_sdk_sts::config::Builder::from(&settings).interceptor(signed_by.clone()).build();
    let client = aws_sdk_sts::Client::from_conf(config);
    for call in 1..=calls {
        let who = client.get_caller_identity().send().await.with_context(|| format!("call {call}"))?;
        let key = signed_by.0.lock().map(|key| key.clone()).unwrap_or_default();
        println!("{key} {}", who.arn().unwrap_or("-"));
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}
