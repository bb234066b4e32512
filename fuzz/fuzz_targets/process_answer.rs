//! Whatever a `credential_process` prints: credentials come out only as they stand in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

#[path = "../../crates/aws/src/base/process/answer.rs"]
mod answer;

fuzz_target!(|text: &[u8]| {
    let Ok(credentials) = answer::parse(text) else { return };
    // What is in names that nobody reads, such as bytes that are no UTF-8, or numbers too large, stops us less than others.
    let Ok(document) = serde_json::from_str::<Value>(&String::from_utf8_lossy(text)) else { return };
    let said = |name: &str| document[name].as_str();
    assert_eq!(document["Version"], 1);
    assert_eq!(said("AccessKeyId"), Some(credentials.access_key_id()));
    assert_eq!(said("SecretAccessKey"), Some(credentials.secret_access_key()));
    assert_eq!(said("SessionToken").filter(|token| !token.is_empty()), credentials.session_token());
    assert_eq!(said("Expiration").is_some_and(|time| !time.is_empty()), credentials.expiry().is_some());
});
