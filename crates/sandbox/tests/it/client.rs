//! A sandbox on a free port with a clock that is moved by hand, and a client that signs with `aws-sigv4`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use jiff::{SignedDuration, Timestamp};
use rolecall_sandbox::{Config, Control, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The user of the default world.
pub(crate) const USER: (&str, &str) = ("SANDBOXKEYOFROLECALL", "not-a-secret/it+opens=the-sandbox-only");
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/MyFirstRole";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A running sandbox.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    clock: Arc<Mutex<Timestamp>>,
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Who signs, and when; `wall` is the time of the sandbox unless changed.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) skew: SignedDuration,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
}

impl Signer {
    pub(crate) fn user() -> Self {
        let (id, secret) = (USER.0.into(), USER.1.into());
        Self { id, secret, token: None, skew: SignedDuration::ZERO, region: "us-east-1", service: "sts" }
    }

    /// The session that an AssumeRole answer holds.
    pub(crate) fn session(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let element = |name| answer.element(name).to_owned();
        Self {
            id: element("AccessKeyId"),
            secret: element("SecretAccessKey"),
            token: Some(element("SessionToken")),
            ..Self::user()
        }
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::of(Config::default()).await
    }

    /// A sandbox with another world than the default.
    pub(crate) async fn of(config: Config) -> Self {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = Arc::new(Mutex::new(now));
        let read = Arc::clone(&clock);
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let sandbox = Sandbox::start(config, listen, Arc::new(move || *read.lock().unwrap())).await.unwrap();
        Self { sandbox, clock }
    }

    pub(crate) fn control(&self) -> Control {
        self.sandbox.control()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        let mut now = self.clock.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.clock.lock().unwrap()
    }

    /// A signed POST of `form`.
    pub(crate) fn signed(&self, signer: &Signer, form: &str) -> String {
        self.signed_request("POST", "/", signer, form)
    }

    /// A signed request; what is signed is `form` and `target` as they are.
    pub(crate) fn signed_request(&self, method: &str, target: &str, signer: &Signer, form: &str) -> String {
        let host = self.sandbox.addr().to_string();
        let time = self.now().checked_add(signer.skew).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(time.as_second().unsigned_abs());
        let identity = Credentials::new(&signer.id, &signer.secret, signer.token.clone(), None, "test").into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(signer.region)
            .name(signer.service)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let uri = format!("http://{host}{target}");
        let headers = [("host", host.as_str()), ("content-type", FORM)];
        let signable =
            SignableRequest::new(method, &uri, headers.into_iter(), SignableBody::Bytes(form.as_bytes())).unwrap();
        let (instructions, _) = sign(signable, &parameters.into()).unwrap().into_parts();
        let mut lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        lines.extend(instructions.headers().map(|(name, value)| format!("{name}: {value}")));
        let length = form.len();
        format!(
            "{method} {target} HTTP/1.1\r\n{}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{form}",
            lines.join("\r\n")
        )
    }

    /// Sends `form` signed by `signer`.
    pub(crate) async fn call(&self, signer: &Signer, form: &str) -> Answer {
        self.send(&self.signed(signer, form)).await.expect("an answer")
    }

    /// Asks for a session of `role`.
    pub(crate) async fn assume(&self, signer: &Signer, role: &str) -> Answer {
        self.call(signer, &assume_role(role)).await
    }

    /// Asks who `signer` is.
    pub(crate) async fn identity(&self, signer: &Signer) -> Answer {
        self.call(signer, "Action=GetCallerIdentity&Version=2011-06-15").await
    }

    /// Sends the bytes of one request and reads until the connection is closed; none when no answer came.
    pub(crate) async fn send(&self, request: impl AsRef<[u8]>) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.sandbox.addr()).await.unwrap();
        // A server that refuses a long request closes before it is all written.
        let _ = stream.write_all(request.as_ref()).await;
        let mut bytes = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.expect("an end");
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answer { status, head: head.to_lowercase(), body: body.into() })
    }

    /// A request without signature, from this machine.
    pub(crate) async fn plain(&self, method: &str, target: &str, headers: &str, body: &str) -> Answer {
        let (host, length) = (self.sandbox.addr(), body.len());
        let head = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: {length}\r\n");
        self.send(format!("{head}connection: close\r\n\r\n{body}")).await.expect("an answer")
    }
}

/// The form of a call for a session of `role`.
pub(crate) fn assume_role(role: &str) -> String {
    let role = role.replace(':', "%3A").replace('/', "%2F");
    format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=me%40host")
}

impl Answer {
    /// The text of the first element of that name.
    pub(crate) fn element(&self, name: &str) -> &str {
        let after = self.body.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name}: {self:?}")).1;
        after.split_once(&format!("</{name}>")).unwrap().0
    }

    /// Status, code and message of an error.
    pub(crate) fn error(&self) -> (u16, &str, &str) {
        (self.status, self.element("Code"), self.element("Message"))
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}
