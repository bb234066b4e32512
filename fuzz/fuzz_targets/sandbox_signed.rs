//! Whatever a caller with a good key asks of STS: his signature is never in doubt, and the answer is a document that can
//! be read. The input is the form.

#![no_main]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use libfuzzer_sys::fuzz_target;
use rolecall_fuzz::{NOW, assert_readable, exchange};
use rolecall_sandbox::Config;

const TYPE: &str = "application/x-www-form-urlencoded";

fuzz_target!(|form: &[u8]| {
    let request = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {TYPE}\r\n{}Connection: close\r\nContent-Length: {}\r\n\r\n",
        signature(form),
        form.len()
    );
    let answer = exchange(&[request.as_bytes(), form].concat());
    assert_readable(&answer);
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    for doubt in ["SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "InvalidClientTokenId"]
    {
        assert!(!answer.contains(&format!("<Code>{doubt}</Code>")), "{answer}");
    }
});

/// The headers that sign this form, by an implementation other than the sandbox's.
fn signature(form: &[u8]) -> String {
    let config = Config::default();
    let user = config.users().next().expect("the default world has a user");
    let identity = Credentials::from_keys(&user.access_key_id, &user.secret_access_key, None).into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("sts")
        .time(time())
        .settings(SigningSettings::default())
        .build()
        .expect("all is set");
    let headers = [("host", "localhost"), ("content-type", TYPE)];
    let body = SignableBody::Bytes(form);
    let request = SignableRequest::new("POST", "http://localhost/", headers.into_iter(), body).expect("a request");
    let (instructions, _) = sign(request, &params.into()).expect("a good key").into_parts();
    instructions.headers().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

fn time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}
