//! A server in the place of AWS, or on the way to it: says what it is told to, or passes everything on to a sandbox.
//!
//! Its threads end with the tests. It listens on loopback only.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What it does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers with this status and body.
    Say(u16, String),
    /// Reads it and says nothing, ever.
    Silence,
    /// Passes it on to this address and brings the answer back.
    PassOn(SocketAddr),
}

/// A server under way.
pub(crate) struct Server {
    address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    seen: Arc<Mutex<Vec<String>>>,
}

/// A certificate authority of a test's own, and the server certificate that it made.
pub(crate) struct Authority {
    /// Its own certificate, for `AWS_CA_BUNDLE`.
    pub(crate) pem: String,
    tls: Arc<ServerConfig>,
}

impl Authority {
    /// One of this name that vouches for a server.
    pub(crate) fn of(own: &str, server: &str) -> Self {
        let mut params = CertificateParams::default();
        // Two of the same name would be taken for one with a forged signature.
        params.distinguished_name.push(DnType::CommonName, own);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([server.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        Self { pem: authority.pem(), tls: Arc::new(tls) }
    }
}

impl Server {
    /// One without TLS; also a proxy.
    pub(crate) fn start(answer: Answer) -> Self {
        Self::with(answer, None, false)
    }

    /// One with TLS.
    pub(crate) fn start_tls(answer: Answer, authority: &Authority) -> Self {
        Self::with(answer, Some(Arc::clone(&authority.tls)), true)
    }

    /// A proxy that, asked for a tunnel, is the other end of it itself.
    pub(crate) fn start_tunnel(answer: Answer, authority: &Authority) -> Self {
        Self::with(answer, Some(Arc::clone(&authority.tls)), false)
    }

    fn with(answer: Answer, tls: Option<Arc<ServerConfig>>, from_the_start: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, answer: Arc::new(Mutex::new(answer)), seen: Arc::default() };
        let (answer, seen) = (Arc::clone(&server.answer), Arc::clone(&server.seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, seen, tls) = (answer.lock().unwrap().clone(), Arc::clone(&seen), tls.clone());
                // A client that goes away is none of a server's business.
                thread::spawn(move || match tls {
                    Some(tls) if from_the_start => serve(encrypted(stream, tls), &answer, &seen).ok(),
                    tls => serve_plain(stream, tls, &answer, &seen).ok(),
                });
            }
        });
        server
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers so from the next request on.
    pub(crate) fn change(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// The first line of every request, from old to new.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

fn encrypted(stream: TcpStream, tls: Arc<ServerConfig>) -> Tls {
    StreamOwned::new(ServerConnection::new(tls).unwrap(), stream)
}

fn serve_plain(
    mut stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    answer: &Answer,
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut start = [0; 8];
    let is_tunnel = stream.peek(&mut start)? == start.len() && start.starts_with(b"CONNECT ");
    let Some(tls) = tls.filter(|_| is_tunnel && matches!(answer, Answer::PassOn(_))) else {
        return serve(stream, answer, seen);
    };
    let request = read_request(&mut stream)?;
    note(&request, seen);
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    serve(encrypted(stream, tls), answer, seen)
}

fn serve(mut stream: impl Read + Write, answer: &Answer, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let request = read_request(&mut stream)?;
    note(&request, seen);
    match answer {
        Answer::Say(status, body) => {
            let length = body.len();
            write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")?;
        }
        Answer::Silence => loop {
            thread::park();
        },
        Answer::PassOn(to) => {
            let mut onward = TcpStream::connect(to)?;
            // So that the end of the answer is the end of the connection.
            let (first_line, rest) = request.split_once("\r\n").unwrap();
            write!(onward, "{first_line}\r\nConnection: close\r\n{rest}")?;
            let mut answer = Vec::new();
            onward.read_to_end(&mut answer)?;
            stream.write_all(&answer)?;
        }
    }
    stream.flush()
}

fn note(request: &str, seen: &Mutex<Vec<String>>) {
    seen.lock().unwrap().push(request.lines().next().unwrap_or_default().to_owned());
}

/// One request, head and body.
fn read_request(stream: &mut impl Read) -> std::io::Result<String> {
    let mut reader = BufReader::with_capacity(1, stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let before = request.len();
        reader.read_line(&mut request)?;
        let line = request[before..].to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(request + &String::from_utf8_lossy(&body))
}
