//! AWS's own test vectors, and that nothing signed can be changed.

use std::path::Path;

use hyper::header::{HeaderName, HeaderValue};

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A signed request as the vectors spell it.
struct Vector {
    method: String,
    query: String,
    headers: HeaderMap,
    body: String,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (head, body) = text.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let mut words = lines.next().unwrap().split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Self {
            method: method.into(),
            query: target.split_once('?').map_or("", |(_, query)| query).into(),
            headers,
            body: body.trim_end_matches('\n').into(),
        }
    }

    fn verifies(&self, secret: &str) -> bool {
        let header = self.headers["authorization"].to_str().unwrap();
        let authorization = Authorization::parse(header, true).unwrap();
        let request = Signable {
            method: &self.method,
            path: "/",
            query: &self.query,
            headers: &self.headers,
            body: self.body.as_bytes(),
        };
        is_signed_by(secret, &string_to_sign(request, &authorization, "20150830T123600Z"), &authorization)
    }
}

fn vectors() -> Vec<(String, Vector)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sigv4/vectors");
    let mut vectors: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "http"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), Vector::read(&path)))
        .collect();
    vectors.sort_by(|(a, _), (b, _)| a.cmp(b));
    vectors
}

#[test]
fn the_vectors_of_aws_verify() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 21);
    for (name, vector) in vectors {
        assert!(vector.verifies(SECRET), "{name}");
    }
}

#[test]
fn whatever_is_signed_cannot_be_changed() {
    for (name, vector) in vectors() {
        assert!(!vector.verifies("another secret"), "{name}: secret");
        let changed = Vector { method: "PUT".into(), headers: vector.headers.clone(), ..Vector { ..vector } };
        assert!(!changed.verifies(SECRET), "{name}: method");
    }
    for (name, vector) in vectors() {
        assert!(!Vector { body: "x".into(), ..vector }.verifies(SECRET), "{name}: body");
    }
    for (name, vector) in vectors() {
        let query = format!("{}&x=y", vector.query);
        assert!(!Vector { query, ..vector }.verifies(SECRET), "{name}: query");
    }
    for (name, mut vector) in vectors() {
        vector.headers.append("host", HeaderValue::from_static("elsewhere"));
        assert!(!vector.verifies(SECRET), "{name}: header");
    }
}

#[test]
fn a_signature_that_is_no_hexadecimal_or_cut_short_does_not_verify() {
    let (_, vector) = vectors().swap_remove(3);
    let header = vector.headers["authorization"].to_str().unwrap().to_owned();
    for bad in [header.replace("Signature=", "Signature=zz"), header[..header.len() - 2].to_owned()] {
        let mut vector = Vector { headers: vector.headers.clone(), query: vector.query.clone(), ..Vector::empty() };
        vector.headers.insert("authorization", bad.parse().unwrap());
        assert!(!vector.verifies(SECRET), "{bad}");
    }
}

impl Vector {
    fn empty() -> Self {
        Self { method: "GET".into(), query: String::new(), headers: HeaderMap::new(), body: String::new() }
    }
}

#[test]
fn an_incomplete_header_is_described_in_the_words_of_aws() {
    let cases = [
        (
            "Bearer abc",
            true,
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Sig",
        ),
        ("", false, "Authorization header requires 'Credential' parameter. "),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00",
            false,
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
        ),
        (
            "AWS4-HMAC-SHA256 Credential= a/b/c/d/e, SignedHeaders=host, Signature=00",
            true,
            "'a/b/c/d/e' not a valid key=value pair (missing equal-sign) in Authorization header",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=00",
            true,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b/c/d'",
        ),
    ];
    for (header, has_date, message) in cases {
        let Incomplete(text) = Authorization::parse(header, has_date).unwrap_err();
        assert!(text.starts_with(message), "{header}: {text}");
    }
}

#[test]
fn the_commas_of_the_header_need_no_spaces() {
    let parsed = Authorization::parse("AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=h;i,Signature=00", true);
    let expected = Authorization {
        access_key_id: "a",
        date: "b",
        region: "c",
        service: "d",
        terminator: "e",
        signed_headers: "h;i",
        signature: "00",
    };
    assert_eq!(parsed, Ok(expected));
}
