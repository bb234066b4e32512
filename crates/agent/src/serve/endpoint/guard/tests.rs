//! Each refusal, by the smallest change to a request that is let in.

use hyper::Request;

use super::*;

const GOOD: [(&str, &str); 2] = [("host", "127.0.0.1:4000"), ("authorization", "token")];

fn admit(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<(String, String), Refusal> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let asked = Guard::of("127.0.0.1:4000".parse().unwrap()).admit(&parts)?;
    Ok((asked.name.into(), String::from_utf8(asked.token.into()).unwrap()))
}

fn with(header: (&'static str, &'static str)) -> Vec<(&'static str, &'static str)> {
    GOOD.into_iter().filter(|(name, _)| *name != header.0).chain([header]).collect()
}

#[test]
fn what_the_sdks_send_is_let_in() {
    for (header, token) in [
        (("authorization", "token"), "token"),
        (("authorization", " token\t"), "token"),
        (("host", "LOCALHOST:4000"), "token"),
        (("accept", "text/html, image/gif"), "token"),
        (("accept-encoding", "gzip"), "token"),
        (("user-agent", "anything"), "token"),
        (("amz-sdk-request", "attempt=1; max=3"), "token"),
    ] {
        let admitted = admit("GET", "/v1/credentials/a", &with(header));
        assert_eq!(admitted, Ok(("a".into(), token.into())), "{header:?}");
    }
    let whole = admit("GET", "http://127.0.0.1:4000/v1/credentials/a~00ab0001", &GOOD);
    assert_eq!(whole.unwrap().0, "a~00ab0001");
}

#[test]
fn another_host_is_refused() {
    for host in ["evil.example:4000", "127.0.0.1", "127.0.0.1:4001", "127.0.0.1:4000.evil.example", "", "[::1]:4000"] {
        assert_eq!(admit("GET", "/v1/credentials/a", &with(("host", host))), Err(Refusal::Host), "{host}");
    }
    assert_eq!(admit("GET", "/v1/credentials/a", &GOOD[1..]), Err(Refusal::Host));
    let twice = [&GOOD[..], &[("host", "127.0.0.1:4000")]].concat();
    assert_eq!(admit("GET", "/v1/credentials/a", &twice), Err(Refusal::Host));
    assert_eq!(admit("GET", "http://evil.example:4000/v1/credentials/a", &GOOD), Err(Refusal::Host));
    let v6 = Guard::of("[::1]:4000".parse().unwrap());
    assert!(v6.is_ours(b"[::1]:4000") && v6.is_ours(b"localhost:4000") && !v6.is_ours(b"127.0.0.1:4000"));
}

#[test]
fn pages_and_proxies_are_refused() {
    for name in [
        "origin",
        "referer",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-dest",
        "sec-fetch-user",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "via",
        "sec-ch-ua",
        "x-forwarded",
        "x-real-ip",
        "proxy-connection",
    ] {
        for value in ["", "null", "http://127.0.0.1:4000"] {
            assert_eq!(admit("GET", "/v1/credentials/a", &with((name, value))), Err(Refusal::Foreign), "{name}");
        }
    }
}

#[test]
fn everything_but_a_get_of_credentials_is_refused() {
    for method in ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "BREW"] {
        assert_eq!(admit(method, "/v1/credentials/a", &GOOD), Err(Refusal::Method), "{method}");
    }
    for path in
        ["/", "/v1", "/v1/credentials", "/v1/credentials/", "/v1/status", "/v2/credentials/a", "//v1/credentials/a"]
    {
        assert_eq!(admit("GET", path, &GOOD), Err(Refusal::Path), "{path}");
    }
    for query in ["?", "?form=process", "?a=b"] {
        assert_eq!(admit("GET", &format!("/v1/credentials/a{query}"), &GOOD), Err(Refusal::Query), "{query}");
    }
}

#[test]
fn a_token_must_be_shown_once() {
    assert_eq!(admit("GET", "/v1/credentials/a", &GOOD[..1]), Err(Refusal::NoToken));
    let twice = [&GOOD[..], &[("authorization", "token")]].concat();
    assert_eq!(admit("GET", "/v1/credentials/a", &twice), Err(Refusal::WrongToken));
}

#[test]
fn the_reasons_come_in_order() {
    let all = [("origin", "x")];
    assert_eq!(admit("POST", "/", &all), Err(Refusal::Host));
    assert_eq!(admit("POST", "/", &[GOOD[0], ("origin", "x")]), Err(Refusal::Foreign));
    assert_eq!(admit("POST", "/", &GOOD[..1]), Err(Refusal::Method));
    assert_eq!(admit("GET", "/", &GOOD[..1]), Err(Refusal::Path));
}
