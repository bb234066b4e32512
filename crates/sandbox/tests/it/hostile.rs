//! Requests that no honest client sends: each gets an answer, and the next one is served.

use crate::client::{FORM, ROLE, Signer, World, assume_role};

#[tokio::test]
async fn garbage_gets_an_answer_and_the_next_call_is_served() {
    let world = World::start().await;
    let host = "host: 127.0.0.1\r\nconnection: close\r\n";
    let form = format!("content-type: {FORM}\r\n");
    let long = "x".repeat(70_000);
    let many: String = (0..200).map(|n| format!("x-h{n}: 1\r\n")).collect();
    let signed = |form: &str| world.signed(&Signer::user(), form).into_bytes();
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), 400),
        ("huge header", format!("GET / HTTP/1.1\r\n{host}x: {long}\r\n\r\n").into(), 431),
        ("many headers", format!("GET / HTTP/1.1\r\n{host}{many}\r\n").into(), 431),
        ("huge target", format!("GET /?{long} HTTP/1.1\r\n{host}\r\n").into(), 431),
        ("huge body", format!("POST / HTTP/1.1\r\n{host}{form}content-length: 70000\r\n\r\n{long}").into(), 413),
        (
            "huge chunk",
            format!("POST / HTTP/1.1\r\n{host}{form}transfer-encoding: chunked\r\n\r\n11170\r\n{long}\r\n0\r\n\r\n")
                .into(),
            413,
        ),
        ("unknown path", world.signed_request("POST", "/other", &Signer::user(), &assume_role(ROLE)).into(), 404),
        ("path that begins as control's", format!("GET /_sandbox HTTP/1.1\r\n{host}\r\n").into(), 404),
        ("other method", world.signed_request("PUT", "/", &Signer::user(), &assume_role(ROLE)).into(), 404),
        ("JSON", signed("{}").replacen_bytes(FORM, "application/json"), 404),
        ("no content type", signed(&assume_role(ROLE)).replacen_bytes("content-type:", "x-content-type:"), 404),
        ("broken encoding", signed(&assume_role(ROLE).replace("%3A", "%3")), 404),
        ("bytes that are no text", signed("Action=%FF%FE&Version=2011-06-15"), 404),
        ("a parameter twice", signed(&format!("{}&RoleArn=x", assume_role(ROLE))), 404),
        (
            "a parameter in URL and body",
            world.signed_request("POST", "/?Action=AssumeRole", &Signer::user(), &assume_role(ROLE)).into(),
            404,
        ),
        ("markup", signed(&assume_role(ROLE).replace("me%40host", "%3C%2FMessage%3E%00%0D%1B%5D%5D%3E")), 400),
        ("empty parameters", signed("Action=AssumeRole&Version=2011-06-15&RoleArn=&RoleSessionName="), 400),
        ("a huge number", signed(&format!("{}&DurationSeconds=99999999999999999999", assume_role(ROLE))), 400),
        (
            "authorization that is no text",
            format!(
                "GET /?Action=GetCallerIdentity&Version=2011-06-15 HTTP/1.1\r\n{host}authorization: \u{e9}\r\n\r\n"
            )
            .into(),
            403,
        ),
    ];
    for (name, request, status) in cases {
        let answer = world.send(request).await.unwrap_or_else(|| panic!("{name}: no answer"));
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        assert_eq!(world.identity(&Signer::user()).await.status, 200, "after {name}");
    }
}

#[tokio::test]
async fn what_was_sent_cannot_break_the_xml_of_the_answer() {
    let world = World::start().await;
    let name = "%3C%2FMessage%3E%00%26";
    let answer = world.call(&Signer::user(), &assume_role(ROLE).replace("me%40host", name)).await;
    assert!(answer.body.contains("Value '&lt;/Message&gt;\u{fffd}&amp;' at 'roleSessionName'"), "{answer:?}");
}

trait ReplaceBytes {
    fn replacen_bytes(self, from: &str, to: &str) -> Vec<u8>;
}

impl ReplaceBytes for Vec<u8> {
    fn replacen_bytes(self, from: &str, to: &str) -> Vec<u8> {
        String::from_utf8(self).unwrap().replacen(from, to, 1).into_bytes()
    }
}
