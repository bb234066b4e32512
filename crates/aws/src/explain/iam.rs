//! Whom a role trusts, by [`GetRole`](https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html) of IAM, where the
//! caller may ask that.
//!
//! The only call to IAM, so it is made and signed here, over the HTTP client of this process, and not by another SDK. Where
//! only FIPS endpoints may be called it is not made: IAM has one in some partitions only.

use std::time::{Duration, SystemTime};

use aws_sdk_sts::config::Credentials;
use aws_sdk_sts::config::http::{HttpRequest, HttpResponse};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rolecall_core::{Role, Session};

use super::Signer;
use crate::base::{Base, endpoint_flaw};
use crate::fault::one_line;
use crate::quiet::quiet;
use crate::sts::Sts;

/// The longest that the question takes: the answer is a help, not what was asked for.
const LIMIT: Duration = Duration::from_secs(8);

/// What is known of a role besides what STS says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// IAM tells all.
    Found(FoundRole),
    /// The account has no role of that name.
    Missing,
    /// The caller may not ask, or IAM does not answer; why, in one line.
    Unknown(String),
}

/// A role as IAM has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRole {
    /// Its ARN, with its real path.
    pub arn: String,
    /// Its trust policy: JSON.
    pub trust_policy: String,
    /// Its maximum session duration.
    pub max_session: Option<Duration>,
}

impl Sts {
    /// What IAM says of `role`, which must be in the account of its caller: IAM shows no other. `ahead` is by how many
    /// seconds the clock of this machine is ahead of AWS's. `sts_host` is where STS answered: when that is not AWS, IAM is
    /// only asked at an endpoint that is set.
    pub async fn look_up(&self, role: &Role, parent: Option<&Session>, ahead: i64, sts_host: Option<&str>) -> Lookup {
        let Some(place) = self.iam(role.arn.partition(), sts_host) else {
            return Lookup::Unknown("it is not known here where IAM answers".into());
        };
        let signer = match self.signer(role, parent).await {
            Ok(Some(signer)) => signer,
            Ok(None) => return Lookup::Unknown("nobody signs, so nobody can ask IAM".into()),
            Err(fault) => return Lookup::Unknown(fault.message),
        };
        let Signer { credentials, .. } = &signer;
        let now = shifted(self.sources.seams().time.now(), ahead);
        let body = format!(
            "Action=GetRole&Version=2010-05-08&RoleName={}",
            utf8_percent_encode(role.arn.name(), NON_ALPHANUMERIC)
        );
        let Some(request) = signed(&place, credentials, now, &body) else {
            return Lookup::Unknown("no request can be made of the settings".into());
        };
        let operation = Operation::builder()
            .service_name("iam")
            .operation_name("GetRole")
            .http_client(self.sources.seams().http.clone())
            .endpoint_url(&place.url)
            .no_auth()
            .no_retry()
            .sleep_impl(TokioSleep::new())
            .timeout_config(TimeoutConfig::builder().operation_timeout(LIMIT).build())
            .serializer(|request: HttpRequest| Ok(request))
            .deserializer(|response: &HttpResponse| {
                Ok::<_, OrchestratorError<std::convert::Infallible>>(read(response))
            })
            .build();
        match quiet(operation.invoke(request)).await {
            Ok(lookup) => lookup,
            Err(_) => Lookup::Unknown("IAM did not answer".into()),
        }
    }

    fn iam(&self, partition: &str, sts_host: Option<&str>) -> Option<Place> {
        let named = match self.sources.base() {
            Base::DefaultChain { environment, .. } => {
                let ignored = environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
                let is_ignored = ignored.is_some_and(|value| value.eq_ignore_ascii_case("true"));
                let mut urls = ["AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL"].into_iter();
                urls.find_map(|name| environment.get(name)).filter(|_| !is_ignored).map(str::to_owned)
            }
            Base::Keys { endpoint_url, .. } => Some(endpoint_url.clone()),
        };
        let of_aws = of_partition(partition);
        match (named, of_aws) {
            (Some(url), of_aws) if endpoint_flaw(&url).is_none() => {
                let region = of_aws.map_or("us-east-1", |(_, region)| region);
                Some(Place { url: url.trim_end_matches('/').to_owned() + "/", region })
            }
            (None, Some((host, region))) if sts_host.is_some_and(|host| is_of_aws(host) && !is_fips(host)) => {
                Some(Place { url: format!("https://{host}/"), region })
            }
            _ => None,
        }
    }
}

/// Whether STS was called at a FIPS endpoint
/// ([FIPS endpoints](https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html)).
fn is_fips(host: &str) -> bool {
    host.split('.').next().is_some_and(|service| service.ends_with("-fips"))
}

/// Where IAM answers, and the Region that it is signed for.
struct Place {
    url: String,
    region: &'static str,
}

/// The one endpoint of IAM in a partition, and the Region that it is signed for
/// ([IAM endpoints](https://docs.aws.amazon.com/general/latest/gr/iam-service.html)).
fn of_partition(partition: &str) -> Option<(&'static str, &'static str)> {
    Some(match partition {
        "aws" => ("iam.amazonaws.com", "us-east-1"),
        "aws-cn" => ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        "aws-us-gov" => ("iam.us-gov.amazonaws.com", "us-gov-west-1"),
        "aws-eusc" => ("iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        _ => return None,
    })
}

/// Whether a host is one of AWS's own, and no stand-in that a profile names.
fn is_of_aws(host: &str) -> bool {
    [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"].iter().any(|suffix| host.ends_with(suffix))
}

fn shifted(now: SystemTime, ahead: i64) -> SystemTime {
    let by = Duration::from_secs(ahead.unsigned_abs());
    let shifted = if ahead > 0 { now.checked_sub(by) } else { now.checked_add(by) };
    shifted.unwrap_or(now)
}

fn signed(place: &Place, credentials: &Credentials, now: SystemTime, body: &str) -> Option<HttpRequest> {
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(place.region)
        .name("iam")
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .ok()?;
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let signable =
        SignableRequest::new("POST", &place.url, [kind].into_iter(), SignableBody::Bytes(body.as_bytes())).ok()?;
    let (instructions, _) = sign(signable, &parameters.into()).ok()?.into_parts();
    let mut request = http::Request::builder()
        .method("POST")
        .uri(&place.url)
        .header(kind.0, kind.1)
        .body(SdkBody::from(body.as_bytes()))
        .ok()?;
    instructions.apply_to_request_http1x(&mut request);
    HttpRequest::try_from(request).ok()
}

fn read(response: &HttpResponse) -> Lookup {
    let text = response.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    if response.status().is_success() {
        return found(text).map_or_else(|| Lookup::Unknown("IAM's answer cannot be read".into()), Lookup::Found);
    }
    match leaf(text, &["Error", "Code"]).as_deref() {
        Some("NoSuchEntity") => Lookup::Missing,
        Some("AccessDenied" | "AccessDeniedException") => {
            Lookup::Unknown("the caller may not ask for it (iam:GetRole)".into())
        }
        Some(code) => Lookup::Unknown(format!("IAM answered {}", one_line(code))),
        None => Lookup::Unknown(format!("IAM answered {}", response.status().as_u16())),
    }
}

fn found(text: &str) -> Option<FoundRole> {
    let of_role = |name| leaf(text, &["GetRoleResult", "Role", name]);
    let policy = of_role("AssumeRolePolicyDocument")?;
    let trust_policy = percent_decode_str(&policy).decode_utf8().ok()?.into_owned();
    let max_session = of_role("MaxSessionDuration").and_then(|seconds| seconds.parse().ok());
    Some(FoundRole { arn: of_role("Arn")?, trust_policy, max_session: max_session.map(Duration::from_secs) })
}

/// The text of the element at `path` below the root.
fn leaf(text: &str, path: &[&str]) -> Option<String> {
    let mut document = Document::new(text);
    descend(document.root_element().ok()?, path)
}

fn descend(mut element: ScopedDecoder<'_, '_>, path: &[&str]) -> Option<String> {
    let Some((name, rest)) = path.split_first() else { return Some(try_data(&mut element).ok()?.into_owned()) };
    while let Some(child) = element.next_tag() {
        if child.start_el().matches(name) {
            return descend(child, rest);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_with_its_policy_decoded() {
        let text = "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role>\
                    <Path>/team/</Path><Arn>arn:aws:iam::123456789012:role/team/R</Arn>\
                    <AssumeRolePolicyDocument>%7B%22a%22%3A%201%7D</AssumeRolePolicyDocument>\
                    <MaxSessionDuration>3600</MaxSessionDuration></Role></GetRoleResult></GetRoleResponse>";
        let role = found(text).unwrap();
        assert_eq!(
            (role.arn.as_str(), role.trust_policy.as_str()),
            ("arn:aws:iam::123456789012:role/team/R", "{\"a\": 1}")
        );
        assert_eq!(role.max_session, Some(Duration::from_secs(3600)));
        assert_eq!(found("<html/>"), None);
        assert_eq!(found("not even that"), None);
    }

    #[test]
    fn only_hosts_of_aws_lead_to_iam_of_aws() {
        for (host, expected) in [
            ("sts.eu-central-1.amazonaws.com", true),
            ("sts.cn-north-1.amazonaws.com.cn", true),
            ("sts.eu-central-1.api.aws", true),
            ("127.0.0.1:4566", false),
            ("amazonaws.com.example.com", false),
        ] {
            assert_eq!(is_of_aws(host), expected, "{host}");
        }
    }
}
