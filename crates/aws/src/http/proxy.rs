//! Which proxy a call goes through, by the variables that curl, the AWS CLI and all SDKs know.
//!
//! Promises that neither this machine nor the metadata of an instance or container is asked for through a proxy, and
//! that the password of a proxy is in no message.

use std::fmt;

use aws_sdk_sts::error::ConnectorError;
use aws_smithy_http_client::proxy::ProxyConfig;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::Refusal;
use crate::environment::Environment;
use crate::fault::innermost;

/// Never behind a proxy: loopback, and where
/// [instances](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html) and
/// [containers](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html) have metadata.
const NEVER: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16,fd00:ec2::254,fd00:ec2::23";

/// The variables for `https://` and for `http://` addresses, the one that counts first.
const HTTPS: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const HTTP: [&str; 4] = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

/// The proxies of an environment.
#[derive(Debug)]
pub(super) struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    /// Knows what goes past them, whatever they are.
    matcher: Matcher,
}

/// A proxy. Its address may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    variable: &'static str,
    url: String,
}

/// A failed call that went through a proxy.
#[derive(Debug, thiserror::Error)]
#[error("{why}, by way of the proxy {proxy}")]
struct ByWay {
    why: String,
    proxy: String,
}

impl Proxies {
    pub(super) fn new(environment: &Environment) -> Self {
        let first = |names: [&'static str; 4]| {
            names.into_iter().find_map(|variable| Some(Proxy::new(variable, environment.get(variable)?)))
        };
        let (https, http) = (first(HTTPS), first(HTTP));
        let own = ["no_proxy", "NO_PROXY"].into_iter().find_map(|name| environment.get(name)).unwrap_or_default();
        // A stand-in, since the matcher knows no address that needs a proxy of a kind that it does not know.
        let matcher = Matcher::builder().all("http://proxy").no(format!("{NEVER},{own}")).build();
        Self { https, http, matcher }
    }

    /// The proxy for an address, if it needs one.
    ///
    /// # Errors
    /// When it needs one, and the variable names none that can be used.
    pub(super) fn of(&self, uri: &str) -> Result<Option<Proxy>, Refusal> {
        let is_tls = uri.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("https:"));
        let Some(proxy) = (if is_tls { &self.https } else { &self.http }) else { return Ok(None) };
        let Ok(uri) = uri.parse::<Uri>() else { return Ok(None) };
        if self.matcher.intercept(&uri).is_none() {
            return Ok(None);
        }
        proxy.check()?;
        Ok(Some(proxy.clone()))
    }
}

impl Proxy {
    fn new(variable: &'static str, value: &str) -> Self {
        let value = value.trim();
        let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        Self { variable, url }
    }

    fn check(&self) -> Result<(), Refusal> {
        let is_one = Url::parse(&self.url).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty())
        });
        if is_one && self.url.parse::<Uri>().is_ok() {
            return Ok(());
        }
        Err(Refusal::Proxy(format!("{self}, which is no http:// or https:// address")))
    }

    /// The same for the SDK.
    ///
    /// # Errors
    /// When the SDK cannot use it.
    pub(super) fn config(&self) -> Result<ProxyConfig, Refusal> {
        let config = ProxyConfig::all(self.url.as_str());
        config.map_err(|_| Refusal::Proxy(format!("{self}, which cannot be used as a proxy")))
    }

    /// The same error with the proxy in its words, since it is the proxy that was called and not AWS.
    pub(super) fn blamed(&self, err: ConnectorError) -> ConnectorError {
        let why = innermost(&err).unwrap_or_else(|| err.to_string());
        let by_way = Box::new(ByWay { why, proxy: self.to_string() });
        if err.is_timeout() {
            ConnectorError::timeout(by_way)
        } else if err.is_user() {
            ConnectorError::user(by_way)
        } else {
            ConnectorError::io(by_way)
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, address) = self.url.split_once("://").unwrap_or_default();
        let shown = address.rsplit_once('@').map_or(address, |(_, rest)| rest);
        write!(f, "{} that {} names", shown.trim_end_matches('/'), self.variable)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::new(&Environment::new(variables.iter().map(|(name, value)| (name.into(), value.into()))))
    }

    #[test]
    fn a_proxy_is_for_what_its_variable_is_for() {
        let both =
            proxies(&[("HTTPS_PROXY", "proxy:1"), ("http_proxy", "http://other:2"), ("NO_PROXY", "x.org,10.0.0.0/8")]);
        for (uri, proxy) in [
            ("https://sts.eu-west-1.amazonaws.com/", Some("HTTPS_PROXY")),
            ("http://sts.eu-west-1.amazonaws.com/", Some("http_proxy")),
            ("https://x.org/", None),
            ("https://sts.x.org/", None),
            ("https://10.1.2.3:9/", None),
            ("https://localhost:4566/", None),
            ("http://127.0.0.1:4566/", None),
            ("http://[::1]:4566/", None),
            ("http://169.254.169.254/latest/meta-data", None),
            ("http://169.254.170.23/v1/credentials", None),
            ("http://[fd00:ec2::254]/", None),
        ] {
            assert_eq!(both.of(uri).unwrap().map(|proxy| proxy.variable), proxy, "{uri}");
        }
        assert_eq!(proxies(&[("ALL_PROXY", "a:1")]).of("https://x/").unwrap().unwrap().url, "http://a:1");
        assert_eq!(
            proxies(&[("https_proxy", "a:1"), ("HTTPS_PROXY", "b:1")]).of("https://x/").unwrap().unwrap().url,
            "http://a:1"
        );
        assert!(proxies(&[("HTTPS_PROXY", "")]).of("https://x/").unwrap().is_none());
        assert!(proxies(&[("HTTPS_PROXY", "a:1")]).of("http://x/").unwrap().is_none());
    }

    #[test]
    fn what_is_no_proxy_is_in_the_way_of_nothing_that_needs_none() {
        for value in ["socks5://a:1", "ftp://a:1", "http://a b"] {
            let proxies = proxies(&[("ALL_PROXY", value), ("NO_PROXY", "x.org")]);
            for uri in [
                "http://127.0.0.1:4566/",
                "https://localhost:4566/",
                "http://169.254.169.254/latest",
                "https://sts.x.org/",
            ] {
                assert_eq!(proxies.of(uri), Ok(None), "{value} {uri}");
            }
            for uri in ["http://y.org/", "https://y.org/"] {
                assert!(proxies.of(uri).unwrap_err().to_string().contains("ALL_PROXY"), "{value} {uri}");
            }
        }
    }

    #[test]
    fn what_is_no_proxy_is_named_without_its_password() {
        for value in ["socks5://a:canary@b:1", "http://a:canary@", "http://a:canary@b:99999", "http://u:canary@a b"] {
            let refusal = proxies(&[("HTTPS_PROXY", value)]).of("https://x/").unwrap_err();
            assert!(refusal.to_string().contains("HTTPS_PROXY"), "{refusal}");
            assert!(!format!("{refusal:?}").contains("canary"), "{refusal}");
        }
        let good = proxies(&[("HTTPS_PROXY", "http://u:canary@proxy:3128")]);
        let proxy = good.of("https://x/").unwrap().unwrap();
        assert_eq!(proxy.to_string(), "proxy:3128 that HTTPS_PROXY names");
        assert!(!format!("{good:?} {proxy:?}").contains("canary"));
        proxy.config().unwrap();
    }
}
