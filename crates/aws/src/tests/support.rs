//! A scripted AWS behind the SDK's HTTP port, and the role and base that most tests use.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_sts::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sts::config::{RuntimeComponents, SharedHttpClient};
use aws_sdk_sts::error::ConnectorError;
use aws_smithy_async::test_util::ManualTimeSource;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_types::body::SdkBody;
use aws_types::os_shim_internal::Fs;
use rolecall_core::{Fault, Role};

use crate::base::Seams;
use crate::{Base, Environment, ProfileFiles, ProfileTexts, Sts};

/// The wall clock of every test: 2026-11-02T10:00:00Z.
pub(super) const NOW: u64 = 1_793_613_600;

/// What the scripted AWS answers.
pub(super) enum Answer {
    /// Status, `Date` and body.
    Http(u16, Option<&'static str>, String),
    /// The connection is refused.
    Refused,
    /// Nothing, ever.
    Silence,
}

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) uri: String,
    pub(super) authorization: String,
    pub(super) body: String,
}

impl Request {
    /// A form field, still percent-encoded.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.body.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name)).map(|(_, v)| v)
    }

    /// The access key id that signed it.
    pub(super) fn key(&self) -> &str {
        self.authorization.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default()
    }
}

type Script = dyn Fn(&Request, usize) -> Answer + Send + Sync;

/// Answers by script, and remembers what was asked.
#[derive(Clone)]
pub(super) struct Aws {
    script: Arc<Script>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Aws {
    /// The script gets the request and how many came before it.
    pub(super) fn new(script: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), requests: Arc::default() }
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Aws")
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = Request {
            uri: request.uri().to_owned(),
            authorization: request.headers().get("authorization").unwrap_or_default().to_owned(),
            body: request.body().bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default(),
        };
        let mut requests = self.requests.lock().unwrap();
        let answer = (self.script)(&request, requests.len());
        requests.push(request);
        match answer {
            Answer::Http(status, date, body) => {
                let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                // Instance metadata says how long its token lasts; the others do not look.
                response.headers_mut().insert("x-aws-ec2-metadata-token-ttl-seconds", "21600");
                if let Some(date) = date {
                    response.headers_mut().insert("date", date);
                }
                HttpConnectorFuture::ready(Ok(response))
            }
            Answer::Refused => HttpConnectorFuture::ready(Err(ConnectorError::io("connection refused".into()))),
            Answer::Silence => HttpConnectorFuture::new(std::future::pending()),
        }
    }
}

impl HttpClient for Aws {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Profile files that a test can change.
#[derive(Clone, Default)]
pub(super) struct Files(Arc<Mutex<(String, String)>>);

impl Files {
    pub(super) fn new(config: &str, credentials: &str) -> Self {
        Self(Arc::new(Mutex::new((config.into(), credentials.into()))))
    }

    pub(super) fn set(&self, config: &str, credentials: &str) {
        *self.0.lock().unwrap() = (config.into(), credentials.into());
    }
}

impl ProfileFiles for Files {
    fn read(&self) -> Result<ProfileTexts, Fault> {
        let (config, credentials) = self.0.lock().unwrap().clone();
        Ok(ProfileTexts { config, credentials })
    }
}

/// Everything that a default chain sees.
#[derive(Clone)]
pub(super) struct World {
    pub(super) aws: Aws,
    pub(super) files: Files,
    pub(super) time: ManualTimeSource,
    pub(super) env: Vec<(&'static str, &'static str)>,
    pub(super) fs: Vec<(&'static str, &'static str)>,
}

impl World {
    /// No environment and no files but for instance metadata being off.
    pub(super) fn new(aws: Aws) -> Self {
        let time = ManualTimeSource::new(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW));
        Self { aws, files: Files::default(), time, env: vec![("AWS_EC2_METADATA_DISABLED", "true")], fs: vec![] }
    }

    pub(super) fn files(self, config: &str, credentials: &str) -> Self {
        Self { files: Files::new(config, credentials), ..self }
    }

    pub(super) fn env(mut self, vars: &[(&'static str, &'static str)]) -> Self {
        self.env.extend_from_slice(vars);
        self
    }

    pub(super) fn seams(&self) -> Seams {
        Seams {
            http: SharedHttpClient::new(self.aws.clone()),
            time: SharedTimeSource::new(self.time.clone()),
            fs: Fs::from_slice(&self.fs),
            limit: Duration::from_secs(15),
            files_told: std::sync::Once::new(),
        }
    }

    pub(super) fn environment(&self) -> Environment {
        Environment::new(self.env.iter().map(|(name, value)| (name.into(), value.into())))
    }

    pub(super) fn sts(&self) -> Sts {
        self.sts_with(self.files.clone())
    }

    /// The same, with other profile files.
    pub(super) fn sts_with(&self, files: impl ProfileFiles + 'static) -> Sts {
        Sts::with(Base::DefaultChain { files: Arc::new(files), environment: self.environment() }, self.seams())
    }
}

/// An `Sts` with long-term keys in Region eu-west-1, and no endpoint but AWS's.
pub(super) fn with_keys(aws: &Aws) -> Sts {
    World::new(aws.clone())
        .files(
            "[default]\nregion = eu-west-1\n",
            "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = canary-key\n",
        )
        .sts()
}

pub(super) fn role() -> Role {
    role_of("arn:aws:iam::123456789012:role/R")
}

pub(super) fn role_of(arn: &str) -> Role {
    Role::new("r".parse().unwrap(), arn.parse().unwrap(), "host")
}

/// The answer to `AssumeRole` (and its siblings), with keys that name `id`.
pub(super) fn session(action: &str, id: &str) -> Answer {
    session_at(action, id, Some("Mon, 02 Nov 2026 10:00:00 GMT"))
}

pub(super) fn session_at(action: &str, id: &str, date: Option<&'static str>) -> Answer {
    let body = format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>ASIA{id}</AccessKeyId><SecretAccessKey>secret-{id}</SecretAccessKey>\
         <SessionToken>canary-token-{id}</SessionToken><Expiration>2026-11-02T11:00:00Z</Expiration></Credentials>\
         <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/R/s</Arn><AssumedRoleId>A:s</AssumedRoleId>\
         </AssumedRoleUser></{action}Result></{action}Response>"
    );
    Answer::Http(200, date, body)
}

/// The answer to `GetCallerIdentity`.
pub(super) fn identity(arn: &str) -> Answer {
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>{arn}</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
         </GetCallerIdentityResponse>"
    );
    Answer::Http(200, None, body)
}

/// An error of STS.
pub(super) fn error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>x</RequestId></ErrorResponse>"
    );
    Answer::Http(status, Some("Mon, 02 Nov 2026 10:00:00 GMT"), body)
}
