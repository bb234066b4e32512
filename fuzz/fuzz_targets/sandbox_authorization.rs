//! An `Authorization` header: what is taken apart stands in it, and without a date nothing is taken.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/sandbox/src/sigv4/authorization.rs"]
mod authorization;

use authorization::{ALGORITHM, Authorization};

fuzz_target!(|header: &str| {
    assert!(Authorization::parse(header, false).is_err());
    let Ok(found) = Authorization::parse(header, true) else { return };
    let Authorization { access_key_id, date, region, service, terminator, signed_headers, signature } = found;
    assert!(header.starts_with(ALGORITHM));
    let credential = format!("Credential={access_key_id}/{date}/{region}/{service}/{terminator}");
    for part in [credential, format!("SignedHeaders={signed_headers}"), format!("Signature={signature}")] {
        assert!(header.contains(&part), "{part} is not in {header}");
    }
});
